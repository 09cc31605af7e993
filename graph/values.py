"""What the engine may ask about a value that flows along a link, without knowing what it is.

Beside each of its types a package of nodes keeps a ValueType: how a value is summed up in a line, how large it is, what
its digest is, and, for what ends as a file, how it is written and how a written one tells where it came from.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

T = TypeVar("T")
ENDS_SHOWN = 6
"""How many items at each end of a long list are described."""


@dataclass(frozen=True, slots=True)
class FileForm(Generic[T]):
    """How values of a type become files."""

    suffix: str
    """Of the file's name, with the dot."""
    parts: Callable[[T], Iterable[Any]]
    """The parts of a value that become one file each: the images of a batch. They hold nothing that lies on a GPU, for
    they may be written while the next run has it."""
    write: Callable[[Any, BinaryIO, Mapping[str, str]], None]
    """Write one part into an open file, with the record of how it was made (empty: none)."""
    read_record: Callable[[Path], Mapping[str, str]]
    """The record that a file of this form carries; empty where it carries none."""
    of_outputs: bool = True
    """Whether an output of a workflow becomes a file by itself; where not, only a node that saves makes one."""


class JoinError(Exception):
    """Values cannot become one, so that what reads them has to be run for each."""


@dataclass(frozen=True, slots=True)
class Rows(Generic[T]):
    """How the values of several runs become one, whose rows are computed at once, and how it is taken apart again."""

    join: Callable[[Sequence[T]], T]
    """One value with the rows of all, in their order. Raises JoinError where they differ in more than their rows."""
    part: Callable[[T, int, int], T]
    """Given a joined value, which part and how many there are: its rows alone."""


def _no_details(_: Any) -> Iterable[tuple[str, str]]:
    return ()


@dataclass(frozen=True, slots=True)
class ValueType(Generic[T]):
    """Everything the engine knows of a type of values."""

    python_type: type[T]
    summary: Callable[[T], str]
    """One line for people: shapes and units."""
    size: Callable[[T], int]
    """Bytes of memory held."""
    digest: Callable[[T], str]
    """Equal for equal values; part of the key of what is made from a value given by a caller."""
    family: bool = False
    """Whether its values belong to a model family, so that the check compares families across links."""
    file: FileForm[T] | None = None
    details: Callable[[T], Iterable[tuple[str, str]]] = _no_details
    """What a learner may want to see of a value, as names and texts: shape, range, mean."""
    rows: Rows[T] | None = None
    """How several become one with all their rows; None where they cannot."""


class _Nearest(dict[type, ValueType[Any] | None]):
    """What is known of classes, each looked for once: every value of a run is asked for twice."""

    def __init__(self, by_class: Mapping[type, ValueType[Any]]) -> None:
        self._by_class = by_class

    def __missing__(self, python_type: type) -> ValueType[Any] | None:
        known = [self._by_class[base] for base in python_type.__mro__ if base in self._by_class]
        self[python_type] = known[0] if known else None
        return self[python_type]


class ValueTypes:
    """The value types of a registry, looked up by the class of a value."""

    def __init__(self) -> None:
        """Start empty: plain Python values need no entry."""
        self._by_class: dict[type, ValueType[Any]] = {}
        self._nearest = _Nearest(self._by_class)

    def add(self, value_type: ValueType[Any]) -> None:
        """Make a type known."""
        self._by_class[value_type.python_type] = value_type
        self._nearest.clear()

    def of(self, python_type: type) -> ValueType[Any] | None:
        """What is known of a class or of the nearest of its bases."""
        return self._nearest[python_type]

    def by_name(self, name: str) -> ValueType[Any] | None:
        """The type whose class is called `name`, as the declared inputs of a workflow call it."""
        return next((known for known in self._by_class.values() if known.python_type.__name__ == name), None)

    def names(self) -> list[str]:
        """The names of all known types."""
        return sorted(known.__name__ for known in self._by_class)

    def file_forms(self) -> list[FileForm[Any]]:
        """Every way in which a value becomes a file."""
        return [known.file for known in self._by_class.values() if known.file]

    def summary(self, value: object) -> str:
        """`value` in a line."""
        known = self._nearest[type(value)]
        if known is not None:
            return known.summary(value)
        if isinstance(value, (list, tuple)):
            return f"{len(value)} values" if len(value) != 1 else "1 value"
        text = repr(value)
        return text if len(text) <= 80 else text[:77] + "..."

    def details(self, value: object) -> list[tuple[str, str]]:
        """What there is to see of `value`, as names and texts."""
        known = self.of(type(value))
        if known:
            return list(known.details(value))
        if not isinstance(value, (list, tuple)):
            return [("value", str(value))]
        shown = range(len(value))
        rows = [(str(index), self.summary(value[index])) for index in shown[:ENDS_SHOWN]]
        if len(value) > 2 * ENDS_SHOWN:
            rows.append(("…", f"{len(value) - 2 * ENDS_SHOWN} more"))
        last = shown[max(ENDS_SHOWN, len(value) - ENDS_SHOWN) :]
        return rows + [(str(index), self.summary(value[index])) for index in last]

    def small_file(self, value: object) -> bytes:
        """The first part of `value` as a file of its type's form, without a record; empty where it has none."""
        known = self.of(type(value))
        first = next(iter(known.file.parts(value)), None) if known and known.file and known.file.of_outputs else None
        if known is None or known.file is None or first is None:
            return b""
        file = BytesIO()
        known.file.write(first, file, {})
        return file.getvalue()

    def joined(self, values: Sequence[Any]) -> Any:
        """One value that stands for those of several runs: theirs, if they are one; else with the rows of all.

        Raises:
            JoinError: There is no such value.
        """
        first = values[0]
        known = self.of(type(first))
        if known is not None and known.rows is not None and all(type(one) is type(first) for one in values):
            # Equal ones too: each run has rows of its own.
            return known.rows.join(values)
        if all(one is first for one in values):
            return first
        if len({self.digest(one) for one in values}) == 1:
            return first
        raise JoinError(f"{type(first).__name__} values that differ cannot become one")

    def part(self, value: Any, index: int, count: int) -> Any:
        """The part of one of `count` runs in what came out of a joined value.

        Raises:
            JoinError: It cannot be taken apart.
        """
        known = self.of(type(value))
        if known is None or known.rows is None:
            raise JoinError(f"a {type(value).__name__} cannot be taken apart")
        return known.rows.part(value, index, count)

    def size(self, value: object) -> int:
        """Bytes that `value` holds, as far as its type can tell."""
        known = self._nearest[type(value)]
        if known is not None:
            return known.size(value)
        if isinstance(value, (list, tuple)):
            return sys.getsizeof(value) + sum(self.size(item) for item in value)
        return sys.getsizeof(value)

    def digest(self, value: object) -> str:
        """A text that is equal for equal values.

        Raises:
            TypeError: The value is neither of a known type nor plain data.
        """
        known = self.of(type(value))
        if known:
            return known.digest(value)
        if isinstance(value, (list, tuple)):
            return hashlib.sha256("\n".join(self.digest(item) for item in value).encode()).hexdigest()
        return f"{type(value).__name__}:{json.dumps(value, sort_keys=True)}"
