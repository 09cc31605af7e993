"""What stands in a field's editor, beside what the workflow holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from latentgraph.graph.types import ValueFaultError
from latentgraph.tui.editor.inspector.subject import FieldSpec
from latentgraph.tui.editor.inspector.writing import Kind, kind_of_field, text_of, value_of


@dataclass(frozen=True, slots=True)
class Commit:
    """A value to be handed to the workflow.

    Attributes:
        value: Plain JSON, or ABSENT for the default.
        final: Whether what is typed next is another step of undo.
    """

    value: Any
    final: bool


class Draft:
    """The text of one field from the first key to its commit.

    It knows what it handed over: the workflow that comes back with it is an echo, which must not take the text away
    that was typed meanwhile. Any other value came from outside, by an undo for one, and goes before the text.
    """

    def __init__(self, spec: FieldSpec) -> None:
        """Begin with what the workflow holds."""
        self.spec = spec
        self.kind: Kind = kind_of_field(spec)
        self._start()

    def _start(self) -> None:
        self.base = text_of(self.kind, self.spec.value)
        """The text of what the workflow holds."""
        self.text = self.base
        self.sentence = ""
        """What is wrong with the text; empty where nothing is, or where nobody changed it."""
        self._handed = self.base
        self._open = False
        self._echoes: list[str] = []
        self._value: Any = self.spec.value

    @property
    def dirty(self) -> bool:
        """Whether the text is not what the workflow holds."""
        return self.text != self.base

    def write(self, text: str) -> None:
        """Take what stands in the editor now."""
        if text == self.text:
            return
        self.text = text
        self.sentence = ""
        if text == self.base:
            self._value = self.spec.value
            return
        try:
            self._value = value_of(self.spec, self.kind, text)
        except ValueFaultError as fault:
            self.sentence = f"{fault}; {fault.hint}" if fault.hint else str(fault)

    def take(self, *, final: bool) -> Commit | None:
        """What is to be handed over now; None where there is nothing new, or nothing right.

        Args:
            final: Whether the typing is over.
        """
        if self.sentence or (self.text == self._handed and not (final and self._open)):
            return None
        if self.text != self._handed:
            self._echoes.append(same_json(self._value))
        self._handed = self.text
        self._open = not final
        return Commit(self._value, final)

    def receive(self, spec: FieldSpec) -> bool:
        """Take what the workflow holds now, and say whether the editor has to show another text."""
        before, self.spec = self.spec, spec
        now = same_json(spec.value)
        if now in self._echoes:
            del self._echoes[: self._echoes.index(now) + 1]
            self.base = text_of(self.kind, spec.value)
            return False
        if now == same_json(before.value):
            if self.sentence:
                text, self.text = self.text, self.base
                self.write(text)  # the bounds may be others
            return False
        shown = self.text
        self._start()
        return shown != self.text

    def forget(self) -> bool:
        """Drop the text for what the workflow holds, and say whether there was one to drop."""
        dropped = self.dirty
        self._start()
        return dropped


def same_json(value: Any) -> str:
    """Equal for equal values only: to Python, true is 1 and 1.0 is 1."""
    try:
        return json.dumps(value, sort_keys=True)
    except (TypeError, ValueError):
        return repr(value)
