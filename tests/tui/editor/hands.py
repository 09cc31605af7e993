"""A user of the editor in tests: reads the screen, presses keys, and takes the mouse to what stands somewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from textual import events
from textual.geometry import Offset
from textual.keys import _character_to_key
from textual.pilot import Pilot

from latentgraph.graph.boxes import End
from latentgraph.graph.registry import Registry
from latentgraph.tui.editor.app import EditorApp
from latentgraph.tui.editor.canvas.hints import Choice
from latentgraph.tui.editor.canvas.widget import GraphCanvas
from latentgraph.tui.editor.dialogs.add_node import AddNode
from latentgraph.tui.editor.main_screen import MainScreen
from latentgraph.tui.editor.opening import Opened, empty_document, open_argument
from latentgraph.tui.editor.request import EditRequest
from latentgraph.tui.editor.views import Side

WAIT_SECONDS = 300.0
"""A run's patience: the engine's process imports torch first, on a machine that does other things too."""


class Hands:
    """What a user has: eyes, a keyboard and a mouse."""

    def __init__(self, app: EditorApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    # --- looking

    @property
    def main(self) -> MainScreen:
        return self.app.main_screen

    @property
    def canvas(self) -> GraphCanvas:
        return self.main.canvas

    @property
    def data(self) -> dict[str, Any]:
        """The workflow as its file would have it."""
        return self.main.places[0].session.history.data

    @property
    def lines(self) -> list[str]:
        """The screen, line by line."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def said(self) -> list[str]:
        """Every sentence that popped up."""
        return [one.message for one in self.app._notifications]

    def sees(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def spot(self, text: str, *, last: bool = False) -> Offset:
        """Where a text stands on the screen."""
        found = [
            Offset(cell_len(line[: line.index(text)]) + cell_len(text) // 2, y)
            for y, line in enumerate(self.lines)
            if text in line
        ]
        assert found, f"{text!r} is not on the screen:\n" + "\n".join(self.lines)
        return found[-1 if last else 0]

    async def until(self, condition: Callable[[], object], what: str, seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError("\n".join([f"waited in vain for {what}; said {self.said}:", *self.lines]))
            await asyncio.sleep(0.01)
            await self.pilot.pause()

    async def settle(self) -> None:
        """Wait until the form shows the current box and the check is of what is shown."""
        await self.pilot.pause()
        await self.until(lambda: self.main.places, "the workflow")
        session = self.main.session
        await self.until(lambda: self.main.sidebar.inspector.settled, "the form")
        await self.until(lambda: session.checked is session.workflow, "the check")

    # --- keys

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type without a look at the screen, as somebody who knows what to write."""
        for character in text:
            self.app.post_message(events.Key(_character_to_key(character), character))
        await self.pilot.pause()

    async def add(self, node: str) -> None:
        """Add a node by the dialog: type its name, see that the cursor is on it, take it."""
        await self.press("a")
        await self.choose_type(node)
        await self.press("enter")
        await self.until(lambda: self.app.screen is self.main, "the dialog to close")
        await self.settle()

    async def choose_type(self, node: str) -> None:
        await self.until(lambda: isinstance(self.app.screen, AddNode), "the dialog of nodes")
        dialog = self.app.screen
        assert isinstance(dialog, AddNode)
        await self.type(node)
        assert dialog.highlighted is not None, self.lines
        assert dialog.highlighted.id == node

    async def go_to(self, key: str) -> None:
        """Go to a box by its letter."""
        await self.press("f")
        await self.type_label(Choice(key))
        assert self.canvas.cursor == key
        await self.settle()

    async def write(self, port: str, text: str) -> None:
        """Write into a field of the current box, and come back to the canvas."""
        await self.press("enter")
        form = self.main.sidebar.inspector
        await self.until(lambda: form.has_focus_within, "the form to have the focus")
        row = form._form.row(port)
        assert row is not None, f"the form has no field {port}"
        for _ in form._form.rows:
            if row.has_focus_within:
                break
            await self.press("tab")
        assert row.has_focus_within
        await self.type(text)
        await self.press("escape")
        assert self.canvas.has_focus
        await self.settle()

    async def link(self, source: End, target: End) -> None:
        """Link two ports by the letters that stand at them."""
        await self.press("c")
        await self.type_label(Choice(source[0], source, "output"))
        await self.type_label(Choice(target[0], target, "input"))
        assert not self.canvas.mode
        await self.settle()

    async def type_label(self, choice: Choice) -> None:
        """Type the letters at a box or port, which have to be on the screen."""
        canvas = self.canvas
        hints, sheet = canvas._hints, canvas.sheet
        assert hints is not None, f"no letters are shown; said {self.said}"
        assert sheet is not None
        assert choice in hints.labels, f"{choice} is not offered: {list(hints.labels)}"
        letters = hints.labels[choice]
        if not self._is_seen(letters):
            await self.press("full_stop")
        for _ in hints.choices:
            if self._is_seen(letters):
                break
            await self.press("tab")
        assert self._is_seen(letters), f"the label of {choice} is out of view"
        await self.type(letters)

    def _is_seen(self, letters: str) -> bool:
        """Whether a label stands on the screen."""
        canvas = self.canvas
        hints, sheet = canvas._hints, canvas.sheet
        assert hints is not None
        assert sheet is not None
        label = next(one for one in hints.placed(sheet) if one.text.split(" ")[0] == letters)
        x, y = label.x - canvas.left + canvas.region.x, label.y - canvas.top + canvas.region.y
        return canvas.view.holds(label.x, label.y) and self.lines[y][x : x + len(letters)] == letters

    # --- the mouse

    async def click(self, text: str, *, last: bool = False, button: int = 1) -> None:
        """Click on what stands on the screen, or comes there."""
        await self.until(lambda: self.sees(text), f"{text!r} on the screen")
        await self.click_at(self.spot(text, last=last), button=button)

    async def click_at(self, at: Offset, *, button: int = 1, times: int = 1) -> None:
        if times == 2:
            await self.pilot.double_click(offset=at)
        else:
            await self.pilot.click(offset=at, button=button)
        await self.pilot.pause()

    async def drag(self, start: Offset, end: Offset) -> None:
        """Press, move in some steps, let go."""
        await self.pilot.mouse_down(offset=start)
        for step in (1, 2, 3):
            await self.pilot.hover(
                offset=Offset(start.x + (end.x - start.x) * step // 3, start.y + (end.y - start.y) * step // 3)
            )
        await self.pilot.mouse_up(offset=end)
        await self.pilot.pause()

    async def wheel(self, steps: int, at: Offset, *, control: bool = False, shift: bool = False) -> None:
        """Turn the wheel: down where steps are positive."""
        kind = events.MouseScrollDown if steps > 0 else events.MouseScrollUp
        for _ in range(abs(steps)):
            await self.pilot._post_mouse_events([kind], offset=at, control=control, shift=shift)
        await self.pilot.pause()

    def port(self, end: End, side: Side) -> Offset:
        """Where a port stands on the screen."""
        sheet, canvas = self.canvas.sheet, self.canvas
        place = sheet.anchor(end, side) if sheet else None
        assert place is not None, f"there is no box {end[0]}"
        assert canvas.view.holds(*place), f"{end} is out of view"
        assert sheet is not None
        assert sheet.shows(end, side), f"{end} is not shown"
        return Offset(place[0] - canvas.left + canvas.region.x, place[1] - canvas.top + canvas.region.y)


def open_empty() -> Opened:
    """What the editor shows to someone who begins with nothing."""
    return Opened(empty_document())


@asynccontextmanager
async def editor(
    opened: Opened | str | None,
    *,
    out: Path,
    size: tuple[int, int] = (160, 45),
    node_files: tuple[Path, ...] = (),
) -> AsyncIterator[Hands]:
    """An editor on a workflow, without its network of threads and processes when it ends."""
    registry = Registry.load(node_files)
    if isinstance(opened, str):
        opened = open_argument(opened, registry)
    app = EditorApp(registry, opened, EditRequest(None, out=out, node_files=node_files), images="blocks")
    app.animation_level = "none"
    async with app.run_test(size=size) as pilot:
        hands = Hands(app, pilot)
        await hands.settle()
        yield hands
