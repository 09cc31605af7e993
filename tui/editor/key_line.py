"""The lowest line: the keys that do something now, each to be clicked, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import Footer

from latentgraph.tui.editor.keys import KEYS, keys_of

if TYPE_CHECKING:
    from latentgraph.tui.editor.base_screen import BaseScreen

_OF_CANVAS = frozenset(key.action for key in keys_of("canvas"))
_LISTED = tuple(key.action for key in KEYS if key.footer)
FIRST_TO_GO = ("screen.run_until", "screen.delete", "jump", "save", "screen.leave_body", "screen.connect", "open_box")
"""What is left out where there is no room for all, in this order."""


class KeyLine(Footer):
    """The keys of what has the focus, but for those that would only say that they do nothing here.

    Their keys stay bound: whoever presses one is told why it does nothing.
    """

    def __init__(self, main: BaseScreen) -> None:
        """Make the line of the main screen."""
        super().__init__(compact=True)
        self._main = main
        self._shown: frozenset[str] = frozenset()
        self._room = 0

    def compose(self) -> ComposeResult:
        """The keys that are of use, as many as there is room for."""
        self._shown, self._room = self._of_use(), self.app.size.width
        keys = [key for key in super().compose() if _action(key) not in _LISTED or _action(key) in self._shown]
        for action in FIRST_TO_GO:
            if sum(map(_cells, keys)) > self._room:
                keys = [key for key in keys if _action(key) != action]
        yield from keys

    def on_resize(self, event: Resize) -> None:
        """Show as many as there is room for now."""
        if self.app.size.width != self._room:
            self.refresh(recompose=True)

    def look(self) -> None:
        """Draw the line anew, if other keys are of use now."""
        if self.is_mounted and self._of_use() != self._shown:
            self.refresh(recompose=True)

    def _of_use(self) -> frozenset[str]:
        return frozenset(action for action in _LISTED if is_of_use(self._main, action))


def _action(key: Widget) -> str:
    action: str = getattr(key, "action", "")
    return action


def _cells(key: Widget) -> int:
    """How wide a key is, with its word and the gap behind it."""
    return cell_len(f"{getattr(key, 'key_display', '')} {getattr(key, 'description', '')} ")


def is_of_use(main: BaseScreen, action: str) -> bool:
    """Whether an action, as it is bound, would do something now."""
    canvas = main.canvas
    if canvas.mode and action in _OF_CANVAS:
        return False  # the labels take the keys, and the canvas says so
    box = canvas.scene.boxes.get(canvas.cursor or "")
    is_node = box is not None and box.role not in ("source", "sink")
    match action.removeprefix("screen."):
        case "open_body":
            return box is not None and box.role in ("loop", "workflow")
        case "leave_body":
            return len(main.places) > 1
        case "delete":
            return is_node
        case "run_until":
            return is_node and not main.scope
        case "jump" | "connect":
            return bool(canvas.scene.boxes)
        case "cancel_run":
            return main.runs.current is not None
    return True
