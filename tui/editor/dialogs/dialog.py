"""What all dialogs have in common: a frame with a title, hints that can be clicked, and Escape that leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Click, MouseDown
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button

from latentgraph.tui.editor.dialogs.once import AnswersOnce, T

__all__ = ["Dialog", "Frame", "Hint", "T", "hint_text"]

Hint = tuple[str, str, str]
"""A key as it is shown, what it does in a word, and the action, which a click does too; empty where there is none."""
ROOMY = 64
"""Columns from which a dialog stands in a frame of its own width; below it fills the screen."""
MIDDLING, TALL = 18, 32
"""Rows from which there is room for more than what is asked, and for empty lines between."""


class Frame(Vertical):
    """The box that a dialog stands in."""


class Dialog(ModalScreen[T], AnswersOnce[T]):
    """Asks one thing and gives one answer; Escape, or a click beside it, gives None.

    The modal screen comes first among the bases, for Textual takes styles from the first alone: those let one see what
    lies below.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "leave", "Leave"), ("space", "press", "Press")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (ROOMY, "-roomy")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (MIDDLING, "-middling"), (TALL, "-tall")]  # noqa: RUF012
    HEADING: ClassVar[str] = ""
    HINTS: ClassVar[Sequence[Hint]] = ()

    def __init__(self, title: str = "") -> None:
        super().__init__()
        self.heading = title or self.HEADING

    def compose(self) -> ComposeResult:
        """Put the contents into the frame."""
        frame = Frame()
        frame.border_title = Content(self.heading)
        with frame:
            yield from self.contents()

    def contents(self) -> Iterable[Widget]:
        """What stands in the frame."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Show what the keys do."""
        self.show_hints()

    def hints(self) -> Sequence[Hint]:
        """What the keys do now."""
        return self.HINTS

    def show_hints(self) -> None:
        """Say at the foot of the frame what the keys do; a click on one does it."""
        if not self.is_attached:
            return
        frame = self.query_one(Frame)
        hints = [*self.hints(), ("esc", "leave", "leave")]
        while len(hints) > 1 and hint_text(hints).cell_length > frame.outer_size.width - 6 > 0:
            # What everybody knows goes first: keys that only move a cursor.
            hints.remove(next((hint for hint in hints if not hint[2]), hints[0]))
        frame.border_subtitle = hint_text(hints)

    def on_resize(self) -> None:
        """Show as many of the keys as there is room for."""
        self.call_after_refresh(self.show_hints)

    def action_leave(self) -> None:
        """Go without an answer."""
        self.dismiss(None)

    def action_press(self) -> None:
        """Press the button that has the focus."""
        if isinstance(self.focused, Button):
            self.focused.press()

    _pressed_beside = False

    def on_mouse_down(self, event: MouseDown) -> None:
        """See what the button goes down on: when it comes up, a list may have closed that was there."""
        self._pressed_beside = self.get_widget_at(event.screen_x, event.screen_y)[0] is self

    def on_click(self, event: Click) -> None:
        """Leave by a click beside the frame."""
        if self._pressed_beside:
            self.action_leave()


def hint_text(hints: Sequence[Hint]) -> Content:
    """Keys and what they do, in a line; a click on one does it."""
    parts: list[Content] = []
    for key, word, action in hints:
        part = Content.assemble((key, "bold $accent"), f" {word}")
        if action:
            part = part.stylize(_clickable(action))
        parts.append(part)
    return Content("  ").join(parts)


def _clickable(action: str) -> str:
    return f"@click=screen.{action}"
