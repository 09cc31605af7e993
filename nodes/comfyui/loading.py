"""From text to JSON data that the readers need not be afraid of: bounded, and without what no file of ours can hold."""

from __future__ import annotations

import json
import math
from typing import Any

from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.problem import Place, Problem

MAX_CHARACTERS = 4_000_000
"""Of a text that is parsed, which takes about a second: the largest workflows that people share have a tenth of it."""
MAX_DEPTH = 100
"""Levels of objects and lists; a workflow of ComfyUI has about eight."""
MAX_INTEGER = 2**64
"""A seed goes up to it, and nothing else comes near."""


def fault(name: str, message: str, hint: str = "", *, code: str = "E007", place: Place | None = None) -> WorkflowError:
    """The error that says why a file cannot be read."""
    return WorkflowError([Problem(code, message, hint, file=name, place=place)])


def load(raw: bytes | str, name: str) -> Any:
    """Parse JSON the way JavaScript and ComfyUI write it.

    Numbers that no file of ours can hold (NaN, infinities, integers beyond 64 bits) become null, and half characters
    question marks: ComfyUI itself writes a NaN into its pictures.

    Args:
        raw: The text, or its UTF-8 bytes with or without a byte order mark.
        name: How messages call the file.

    Raises:
        WorkflowError: It is no JSON, is too long, or is nested too deeply.
    """
    if len(raw) > MAX_CHARACTERS:
        hint = "a workflow is far smaller"
        raise fault(name, f"the text is longer than {MAX_CHARACTERS:,} characters", hint, code="E001")
    text = raw if isinstance(raw, str) else _decoded(raw, name)
    try:
        value = json.loads(text, parse_constant=_nothing, parse_float=_finite, parse_int=_bounded)
    except json.JSONDecodeError as error:
        place = Place(error.lineno, error.colno)
        raise fault(name, f"this is not JSON: {error.msg}", "is the file whole?", code="E003", place=place) from None
    except RecursionError:
        raise _too_deep(name) from None
    return _cleaned(value, name)


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError:
        hint = "a workflow is JSON, or a picture that carries one"
        raise fault(name, "the file is neither text nor a picture", hint, code="E002") from None


def _nothing(word: str) -> None:
    return None


def _finite(digits: str) -> float | None:
    number = float(digits)
    return None if math.isinf(number) else number


def _bounded(digits: str) -> int | None:
    if len(digits) > 21:
        return None
    number = int(digits)
    return None if abs(number) > MAX_INTEGER else number


def _too_deep(name: str) -> WorkflowError:
    hint = "no workflow is nested like that"
    return fault(name, f"the file is nested deeper than {MAX_DEPTH} levels", hint, code="E005")


def _cleaned(value: Any, name: str) -> Any:
    """The value with its half characters replaced, after a look at how deep it goes."""
    root = [value]
    level: list[Any] = [root]
    for _ in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for holder in level:
            pairs = list(holder.items()) if isinstance(holder, dict) else enumerate(holder)
            for key, inner in pairs:
                if isinstance(inner, (dict, list)):
                    below.append(inner)
                elif isinstance(inner, str) and not inner.isascii():
                    holder[key] = _whole(inner)
                if isinstance(key, str) and not key.isascii() and (whole := _whole(key)) != key:
                    holder[whole] = holder.pop(key)
        if not below:
            return root[0]
        level = below
    raise _too_deep(name)


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
