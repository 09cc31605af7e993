"""What comes faster than the screen can follow, as held keys do, is done once and crashes nothing."""

from __future__ import annotations

from pathlib import Path

from tests.tui.conftest import BREAD, TOYS, write
from tests.tui.editor.desk import Desk, editing
from textual import events
from textual.command import CommandList, CommandPalette


def hurry(desk: Desk, *keys: str) -> None:
    """Press keys without waiting for what they do."""
    for key in keys:
        desk.app.post_message(events.Key(key, None))


async def test_a_command_is_done_once_however_often_enter_comes(tmp_path: Path) -> None:
    async with editing(write(tmp_path / "bread.json", BREAD), out=tmp_path, files=(TOYS,)) as desk:
        desk.screen.canvas.go_to("mix")
        await desk.press("ctrl+p")
        await desk.until(lambda: isinstance(desk.app.screen, CommandPalette))
        await desk.press(*"duplicate")
        await desk.until(lambda: desk.app.screen.query_one(CommandList).option_count == 1)
        hurry(desk, "enter", "enter", "enter", "enter")
        await desk.until(lambda: len(desk.session.workflow.nodes) > 3)
        await desk.pilot.pause(0.3)
        assert desk.app.screen_stack[1:] == [desk.screen]
        assert len(desk.session.workflow.nodes) == 4
