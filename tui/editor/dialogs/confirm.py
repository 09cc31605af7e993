"""A question with a few answers, each a button and a letter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.widget import Widget
from textual.widgets import Button, Static

from latentgraph.tui.editor.dialogs.dialog import Dialog, Frame

Tone = Literal["default", "primary", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer."""

    id: str
    label: str
    tone: Tone = "default"
    """`error` for what throws something away."""
    letter: str = ""
    """The key that gives this answer at once; the first letter of the label where empty."""

    @property
    def key(self) -> str:
        """The key that gives this answer at once."""
        return (self.letter or self.label[:1]).lower()


class Confirm(Dialog[str | None]):
    """Asks a question; gives the id of the answer, or None.

    The first answer has the focus, so it should be the one that loses nothing.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("left,up", "app.focus_previous", "Previous"),
        ("right,down", "app.focus_next", "Next"),
    ]
    HINTS = (("←→", "choose", ""),)

    def __init__(self, question: str, choices: Sequence[Choice], detail: str = "", title: str = "") -> None:
        super().__init__(title or "Please decide")
        self._question = question
        self._detail = detail
        self._choices = tuple(choices)

    def contents(self) -> Iterable[Widget]:
        """The question, and a button for each answer."""
        yield self._text()
        buttons = (Button(_label(choice), choice.tone, id=choice.id, compact=True) for choice in self._choices)
        yield Horizontal(*buttons, classes="buttons")

    def _text(self) -> Widget:
        parts = [Static(Content(self._question), classes="question")]
        if self._detail:
            parts.append(Static(Content(self._detail), classes="detail"))
        return VerticalScroll(*parts, classes="text", can_focus=False)

    def on_mount(self) -> None:
        """Give the first answer the focus."""
        self.query(Button).first().focus()

    def on_resize(self) -> None:
        """Put the buttons below each other where they do not fit beside each other."""
        width = sum(len(choice.label) + 3 for choice in self._choices)
        self.query_one(".buttons").set_class(width > self.query_one(Frame).content_size.width, "-stacked")

    def on_key(self, event: Key) -> None:
        """Answer by a letter."""
        for choice in self._choices:
            if event.character is not None and event.character.lower() == choice.key:
                event.stop()
                self.dismiss(choice.id)
                return

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id)


def _label(choice: Choice) -> Content:
    """The label with its letter underlined."""
    at = choice.label.lower().find(choice.key)
    label = Content(f" {choice.label} ")
    return label.stylize("underline", at + 1, at + 2) if at >= 0 else label
