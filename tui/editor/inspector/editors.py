"""What a value is edited with. Each editor has a `text`, whatever it looks like, and tells nothing but that it changed.

What an editor shows is asked for and never taken from its messages: these may be late, and of a text that is gone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar, Final, Protocol

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, Select, Static, TextArea

from latentgraph.graph.types import ValueFaultError
from latentgraph.graph.words import shown
from latentgraph.tui.editor.inspector.bounds import bounds_of
from latentgraph.tui.editor.inspector.subject import ABSENT, FieldSpec
from latentgraph.tui.editor.inspector.texts import plain, when_unset
from latentgraph.tui.editor.inspector.writing import (
    AREAS,
    NUMBERS,
    Kind,
    choices_of,
    text_of,
    value_of,
    without_controls,
)

EDITOR: Final = "field--editor"
"""The class of what stands beside, or under, a field's name."""
_WHOLE: Final = r"[+-]?[0-9]*"
_ANY_NUMBER: Final = r"[+-]?[0-9]*\.?[0-9]*([eE][+-]?[0-9]*)?"


class Editor(Protocol):
    """What a field's row asks of the widget that it holds."""

    @property
    def text(self) -> str:
        """What it says now."""

    def show(self, spec: FieldSpec, text: str) -> None:
        """Show another text, without telling so."""


class Line(Input):
    """A line of text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "app.focus_previous", "Field above", show=False),
        Binding("down", "app.focus_next", "Field below", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(classes=EDITOR)

    @property
    def text(self) -> str:
        """What it says now."""
        return str(self.value)

    def show(self, spec: FieldSpec, text: str) -> None:
        """Show another text, without telling so."""
        self.placeholder = when_unset(spec)
        if text != self.value:
            with self.prevent(Input.Changed):
                self.value = text
                self.cursor_position = len(text)

    def _on_paste(self, event: events.Paste) -> None:
        # A line has no second one: several are joined rather than lost.
        event.prevent_default()
        event.stop()
        self.replace(" ".join(without_controls(event.text).split("\n")).strip(), *self.selection)

    def restricted(self) -> None:
        """A key that writes nothing is no reason to ring."""


class NumberLine(Line):
    """A number: letters are refused, the arrows step it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(1)", "One step up", show=False),
        Binding("down", "step(-1)", "One step down", show=False),
        Binding("pageup", "step(10)", "Ten steps up", show=False),
        Binding("pagedown", "step(-10)", "Ten steps down", show=False),
    ]

    def show(self, spec: FieldSpec, text: str) -> None:
        """Show another number, or whatever else the file has there."""
        self._spec = spec
        pattern = _ANY_NUMBER if float in spec.type.members else _WHOLE
        super().show(spec, text)
        self.restrict = pattern if not any(one not in "+-0123456789.eE" for one in text) else None

    def action_step(self, steps: int) -> None:
        """Go some steps up or down from what stands here, or from the default."""
        kind: Kind = "number" if float in self._spec.type.members else "integer"
        try:
            value = value_of(self._spec, kind, self.value)
        except ValueFaultError:
            value = _number_in(self.value)
        if value is ABSENT or value is None:
            value = self._spec.default
        bounds = bounds_of(self._spec.type)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            value, steps = 0, 0
        stepped = bounds.stepped(value, steps, whole=kind == "integer")
        self.value = json.dumps(stepped)
        self.selection = type(self.selection)(0, len(self.value))


