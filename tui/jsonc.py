"""JSON with comments and trailing commas, as in VS Code's settings: read with its places, changed in one of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_SPACE: Final = re.compile(r"(?:[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_PLAIN: Final = re.compile(r"[-+.\w]+")
_DEEPEST: Final = 100


@dataclass(frozen=True, slots=True)
class Piece:
    """A value, and where it stands in the text."""

    value: Any
    start: int
    end: int
    members: Mapping[str, Piece] = field(default_factory=dict)
    """Of an object, by key."""
    items: tuple[Piece, ...] = ()
    """Of a list."""

    @property
    def last(self) -> int | None:
        """Where the last of what it holds ends."""
        held = [*self.members.values(), *self.items]
        return max((one.end for one in held), default=None)


def read(text: str) -> Piece:
    """The value of a text.

    Raises:
        ValueError: It is no JSON even with comments; the message begins with line and column.
    """
    piece = _read(text, _skip(text, 0), 0)
    end = _skip(text, piece.end)
    if end < len(text):
        raise _fault(text, end, "there is something behind the end")
    return piece


def appended(text: str, holder: Piece, addition: str) -> str:
    """The text with a member or an item, in writing, behind the others of an object or a list.

    Args:
        text: As it was read.
        holder: Of that text.
        addition: Its lines, without a margin.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    outer = _margin(text, holder.start)
    inner = _margin_inside(text, holder, outer)
    lines = newline.join(inner + line for line in addition.splitlines())
    close, last = holder.end - 1, holder.last
    if last is None:
        between = text[holder.start + 1 : close].rstrip()
        return f"{text[: holder.start + 1]}{between}{newline}{lines}{newline}{outer}{text[close:]}"
    # A comment behind the last one stays with it: the comma goes before, what is new below.
    behind = text[last:close]
    comma = "" if _skip(text, last) < close else ","
    return f"{text[:last]}{comma}{behind.rstrip()}{newline}{lines}{newline}{outer}{text[close:]}"


def replaced(text: str, piece: Piece, writing: str) -> str:
    """The text with other lines, without a margin, in the place of a value."""
    newline = "\r\n" if "\r\n" in text else "\n"
    first, *rest = writing.splitlines()
    margin = _margin(text, piece.start)
    return text[: piece.start] + newline.join([first, *(margin + line for line in rest)]) + text[piece.end :]


def _read(text: str, at: int, depth: int) -> Piece:
    if depth > _DEEPEST:
        raise _fault(text, at, "it is nested too deeply")
    if text[at : at + 1] == "{":
        return _object(text, at, depth)
    if text[at : at + 1] == "[":
        return _list(text, at, depth)
    found = _STRING.match(text, at) or _PLAIN.match(text, at)
    if found is None:
        raise _fault(text, at, "a value is wanted")
    try:
        return Piece(json.loads(found[0]), at, found.end())
    except ValueError:
        raise _fault(text, at, "a value is wanted") from None


def _object(text: str, start: int, depth: int) -> Piece:
    members: dict[str, Piece] = {}
    at = _skip(text, start + 1)
    while text[at : at + 1] != "}":
        key = _STRING.match(text, at)
        if key is None:
            raise _fault(text, at, "a key in double quotes is wanted")
        colon = _skip(text, key.end())
        if text[colon : colon + 1] != ":":
            raise _fault(text, colon, "a colon is wanted")
        piece = _read(text, _skip(text, colon + 1), depth + 1)
        members[json.loads(key[0], strict=False)] = piece
        at = _next(text, piece.end, "}")
    return Piece({key: one.value for key, one in members.items()}, start, at + 1, members)


def _list(text: str, start: int, depth: int) -> Piece:
    items: list[Piece] = []
    at = _skip(text, start + 1)
    while text[at : at + 1] != "]":
        items.append(_read(text, at, depth + 1))
        at = _next(text, items[-1].end, "]")
    return Piece([one.value for one in items], start, at + 1, items=tuple(items))


def _next(text: str, end: int, close: str) -> int:
    """Where the next one begins, or the end is."""
    at = _skip(text, end)
    if text[at : at + 1] == ",":
        return _skip(text, at + 1)
    if text[at : at + 1] != close:
        raise _fault(text, at, f"a comma or '{close}' is wanted")
    return at


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _margin(text: str, at: int) -> str:
    """The white space that the line of a place begins with."""
    line = text[text.rfind("\n", 0, at) + 1 :]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _margin_inside(text: str, holder: Piece, outer: str) -> str:
    for one in (*holder.members.values(), *holder.items):
        margin = _margin(text, one.start)
        if len(margin) > len(outer):
            return margin
    return outer + ("\t" if outer.startswith("\t") else "    ")


def _fault(text: str, at: int, what: str) -> ValueError:
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return ValueError(f"{line}:{column}: {what}")
