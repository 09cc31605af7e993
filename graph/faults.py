"""Why a literal value is not what a port takes, in words of the file, and what to write instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from latentgraph.graph.names import meant, nearest
from latentgraph.graph.words import kind_of, listed, shown


class ValueFaultError(ValueError):
    """A literal value is not what the port takes; the message says what came and what was wanted.

    Attributes:
        hint: What to write instead, where that can be told.
        instead: The same as JSON, where the whole value is to be written so.
        path: Where inside the value the fault is; empty for the value itself.
    """

    def __init__(self, message: str, hint: str = "", path: Sequence[str | int] = (), instead: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.instead = instead
        self.path = tuple(path)


def choice_fault(value: object, choices: Sequence[object], wanted: str) -> ValueFaultError:
    """The fault of a value that is none of the choices."""
    if not any(type(value) is type(choice) for choice in choices):
        return ValueFaultError(f"{shown(value)} is {kind_of(value)}; takes {wanted}")
    near = nearest(value, [one for one in choices if isinstance(one, str)]) if isinstance(value, str) else ""
    few = len(choices) <= 20
    return ValueFaultError(
        f"{shown(value)} is not one of {listed(choices) if few else f'{len(choices)} choices'}",
        meant(near) if near else "",
        instead=json.dumps(near) if near else "",
    )


def value_fault(error: ValidationError, value: object, wanted: str, fits: Callable[[object], bool]) -> ValueFaultError:
    """The fault that pydantic found in a literal.

    Args:
        error: What pydantic says.
        value: The literal.
        wanted: The name of the port's type.
        fits: Whether another value would be taken, to find out what was meant.
    """
    errors = [one for one in error.errors(include_url=False) if one["type"] != "none_required"]
    first = errors[0] if errors else error.errors(include_url=False)[0]
    path = _path_in(first["loc"], value)
    sentence = _type_sentence(first["input"], path, wanted)
    if (len(errors) == 1 or path) and (template := _SENTENCES.get(first["type"])):
        context = {name: _plain(bound) for name, bound in first.get("ctx", {}).items()}
        sentence = template.format(value=_inside(first["input"], path), **context)
    elif first["type"] == "float_type" and type(first["input"]) is int:
        sentence = f"{_inside(first['input'], path)} is larger than a number goes"
    elif len(errors) == 1 and not first["type"].endswith("_type"):
        sentence = _fallback(first, path)
    hint, instead = _meant(value, fits)
    return ValueFaultError(sentence, hint, path, instead)


def _type_sentence(value: object, path: Sequence[str | int], wanted: str) -> str:
    if value is None:
        return f"takes {wanted}, not {_inside(value, path)}"
    return f"{_inside(value, path)} is {kind_of(value)}; takes {wanted}"


def _plain(bound: object) -> object:
    """A bound as it was written: pydantic makes 1 to 1.0 where the port takes numbers."""
    return int(bound) if isinstance(bound, float) and bound.is_integer() and abs(bound) < 2**53 else bound


def _inside(value: object, path: Sequence[str | int]) -> str:
    if not path:
        return shown(value)
    return f"{shown(value)} in the {'list' if isinstance(path[-1], int) else 'object'}"


def _fallback(error: ErrorDetails, path: Sequence[str | int]) -> str:
    # The first words are pydantic's own, before what a validator of the node's package says.
    message = error["msg"].removeprefix("Value error, ").replace("Input should", "should")
    return f"{_inside(error['input'], path)}: {message[0].lower()}{message[1:]}"


def _meant(value: object, fits: Callable[[object], bool]) -> tuple[str, str]:
    """What was probably meant by a value of the wrong type: the hint, and what to write as JSON."""
    if isinstance(value, str):
        try:
            bare = json.loads(value)
        except (ValueError, RecursionError):
            return "", ""
        return (f"write {value} without quotes", value) if fits(bare) else ("", "")
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 and fits(int(value)):
        return f"write {int(value)}", str(int(value))
    if isinstance(value, (int, float)) and fits(json.dumps(value)):
        text = json.dumps(json.dumps(value))
        return f"write {text}", text
    return "", ""


def _path_in(location: Sequence[str | int], value: Any) -> tuple[str | int, ...]:
    """The part of pydantic's path that is in the value, and not the member of a union that it tried."""
    path: list[str | int] = []
    for part in location:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            continue
        path.append(part)
    return tuple(path)


_SENTENCES = {
    "greater_than_equal": "{value} is below the minimum {ge}",
    "greater_than": "{value} is not above {gt}",
    "less_than_equal": "{value} is above the maximum {le}",
    "less_than": "{value} is not below {lt}",
    "multiple_of": "{value} is not a multiple of {multiple_of}",
    "finite_number": "{value} is not a finite number",
    "string_pattern_mismatch": "{value} does not match the pattern {pattern}",
    "string_too_short": "{value} is shorter than {min_length} characters",
    "string_too_long": "{value} is longer than {max_length} characters",
    "too_short": "{value} has fewer than {min_length} items",
    "too_long": "{value} has more than {max_length} items",
}
