"""The keys of a field, over those of its editor."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

from latentgraph.tui.editor.inspector.subject import FieldSpec
from latentgraph.tui.editor.inspector.writing import is_seed, kind_of_field
from latentgraph.tui.editor.keys import Key

FIELD_KEYS: Final = tuple(
    Key(action, keys, "field", label, told, "A field of the form")
    for action, keys, label, told in (
        ("fill", "ctrl+g", "Fill in", "Draw a seed; choose a file for a field that names one."),
        ("unset", "ctrl+t", "Default", "Take the field's default again, or take its link away."),
        ("expose", "ctrl+l", "As input", "Make the field's value an input of the workflow."),
        ("rename_item", "f6", "Rename", "Give an input or an output another name."),
        ("remove_item", "ctrl+delete", "Remove", "Take an input or an output away."),
        ("revert", "escape", "Take back", "Take back what was typed and is not in the workflow yet."),
    )
)
"""Rows of the editor's key table; the place is `field`: while a field of the inspector has the focus."""
FIELD_BINDINGS: Final[list[BindingType]] = [
    Binding(key.keys, key.action, key.label, show=False, id=key.id) for key in FIELD_KEYS
]


def actions_of(spec: FieldSpec) -> list[tuple[str, str, str]]:
    """What can be done with a field: action, key and word, for its help."""
    kind = kind_of_field(spec)
    found = []
    if kind == "link" and spec.link:
        found.append(("follow", "enter", "go there"))
        if not spec.named and spec.role != "next":
            found.append(("disconnect", "delete", "disconnect"))
    if kind == "file":
        found.append(("fill", "ctrl+g", "choose"))
    if kind == "integer" and is_seed(spec):
        found.append(("fill", "ctrl+g", "draw"))
    if spec.role == "input" and kind != "link":
        found += [("unset", "ctrl+t", "default")] if not spec.required else []
        found.append(("expose", "ctrl+l", "make an input"))
    if spec.named:
        found += [("rename_item", "f6", "rename"), ("remove_item", "ctrl+delete", "remove")]
    return found
