"""A value in the words of the file that it stands in: `true` and not `True`, an object and not a dictionary."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

_KINDS: Mapping[type, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}
_LONGEST = 60


def shown(value: object) -> str:
    """`value` as a file writes it, cut where it is long."""
    if isinstance(value, (str, int, float, list, tuple, dict)) or value is None:
        try:
            text = json.dumps(value, ensure_ascii=False)
        except (TypeError, ValueError):
            text = repr(value)
    else:
        text = repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def listed(values: Iterable[object]) -> str:
    """Several values with commas between."""
    return ", ".join(shown(value) for value in values)


def kind_of(value: object) -> str:
    """What sort of value it is: `a string`, `an object`, `null`."""
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, (list, tuple)):
        return "a list"
    return with_article(_KINDS.get(type(value), type(value).__name__))


def with_article(name: str) -> str:
    """`a string`, `an integer`."""
    return f"an {name}" if name[0] in "aeiouAEIO" else f"a {name}"
