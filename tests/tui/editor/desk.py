"""The real editor in a test: opened on a file, with hands on its keys, and eyes on what has become of the workflow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.tui.conftest import PAINTS
from textual.pilot import Pilot

from latentgraph.graph.registry import Registry
from latentgraph.tui.editor.app import EditorApp
from latentgraph.tui.editor.main_screen import MainScreen
from latentgraph.tui.editor.opening import open_argument
from latentgraph.tui.editor.request import EditRequest
from latentgraph.tui.editor.session import Session

PATIENCE = 60.0
"""Seconds: a machine that does other things takes its time to start a process."""


@dataclass(frozen=True)
class Desk:
    """An editor that somebody sits at."""

    app: EditorApp
    pilot: Pilot[Any]

    @property
    def screen(self) -> MainScreen:
        """The main screen, whatever dialog lies over it."""
        return self.app.main_screen

    @property
    def session(self) -> Session:
        """The workflow that was opened."""
        return self.screen.places[0].session

    @property
    def told(self) -> list[str]:
        """The sentences that are shown at the edge of the screen."""
        return [one.message for one in self.app._notifications]

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        await self.pilot.press(*keys)

    async def until(self, true: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Wait for something that comes by itself."""
        deadline = time.monotonic() + seconds
        while not true():
            assert self.app._exception is None, self.app._exception
            assert time.monotonic() < deadline, f"it did not come about; told was {self.told}"
            await asyncio.sleep(0.02)


@cache
def nodes(*files: str) -> Registry:
    """The nodes of the installed packages and of some files; loaded once for all tests."""
    return Registry.load([Path(file) for file in files])


@asynccontextmanager
async def editing(
    argument: str | Path | None, *, out: Path, size: tuple[int, int] = (160, 45), files: tuple[str, ...] = (PAINTS,)
) -> AsyncIterator[Desk]:
    """Open the editor and leave it, without its questions, when the test is done.

    Args:
        argument: As on the command line.
        out: Folder for what runs make.
        size: Of the terminal.
        files: Of nodes.
    """
    registry = nodes(*files)
    opened = None if argument is None else open_argument(str(argument), registry)
    request = EditRequest(None, out=out, node_files=[Path(file) for file in files])
    app = EditorApp(registry, opened, request, images="blocks")
    app.animation_level = "none"
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Desk(app, pilot)
