"""The keys of a field, over those of its editor."""

from __future__ import annotations

from typing import Final

from textual.binding import BindingType

from latentgraph.tui.editor.inspector.subject import FieldSpec
from latentgraph.tui.editor.inspector.writing import is_seed, kind_of_field
from latentgraph.tui.editor.keys import bindings_for

FIELD_BINDINGS: Final[list[BindingType]] = [*bindings_for("field")]


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
