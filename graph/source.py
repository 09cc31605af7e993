"""JSON text with the places of its keys and values, so that a message can say line and column.

Parsing is the standard library's; places are looked for only when there is something to say about one.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.problem import Place, Problem

MAX_DEPTH = 100
"""Levels of objects and lists; a loop in a loop is four deeper than a loop."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+')


@dataclass(slots=True)
class _Spot:
    """Offsets of a member's key (of the value itself in a list) and value, and the members inside."""

    key: int
    value: int
    inside: dict[str | int, _Spot] | None = None
    repeated: list[tuple[str, int]] = field(default_factory=list)
    """Keys that an object writes again, with the offset of the later writing."""


@dataclass(frozen=True)
class Source:
    """The text that a workflow was read from, and how messages call it."""

    name: str
    text: str

    @cached_property
    def _lines(self) -> list[int]:
        return [0] + [match.end() for match in re.finditer("\n", self.text)]

    @cached_property
    def _root(self) -> _Spot:
        return _index(self.text)

    def place_at(self, offset: int) -> Place:
        """Line and column of a character."""
        line = bisect_right(self._lines, offset)
        return Place(line, offset - self._lines[line - 1] + 1)

    def place(self, path: Sequence[str | int], *, key: bool = False) -> Place:
        """Line and column of the value at `path`, or of its key; of the nearest thing around it where it is missing."""
        spot = self._root
        offset = spot.value
        for part in path:
            inner = (spot.inside or {}).get(part)
            if inner is None:
                return self.place_at(spot.key if key else offset)
            spot = inner
            offset = spot.value
        return self.place_at(spot.key if key else offset)

    def repeated_keys(self) -> list[tuple[str, Place]]:
        """Every key that is written twice in one object, where it is written again."""
        pending, repeated = [self._root], []
        while pending:
            spot = pending.pop()
            repeated += spot.repeated
            pending += (spot.inside or {}).values()
        return [(key, self.place_at(offset)) for key, offset in sorted(repeated, key=lambda pair: pair[1])]


def parse(raw: bytes, name: str) -> tuple[Any, Source]:
    """Parse the bytes of a file.

    Args:
        raw: UTF-8, with or without a byte order mark.
        name: How messages call the file.

    Raises:
        WorkflowError: They are not one JSON value with each key written once.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _failure(name, "E002", f"byte 0x{raw[error.start]:02x} on line {line} is not UTF-8 text") from None
    source = Source(name, text)
    if not text.strip():
        raise _failure(name, "E003", "the file is empty", "`latentgraph new workflow NAME` makes a start")
    repeats = False

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeats
        made = dict(pairs)
        repeats = repeats or len(made) != len(pairs)
        return made

    try:
        value = json.loads(text, object_pairs_hook=once, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise _failure(name, "E003", _syntax(error), place=source.place_at(min(error.pos, len(text)))) from None
    except RecursionError:
        raise _too_deep(source) from None
    except ValueError as error:
        raise _failure(name, "E003", str(error)) from None
    if _depth_exceeds(value, MAX_DEPTH):
        raise _too_deep(source)
    if repeats:
        raise WorkflowError(
            [
                Problem("E004", f"the key {key!r} is written twice here", "keep one", file=name, place=place)
                for key, place in source.repeated_keys()
            ]
        )
    return value, source


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is not a JSON number")


def _syntax(error: json.JSONDecodeError) -> str:
    character = error.doc[error.pos : error.pos + 1]
    if not character:
        return "the text ends before the JSON does"
    if error.msg == "Extra data":
        return "more text after the end of the JSON"
    return f"not JSON at {character!r}: {error.msg[0].lower()}{error.msg[1:]}"


def _failure(name: str, code: str, message: str, hint: str = "", place: Place | None = None) -> WorkflowError:
    return WorkflowError([Problem(code, message, hint, file=name, place=place)])


def _too_deep(source: Source) -> WorkflowError:
    depth = 0
    for match in _TOKEN.finditer(source.text):
        token = match[0]
        depth += (token in "[{") - (token in "]}")
        if depth > MAX_DEPTH:
            message = f"objects and lists are nested more than {MAX_DEPTH} deep"
            return _failure(source.name, "E005", message, place=source.place_at(match.start()))
    return _failure(source.name, "E005", "objects and lists are nested too deeply")


def _depth_exceeds(value: Any, limit: int) -> bool:
    level: list[Any] = [value]
    for _ in range(limit + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True


def _index(text: str) -> _Spot:
    """The places of everything in a valid JSON text, in one pass and without recursion."""
    root = _Spot(0, 0)
    stack: list[_Spot] = []
    current, key, key_offset, want_key = root, "", 0, False
    for match in _TOKEN.finditer(text):
        token, offset = match[0], match.start()
        if token == ":" or token == ",":
            want_key = token == "," and isinstance(next(iter(current.inside or {}), 0), str)
            continue
        if token in "]}":
            current = stack.pop()
            continue
        if want_key:
            key, key_offset, want_key = scanstring(token, 1)[0], offset, False
            continue
        spot = _place_value(current, root, stack, key, key_offset, offset)
        if token in "[{":
            stack.append(current)
            current, spot.inside = spot, {}
            want_key = token == "{"
    return root


def _place_value(current: _Spot, root: _Spot, stack: list[_Spot], key: str, key_offset: int, offset: int) -> _Spot:
    if not stack:
        root.key = root.value = offset
        return root
    inside = current.inside if current.inside is not None else {}
    if key_offset < current.value:
        spot = _Spot(offset, offset)
        inside[len(inside)] = spot
        return spot
    spot = _Spot(key_offset, offset)
    if key in inside:
        current.repeated.append((key, key_offset))
    inside[key] = spot
    return spot
