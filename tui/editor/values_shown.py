"""A value of a workflow file in a few cells: strings without their quotes, everything else as the file writes it."""

from __future__ import annotations

from latentgraph.graph.names import printable
from latentgraph.graph.words import shown

_LONG = 18
"""A string of more characters is a text to be read."""
_LONGEST = 200


def value_text(value: object) -> str:
    """The value in one line."""
    if isinstance(value, str):
        return printable(" ".join(value[:_LONGEST].split())) or '""'
    return printable(shown(value))


def is_long(name: str, value: object) -> bool:
    """Whether a string is a text to be read, such as a prompt, and not a word."""
    if not isinstance(value, str):
        return False
    return len(value) > _LONG or (bool(value) and ("prompt" in name or name == "text"))
