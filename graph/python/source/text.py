"""Python text as a formatter of code leaves it: what fits stands on a line, what does not has a line for each item."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

WIDTH: Final = 88
"""Columns that a line may fill, as ruff's own default has it."""
WIDEST: Final = 120
"""A text that goes beyond is cut into pieces; what is between is left on its line, which no formatter breaks."""
INDENT: Final = "    "


def call(start: str, arguments: Sequence[tuple[str, Any]], end: str, indent: str) -> str:
    """A call whose head is `start`, such as `x = f`, and what follows it, such as ` as flow:`.

    Args:
        start: Before the parenthesis, its own indentation left out.
        arguments: Names (empty: in a row) and values; a value is a literal, or Code.
        end: Behind the closing parenthesis.
        indent: Of the line.
    """
    flat = ", ".join(_named(name) + flat_value(value) for name, value in arguments)
    line = f"{start}({flat}){end}"
    if not arguments or ("\n" not in line and len(indent) + len(line.rpartition("\n")[2]) <= WIDTH):
        return line
    inner = indent + INDENT
    lines = [
        f"{inner}{_named(name)}{broken_value(value, inner, len(_named(name)) + 1)},\n" for name, value in arguments
    ]
    return f"{start}(\n{''.join(lines)}{indent}){end}"


class Code(str):
    """Text that is Python already, and no literal."""

    __slots__ = ()


def _named(name: str) -> str:
    return f"{name}=" if name else ""


def flat_value(value: Any) -> str:
    """A literal on one line."""
    if isinstance(value, Code):
        return value
    if isinstance(value, str):
        return string(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{string(key)}: {flat_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(flat_value, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, list):
        return "[" + ", ".join(map(flat_value, value)) + "]"
    # Python writes 1e+16, and formatters of code 1e16.
    return repr(value).replace("e+", "e")


def broken_value(value: Any, indent: str, taken: int) -> str:
    """A literal that may go on over several lines.

    Args:
        value: Plain data, or Code.
        indent: Of the line that it begins in.
        taken: Columns of that line that are filled without it, behind the indentation.
    """
    flat = flat_value(value)
    if len(indent) + taken + len(flat) <= WIDTH or isinstance(value, Code):
        return flat
    inner = indent + INDENT
    if isinstance(value, str):
        return _broken_string(value, indent)
    if isinstance(value, Mapping) and value:
        items: Iterable[str] = (
            f"{string(key)}: {broken_value(one, inner, len(string(key)) + 3)}" for key, one in value.items()
        )
        return "{\n" + "".join(f"{inner}{item},\n" for item in items) + indent + "}"
    if isinstance(value, (list, tuple)) and value:
        items = (broken_value(one, inner, 1) for one in value)
        first, last = ("(", ")") if isinstance(value, tuple) else ("[", "]")
        return f"{first}\n" + "".join(f"{inner}{item},\n" for item in items) + f"{indent}{last}"
    return flat


def string(text: str) -> str:
    """A text in the quotes that need the fewer escapes; what cannot be seen is escaped."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + "".join(_character(one, quote) for one in text) + quote


def _character(one: str, quote: str) -> str:
    if one in (quote, "\\"):
        return f"\\{one}"
    if one in "\n\t\r":
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}[one]
    if one.isprintable():
        return one
    code = ord(one)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _broken_string(text: str, indent: str) -> str:
    flat = string(text)
    inner = indent + INDENT
    if len(inner) + len(flat) <= WIDEST:
        return flat
    pieces = _pieces(text, WIDTH - len(inner) - 2)
    if len(pieces) == 1:
        return flat
    return "(\n" + "".join(f"{inner}{string(piece)}\n" for piece in pieces) + f"{indent})"


def _pieces(text: str, room: int) -> list[str]:
    """A text cut behind spaces, so that each piece fits as it is written."""
    pieces, piece = [], ""
    for word in re.split(r"(?<= )(?=[^ ])", text):
        if piece and len(string(piece + word)) - 2 > room:
            pieces.append(piece)
            piece = ""
        piece += word
    return [*pieces, piece] if piece else pieces
