"""An edit of a workflow, as data: what it changes and how that is taken back.

Edits work on `canonical_data`, plain JSON. They change members of objects, by path; lists, numbers and texts are
replaced as wholes. Objects keep the order of their keys, so that an edit taken back leaves the text to the byte.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from latentgraph.graph.boxes import Scope

Data: TypeAlias = dict[str, Any]
"""A workflow as plain JSON."""
Path: TypeAlias = tuple[str, ...]
"""Keys from the whole workflow down to a member of an object."""


class Absent:
    """The value of a member that is not there."""

    def __repr__(self) -> str:
        """Shown in a debugger."""
        return "ABSENT"


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class Change:
    """A member of an object comes, goes or gets another value."""

    path: Path
    before: Any
    after: Any
    index: int = 0
    """Its place among the keys, where it comes or goes."""

    def inverse(self) -> Change:
        """What takes it back."""
        return Change(self.path, self.after, self.before, self.index)

    def apply(self, data: Data) -> Data:
        """The workflow after it."""
        return _at(data, self.path[:-1], self._put)

    def _put(self, holder: Data) -> Data:
        key = self.path[-1]
        if self.after is ABSENT:
            made = dict(holder)
            del made[key]
            return made
        if self.before is not ABSENT or self.index >= len(holder):
            return {**holder, key: self.after}
        items = list(holder.items())
        return dict([*items[: self.index], (key, self.after), *items[self.index :]])

    def to_json(self) -> dict[str, Any]:
        """As plain data; what is absent is left out."""
        values = {name: value for name in ("before", "after") if (value := getattr(self, name)) is not ABSENT}
        return {"path": list(self.path), **values, "index": self.index}


@dataclass(frozen=True, slots=True)
class Rename:
    """A member of an object gets another key and keeps its place."""

    path: Path
    """Of the object."""
    old: str
    new: str

    def inverse(self) -> Rename:
        """What takes it back."""
        return Rename(self.path, self.new, self.old)

    def apply(self, data: Data) -> Data:
        """The workflow after it."""
        return _at(data, self.path, lambda holder: {self._named(key): value for key, value in holder.items()})

    def _named(self, key: str) -> str:
        return self.new if key == self.old else key

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"path": list(self.path), "old": self.old, "new": self.new}


@dataclass(frozen=True, slots=True)
class Edit:
    """One step of an editor, to be done, taken back and done again."""

    label: str
    """What it does, in the imperative: `connect model.vae to decoded.vae`."""
    changes: tuple[Change | Rename, ...]
    merge: str = ""
    """Edits of the same text, one after the other, become one step: keys typed into one field."""
    scope: Scope = ()
    """Where it happened, for a view to go there."""
    boxes: tuple[str, ...] = ()
    """What it made or is about, for a view to select."""

    def inverse(self) -> Edit:
        """What takes it back."""
        changes = tuple(change.inverse() for change in reversed(self.changes))
        return Edit(self.label, changes, self.merge, self.scope, self.boxes)

    def apply(self, data: Data) -> Data:
        """The workflow after the edit; it shares with `data`, which stays as it is, what the edit does not touch.

        Raises:
            KeyError: The edit is of another workflow.
        """
        for change in self.changes:
            data = change.apply(data)
        return data

    def then(self, other: Edit) -> Edit:
        """Both as one step, which bears the words of the second."""
        return Edit(other.label, self.changes + other.changes, other.merge, other.scope, other.boxes)

    def to_json(self) -> dict[str, Any]:
        """As plain data, for a journal."""
        head = {"label": self.label, "merge": self.merge, "scope": list(self.scope), "boxes": list(self.boxes)}
        return {**head, "changes": [change.to_json() for change in self.changes]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Edit:
        """The edit that `to_json` wrote.

        Raises:
            KeyError, TypeError: It was something else.
        """
        changes = tuple(_change(one) for one in data["changes"])
        return cls(data["label"], changes, data["merge"], tuple(data["scope"]), tuple(data["boxes"]))


def same(value: object, other: object) -> bool:
    """Whether a file writes two values alike: Python takes True for 1 and 1.0 for 1."""
    if value is other:
        return True
    if ABSENT in (value, other):
        return False
    return value == other and json.dumps(value) == json.dumps(other)


def _at(data: Data, path: Path, change: Callable[[Data], Data]) -> Data:
    """`data` with the object at `path` changed; everything beside the path is shared."""
    if not path:
        return change(data)
    return {**data, path[0]: _at(data[path[0]], path[1:], change)}


def _change(data: Mapping[str, Any]) -> Change | Rename:
    path = tuple(data["path"])
    if "old" in data:
        return Rename(path, data["old"], data["new"])
    return Change(path, data.get("before", ABSENT), data.get("after", ABSENT), data["index"])
