"""What the engine's process says reaches the screen, whenever it comes."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

from tests.tui.conftest import SLOW, write
from tests.tui.editor.desk import editing

from latentgraph.graph.process import EngineLog


async def test_what_comes_just_as_the_screen_has_taken_all_is_heard_too(tmp_path: Path) -> None:
    async with editing(write(tmp_path / "slow.json", SLOW), out=tmp_path) as desk:
        screen = desk.screen

        class TakenMeanwhile(deque[Any]):
            def append(self, one: Any) -> None:
                screen.hear()
                super().append(one)

        screen._receive(EngineLog("output", "early"))
        screen.heard = TakenMeanwhile(screen.heard)
        screen._receive(EngineLog("output", "late"))
        await desk.until(lambda: [*screen.sidebar.log.lines][-2:] == ["early", "late"], seconds=10)
