"""What the engine may ask about a value that flows along a link, without knowing what it is.

Beside each of its types a package of nodes keeps a ValueType: how a value is summed up in a line, how large it is, what
its digest is, and, for what ends as a file, how it is written and how a written one tells where it came from.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FileForm(Generic[T]):
    """How values of a type become files."""

    suffix: str
    """Of the file's name, with the dot."""
    parts: Callable[[T], Iterable[Any]]
    """The parts of a value that become one file each: the images of a batch."""
    write: Callable[[Any, BinaryIO, Mapping[str, str]], None]
    """Write one part into an open file, with the record of how it was made (empty: none)."""
    read_record: Callable[[Path], Mapping[str, str]]
    """The record that a file of this form carries; empty where it carries none."""


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


class ValueTypes:
    """The value types of a registry, looked up by the class of a value."""

    def __init__(self) -> None:
        """Start empty: plain Python values need no entry."""
        self._by_class: dict[type, ValueType[Any]] = {}

    def add(self, value_type: ValueType[Any]) -> None:
        """Make a type known."""
        self._by_class[value_type.python_type] = value_type

    def of(self, python_type: type) -> ValueType[Any] | None:
        """What is known of a class or of the nearest of its bases."""
        for base in python_type.__mro__:
            if base in self._by_class:
                return self._by_class[base]
        return None

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
        known = self.of(type(value))
        if known:
            return known.summary(value)
        if isinstance(value, (list, tuple)):
            return f"{len(value)} values" if len(value) != 1 else "1 value"
        text = repr(value)
        return text if len(text) <= 80 else text[:77] + "..."

    def size(self, value: object) -> int:
        """Bytes that `value` holds, as far as its type can tell."""
        known = self.of(type(value))
        if known:
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