class Area(TextArea):
    """Some lines of text, or of JSON."""

    def __init__(self) -> None:
        super().__init__(classes=EDITOR, highlight_cursor_line=False, tab_behavior="focus")
        self.match_cursor_bracket = False

    def show(self, spec: FieldSpec, text: str) -> None:
        """Show another text, without telling so."""
        self.placeholder = when_unset(spec)
        if text != self.text:
            with self.prevent(TextArea.Changed):
                self.load_text(text)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Some rows; blank while it has no style yet, as behind a dialog that opened in the same moment."""
        if not self._component_styles:
            return [Strip.blank(crop.width)] * crop.height
        return super().render_lines(crop)

    def on_focus(self) -> None:
        """Go on at the end of the text, of which the start is shown until then."""
        if self.cursor_location == (0, 0):
            self.move_cursor(self.document.end)

    async def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        if done := self._replace_via_keyboard(without_controls(event.text), *self.selection):
            self.move_cursor(done.end_location)


class Choice(Select[str]):
    """One of some values, or none where there is a default."""

    def __init__(self, spec: FieldSpec, text: str) -> None:
        self._offered = _offered(spec, text)
        super().__init__(
            self._offered,
            prompt=when_unset(spec) or "choose",
            value=text or Select.NULL,
            compact=True,
            allow_blank=True,
            classes=EDITOR,
        )

    @property
    def text(self) -> str:
        """The JSON of the value chosen; nothing where none is."""
        return "" if self.is_blank() else str(self.value)

    def show(self, spec: FieldSpec, text: str) -> None:
        """Show another choice, without telling so."""
        self.prompt = when_unset(spec) or "choose"
        offered = _offered(spec, text)
        if text == self.text and offered == self._offered:
            return
        with self.prevent(Select.Changed):
            if offered != self._offered:
                self._offered = offered
                self.set_options(offered)
            self.value = text or Select.NULL


def _offered(spec: FieldSpec, text: str) -> list[tuple[str, str]]:
    offered = [(plain(choice if isinstance(choice, str) else shown(choice)), text_of("choice", choice))
               for choice in choices_of(spec)]  # fmt: skip
    if text and text not in [one for _, one in offered]:
        # The file may say what the type does not take; choosing something else is how it is mended.
        offered.append((f"{_as_chosen(text)} (no choice)", text))
    return offered


def _as_chosen(text: str) -> str:
    value = _json_in(text)
    return plain(value if isinstance(value, str) else text)


class Tick(Static, can_focus=True):
    """True or false."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter,left,right", "switch", "Switch", show=False),
        Binding("up", "app.focus_previous", "Field above", show=False),
        Binding("down", "app.focus_next", "Field below", show=False),
    ]

    class Changed(Message):
        """It says the other now."""

    def __init__(self) -> None:
        super().__init__(markup=False, classes=EDITOR)
        self.text = ""

    def show(self, spec: FieldSpec, text: str) -> None:
        """Show what the field says now, or the default where it says nothing."""
        self.text, self._spec = text, spec
        value = self._value()
        mark = "[x]" if value is True else "[ ]" if value is False else "[?]"
        told = when_unset(spec) if not text else plain(text)
        self.set_class(not text, "-unset")
        self.update(Content(f"{mark} {told}"))

    def _value(self) -> Any:
        return {"true": True, "false": False, "": self._spec.default}.get(self.text)

    def action_switch(self) -> None:
        """Say the other."""
        self.show(self._spec, "false" if self._value() is True else "true")
        self.post_message(self.Changed())

    def on_click(self) -> None:
        """As by key."""
        self.action_switch()


def editor_for(spec: FieldSpec, kind: Kind, text: str) -> Widget:
    """The editor of a kind of field, an `Editor`."""
    if kind == "choice":
        return Choice(spec, text)
    made: Widget = NumberLine() if kind in NUMBERS else Area() if kind in AREAS else Line()
    return Tick() if kind == "boolean" else made


def options_of(spec: FieldSpec, kind: Kind) -> Sequence[str]:
    """What a field's editor is built with, so that a field that differs in it needs another editor."""
    return [text_of("choice", choice) for choice in choices_of(spec)] if kind == "choice" else ()


def _number_in(text: str) -> int | float | None:
    """The number that a text writes, be it out of bounds."""
    value = _json_in(text)
    return value if isinstance(value, (int, float)) else None


def _json_in(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
