"""The lowest line: the keys that do something now, each to be clicked, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.widgets import Footer

from latentgraph.tui.editor.keys import KEYS, keys_of

if TYPE_CHECKING:
    from latentgraph.tui.editor.base_screen import BaseScreen

_OF_CANVAS = frozenset(key.action for key in keys_of("canvas"))
_LISTED = tuple(key.action for key in KEYS if key.footer)


class KeyLine(Footer):
    """The keys of what has the focus, but for those that would only say that they do nothing here.

    Their keys stay bound: whoever presses one is told why it does nothing.
    """

    def __init__(self, main: BaseScreen) -> None:
        """Make the line of the main screen."""
        super().__init__(compact=True)
        self._main = main
        self._shown: frozenset[str] = frozenset()

    def compose(self) -> ComposeResult:
        """The keys that are of use."""
        self._shown = self._of_use()
        for widget in super().compose():
            action = getattr(widget, "action", None)
            if action is None or action not in _LISTED or action in self._shown:
                yield widget

    def look(self) -> None:
        """Draw the line anew, if other keys are of use now."""
        if self.is_mounted and self._of_use() != self._shown:
            self.refresh(recompose=True)

    def _of_use(self) -> frozenset[str]:
        return frozenset(action for action in _LISTED if is_of_use(self._main, action))


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
