"""The words of the inspector: everything that comes from files is made fit for a terminal here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from latentgraph.graph.names import printable
from latentgraph.graph.words import shown
from latentgraph.tui.editor.inspector.bounds import bounds_of
from latentgraph.tui.editor.inspector.subject import ABSENT, FieldSpec

MARKS: Final = {"error": "!", "warning": "?", "note": "i"}
"""Before a problem, as on the canvas, so that no colour is needed to see how bad it is."""


@dataclass(frozen=True, slots=True)
class Signs:
    """The characters that say something by themselves."""

    given: str = "↤"
    """Before the input that a value comes from."""
    source: str = "←"
    target: str = "→"
    focus: str = "▌"


ASCII_SIGNS: Final = Signs("<", "<", ">", ">")


def plain(text: str) -> str:
    """`text` for a terminal, its lines kept."""
    return "\n".join(printable(line) for line in text.split("\n"))


def when_unset(spec: FieldSpec) -> str:
    """What stands, faintly, in an editor that says nothing: what the field is then."""
    if spec.value is None or spec.nullable:
        return "null"
    if spec.role == "declared":
        return "to be given for each run" if spec.value is ABSENT else "empty"
    if spec.role == "description":
        return "what it is here for"
    if spec.required:
        return "not set" if spec.value is ABSENT else "empty"
    return f"{value_shown(spec.default)}  default" if spec.default not in ("", None) else _empty_default(spec.default)


def _empty_default(default: Any) -> str:
    return "null  default" if default is None else "empty"


def value_shown(value: Any) -> str:
    """A value on one line."""
    return printable(value if isinstance(value, str) else shown(value))


def type_words(spec: FieldSpec) -> str:
    """A field's type and bounds, for its help."""
    words = bounds_of(spec.type).words
    name = "a choice" if spec.choices else spec.type.name
    return f"{name}, {words}" if words else name
