"""A workflow's text, and where in it something stands: only looked for when there is something to say about it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from json import JSONDecoder

from latentgraph.graph.problem import Place

_SPACE = re.compile(r"[ \t\n\r]*")
_COLON = re.compile(r"[ \t\n\r]*:[ \t\n\r]*")
_COMMA = re.compile(r"[ \t\n\r]*,?[ \t\n\r]*")
_DECODER = JSONDecoder()


@dataclass(frozen=True, slots=True)
class _Member:
    """Offsets of a key (of the value itself in a list) and of its value."""

    key: int
    value: int


@dataclass(frozen=True)
class Source:
    """The text that a workflow was read from, and how messages call it.

    Places are asked for in text that is valid JSON; an object or list is taken apart when something in it is asked for,
    and what it holds is skipped by the standard library's parser, so that one problem in a long file costs little.
    """

    name: str
    text: str
    _taken_apart: dict[int, Mapping[str | int, _Member]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def _lines(self) -> list[int]:
        return [0] + [match.end() for match in re.finditer("\n", self.text)]

    @cached_property
    def _start(self) -> int:
        return _after(_SPACE, self.text, 0)

    def place_at(self, offset: int) -> Place:
        """Line and column of a character."""
        line = bisect_right(self._lines, offset)
        return Place(line, offset - self._lines[line - 1] + 1)

    def place(self, path: Sequence[str | int], *, key: bool = False) -> Place:
        """Line and column of the value at `path`, or of its key; of the nearest thing around it where it is missing."""
        member = _Member(self._start, self._start)
        for part in path:
            inner = self._inside(member.value).get(part)
            if inner is None:
                break
            member = inner
        return self.place_at(member.key if key else member.value)

    def _inside(self, offset: int) -> Mapping[str | int, _Member]:
        """The members of the object or list at `offset`; of a key that is written twice, the last."""
        if offset not in self._taken_apart:
            self._taken_apart[offset] = dict(_members(self.text, offset))
        return self._taken_apart[offset]

    def repeated_keys(self) -> list[tuple[str, Place]]:
        """Every key that is written twice in one object, where it is written again."""
        pending, repeated = [self._start], []
        while pending:
            seen = set()
            for key, member in _members(self.text, pending.pop()):
                if key in seen and isinstance(key, str):
                    repeated.append((key, member.key))
                seen.add(key)
                if self.text[member.value] in "[{":
                    pending.append(member.value)
        return [(key, self.place_at(offset)) for key, offset in sorted(repeated, key=lambda pair: pair[1])]


def _members(text: str, start: int) -> list[tuple[str | int, _Member]]:
    """What the object or list at `start` holds, in order; nothing where something else stands there."""
    opening = text[start : start + 1]
    members: list[tuple[str | int, _Member]] = []
    if opening not in ("{", "["):
        return members
    offset = _after(_SPACE, text, start + 1)
    while text[offset] not in "]}":
        key: str | int = len(members)
        key_offset = offset
        if opening == "{":
            key, offset = _DECODER.raw_decode(text, offset)
            offset = _after(_COLON, text, offset)
        members.append((key, _Member(key_offset, offset)))
        _, offset = _DECODER.raw_decode(text, offset)
        offset = _after(_COMMA, text, offset)
    return members


def _after(pattern: re.Pattern[str], text: str, offset: int) -> int:
    match = pattern.match(text, offset)
    return match.end() if match else offset
