"""An edit in the making: changes are written down as they are made, so that the next one sees what the last one did."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from latentgraph.graph.boxes import Scope
from latentgraph.graph.edit.edit import ABSENT, Change, Data, Edit, Path, Rename, same
from latentgraph.graph.errors import EditError
from latentgraph.graph.parse import MAX_DEPTH
from latentgraph.graph.workflow import Carry, End, Group, Node, Workflow, WorkflowInput, WorkflowOutput

_HELD: Mapping[type[BaseModel], Mapping[str, type[BaseModel] | None]] = {
    Workflow: {"inputs": WorkflowInput, "nodes": Node, "outputs": WorkflowOutput, "groups": Group, "layout": None},
    Node: {"each": End, "carry": Carry, "inputs": None, "nodes": Node, "collect": End},
}
"""The keys whose objects hold something by name, and what."""
_KEYS: Mapping[type[BaseModel], list[str]] = {
    model: [field.alias or name for name, field in model.model_fields.items()]
    for model in (Workflow, Node, WorkflowInput, WorkflowOutput, Group, End, Carry)
}
"""In the order in which a file writes them."""


class Draft:
    """Collects the changes of an edit.

    Attributes:
        data: The workflow as the changes so far leave it.
    """

    def __init__(self, data: Data) -> None:
        """Begin with a workflow, which is left as it is."""
        self.data = data
        self._changes: list[Change | Rename] = []

    def get(self, path: Path, default: Any = None) -> Any:
        """What stands at `path`."""
        value: Any = self.data
        for key in path:
            if not isinstance(value, dict) or key not in value:
                return default
            value = value[key]
        return value

    def set(self, path: Path, value: Any) -> None:
        """Write `value` to `path`: in place of what stands there, else at the place that the format gives the key."""
        holder = self.get(path[:-1])
        if holder is None:
            self.set(path[:-1], {path[-1]: value})
            return
        before = holder.get(path[-1], ABSENT)
        if before is not ABSENT and same(before, value):
            return
        if len(path) + _depth(value) > MAX_DEPTH:
            raise EditError("That would be nested more deeply than a file may be.")
        index = list(holder).index(path[-1]) if before is not ABSENT else _place(path, list(holder))
        self._do(Change(path, before, value, index))

    def insert(self, path: Path, value: Any, index: int) -> None:
        """Write what is not there yet, as the member at the place `index` of its object."""
        holder = self.get(path[:-1])
        if holder is None or path[-1] in holder:
            self.set(path, value)
            return
        if len(path) + _depth(value) > MAX_DEPTH:
            raise EditError("That would be nested more deeply than a file may be.")
        self._do(Change(path, ABSENT, value, min(index, len(holder))))

    def write_text(self, path: Path, text: str) -> None:
        """Write a description, or take it away where it is empty."""
        if text:
            self.set(path, plain(text))
        else:
            self.remove(path)

    def remove(self, path: Path) -> None:
        """Take what stands at `path` away, and an object of names that is empty then."""
        holder = self.get(path[:-1], {})
        if path[-1] not in holder:
            return
        if len(holder) == 1 and _may_go(path[:-1]):
            self.remove(path[:-1])
            return
        self._do(Change(path, holder[path[-1]], ABSENT, list(holder).index(path[-1])))

    def rename(self, path: Path, old: str, new: str) -> None:
        """Give a member of the object at `path` another key; one that has that key already gives way."""
        holder = self.get(path, {})
        if old == new or old not in holder:
            return
        if new in holder:
            self.remove((*path, new))
        self._do(Rename(path, old, new))

    def edit(self, label: str, scope: Scope = (), boxes: tuple[str, ...] = (), merge: str = "") -> Edit:
        """The edit, as far as it was made."""
        return Edit(label, tuple(self._changes), merge, scope, boxes)

    def _do(self, change: Change | Rename) -> None:
        self._changes.append(change)
        self.data = change.apply(self.data)


def plain(value: object) -> Any:
    """A copy of a value, as a file can hold it.

    Raises:
        EditError: No file can.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
        return json.loads(text)
    except UnicodeEncodeError:
        raise EditError("The text holds half a character, which no file can.") from None
    except (TypeError, ValueError, RecursionError):
        raise EditError("That is no value that a file can hold.") from None


def _model(path: Path) -> type[BaseModel] | None:
    """What the object at `path` is in the format; None for an object of names and for a value."""
    model: type[BaseModel] | None = Workflow
    keys = iter(path)
    for key in keys:
        held = _HELD.get(model, {}) if model else {}
        if key not in held or next(keys, None) is None:
            return None
        model = held[key]
    return model


def _may_go(path: Path) -> bool:
    """Whether `path` leads to an object of names that the format leaves out where it holds none."""
    model = _model(path[:-1]) if path else None
    return model is not None and path[-1] in _HELD.get(model, {}) and path[-1] != "nodes"


def _place(path: Path, keys: list[str]) -> int:
    """Where the format has a key that is to come among `keys`: names come last."""
    model = _model(path[:-1])
    if model is None:
        return len(keys)
    order = _KEYS[model]
    before = order[: order.index(path[-1])]
    return sum(key in before for key in keys)


def _depth(value: object) -> int:
    if not isinstance(value, (dict, list)):
        return 0
    return 1 + max(map(_depth, value.values() if isinstance(value, dict) else value), default=0)
