"""From the bytes of a file to JSON data, and every fault of the text in a sentence with its place."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.problem import Place, Problem
from latentgraph.graph.source import Source
from latentgraph.graph.syntax import syntax_fault

MAX_DEPTH = 100
"""Levels of objects and lists; a loop in a loop is four deeper than a loop."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+')
_NUMBER = re.compile(r"NaN|-?Infinity|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


class _NumberError(ValueError):
    """A number that JSON, or a computer, does not have."""


def parse(raw: bytes, name: str) -> tuple[Any, Source]:
    """Parse the bytes of a file.

    Args:
        raw: UTF-8, with or without a byte order mark.
        name: How messages call the file.

    Raises:
        WorkflowError: They are not one JSON value with each key written once.
    """
    source = Source(name, _decoded(raw, name))
    if not source.text.strip():
        raise _failure(name, "E003", "the file is empty", "`latentgraph new workflow NAME` makes a start")
    value, repeats = _loaded(source)
    if _depth_exceeds(value, MAX_DEPTH):
        raise _too_deep(source)
    if repeats:
        problems = [
            Problem("E004", f"the key {key!r} is written twice in one object", "keep one", file=name, place=place)
            for key, place in source.repeated_keys()
        ]
        raise WorkflowError(problems)
    if _SURROGATE_ESCAPE.search(source.text):
        _refuse_half_characters(source)
    return value, source


def _decoded(raw: bytes, name: str) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _failure(name, "E002", "the file is UTF-16 text", "save it as UTF-8", Place(1, 1))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from behind a byte order mark.
        body = raw.removeprefix(b"\xef\xbb\xbf")
        before = body[: error.start]
        line_start = before.rfind(b"\n") + 1
        place = Place(before.count(b"\n") + 1, len(before[line_start:].decode("utf-8", "replace")) + 1)
        message = f"byte 0x{body[error.start]:02x} is not UTF-8 text"
        raise _failure(name, "E002", message, "save the file as UTF-8", place) from None


def _loaded(source: Source) -> tuple[Any, bool]:
    """The value, and whether a key in it is written twice."""
    repeats = False

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeats
        made = dict(pairs)
        repeats = repeats or len(made) != len(pairs)
        return made

    try:
        value = json.loads(source.text, object_pairs_hook=once, parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        message, hint, offset = syntax_fault(error)
        raise _failure(source.name, "E003", message, hint, source.place_at(offset)) from None
    except RecursionError:
        raise _too_deep(source) from None
    except ValueError:
        # The number is refused before the text behind it is looked at, so that the places come from the text alone.
        raise WorkflowError(_faulty_numbers(source)) from None
    return value, repeats


def _refuse_constant(word: str) -> float:
    raise _NumberError(f"{word} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _NumberError(f"{_short(digits)} is larger than a computer's numbers go")
    return number


def _faulty_numbers(source: Source) -> list[Problem]:
    problems = []
    for match in _TOKEN.finditer(source.text):
        number = _NUMBER.match(match[0])
        if number and (fault := _number_fault(number[0])):
            place = source.place_at(match.start())
            problems.append(Problem("E003", fault, "write a finite number", file=source.name, place=place))
    return problems


def _number_fault(number: str) -> str:
    try:
        json.loads(number, parse_constant=_refuse_constant, parse_float=_finite)
    except _NumberError as error:
        return str(error)
    except json.JSONDecodeError:
        return ""
    except ValueError:
        return f"an integer of {len(number.lstrip('-'))} digits is larger than any use of it"
    return ""


def _refuse_half_characters(source: Source) -> None:
    problems = []
    for match in _TOKEN.finditer(source.text):
        if match[0][0] == '"' and _SURROGATE_ESCAPE.search(match[0]):
            half = next((c for c in json.loads(match[0]) if "\ud800" <= c <= "\udfff"), "")
            if half:
                message = f"\\u{ord(half):04x} is half a character: such escapes come in pairs"
                place = source.place_at(match.start())
                problems.append(Problem("E003", message, "write the character itself", file=source.name, place=place))
    if problems:
        raise WorkflowError(problems)


def _failure(name: str, code: str, message: str, hint: str = "", place: Place | None = None) -> WorkflowError:
    return WorkflowError([Problem(code, message, hint, file=name, place=place)])


def _too_deep(source: Source) -> WorkflowError:
    depth = 0
    place = None
    for match in _TOKEN.finditer(source.text):
        token = match[0]
        depth += (token in ("[", "{")) - (token in ("]", "}"))
        if depth > MAX_DEPTH:
            place = source.place_at(match.start())
            break
    message = f"objects and lists are nested more than {MAX_DEPTH} deep"
    return _failure(source.name, "E005", message, "a sub-workflow in a file of its own saves depth", place)


def _depth_exceeds(value: Any, limit: int) -> bool:
    level: list[Any] = [value]
    for _ in range(limit):
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


def _short(digits: str) -> str:
    return digits if len(digits) <= 20 else f"{digits[:17]}..."
