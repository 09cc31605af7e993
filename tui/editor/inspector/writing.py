"""Between a value and the text that stands for it in an editor."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from typing import Any, Final, Literal, TypeAlias

from latentgraph.graph.types import PortType, ValueFaultError
from latentgraph.graph.words import shown, with_article
from latentgraph.tui.editor.inspector.subject import ABSENT, FieldSpec

Kind: TypeAlias = Literal["integer", "number", "boolean", "choice", "string", "file", "text", "json", "link"]
"""What a field is edited with. A `link` is not written at all."""
NUMBERS: Final = ("integer", "number")
AREAS: Final = ("text", "json")
"""Kinds that take several lines."""
_TEXTS: Final = ("string", "file", "text")
_PLAINLY: Final = {
    "Expecting value": "a value is missing",
    "Expecting property name enclosed in double quotes": "a name in double quotes is missing",
    "Extra data": "more follows where it should end,",
    "Unterminated string starting at": "a text never ends that begins",
}
"""What Python's JSON reader says, in words that say where to look."""
_LONG: Final = 60
_LONG_NAMES: Final = re.compile(r"(^|_)(prompt|text|description)s?($|_)")
_SEEDS: Final = re.compile(r"(^|_)seed($|_)")
_MEMBERS: Final = {frozenset({int}): "integer", frozenset({float}): "number", frozenset({int, float}): "number"}


def kind_of_field(spec: FieldSpec) -> Kind:
    """What a field is edited with, by its type; a text that goes over lines, or on and on, gets several lines."""
    if spec.link or not spec.literal:
        return "link"
    if spec.value is not ABSENT and isinstance(spec.value, str) and not _is_plain(spec.value):
        return "json"
    plain = frozenset(one for one in spec.type.members if one is not type(None) and PortType(one).literal)
    if spec.choices:
        return "choice"
    if plain == {bool}:
        return "choice" if spec.type.optional else "boolean"
    if plain in _MEMBERS:
        return _MEMBERS[plain]  # type: ignore[return-value]
    if plain != {str}:
        return "json"
    if spec.reads is not None:
        return "file"
    return "text" if _is_long(spec) else "string"


def _is_long(spec: FieldSpec) -> bool:
    texts = [one for one in (spec.value, spec.default) if isinstance(one, str)]
    return bool(_LONG_NAMES.search(spec.name)) or any("\n" in one or len(one) > _LONG for one in texts)


def _is_plain(text: str) -> bool:
    """Whether a terminal shows it as it is: what would steer the terminal is edited as JSON, which escapes it."""
    return text.isprintable() or all(map(_is_shown, text))


def _is_shown(character: str) -> bool:
    # Wide and unbreakable spaces, and what joins emoji, are text; Python calls them unprintable.
    return character.isprintable() or character in "\n\t\u200c\u200d" or unicodedata.category(character) == "Zs"


def without_controls(text: str) -> str:
    """Pasted text without what would steer the terminal."""
    kept = text.replace("\r\n", "\n").replace("\r", "\n")
    return kept if _is_plain(kept) else "".join(filter(_is_shown, kept))


def is_seed(spec: FieldSpec) -> bool:
    """Whether a number that nobody thought of is as good as any."""
    return bool(_SEEDS.search(spec.name)) and int in spec.type.members


def choices_of(spec: FieldSpec) -> tuple[Any, ...]:
    """What a `choice` offers, null aside."""
    return spec.choices or (True, False)


def text_of(kind: Kind, value: Any) -> str:
    """What stands in the editor for a value; nothing where it is not set."""
    if value is ABSENT or (value is None and kind != "json"):
        return ""
    if kind in _TEXTS and isinstance(value, str):
        return value
    try:
        text = json.dumps(value, ensure_ascii=False)
        return text if _is_plain(text) else json.dumps(value)
    except (TypeError, ValueError):
        return shown(value)


def value_of(spec: FieldSpec, kind: Kind, text: str) -> Any:
    """The value that `text` writes: plain JSON, or ABSENT where the field is to have its default.

    Raises:
        ValueFaultError: The text writes no value, or none that the field takes.
    """
    if not text.strip() and (kind not in _TEXTS or not text):
        value = _empty(spec, kind)
        if value is ABSENT:
            return ABSENT
    else:
        value = _written(spec, kind, text)
    spec.type.parse(value)
    return value


def _empty(spec: FieldSpec, kind: Kind) -> Any:
    """What an empty editor means."""
    if spec.nullable:
        return None
    if kind in _TEXTS and (spec.required or spec.default == ""):
        return ""
    if spec.role == "declared":
        # Without a value the input would be one that every caller has to set, which nobody means by emptying a field.
        raise ValueFaultError(f"there is nothing here; takes {spec.type.name}")
    return ABSENT


def _written(spec: FieldSpec, kind: Kind, text: str) -> Any:
    if kind in _TEXTS:
        return text
    try:
        return json.loads(_bare(text) if kind in NUMBERS else text, parse_constant=_refuse, parse_float=_finite)
    except json.JSONDecodeError as error:
        if kind in NUMBERS:
            raise ValueFaultError(f"{shown(text)} is not {with_article(spec.type.name)}") from None
        place = f"line {error.lineno}, column {error.colno}" if "\n" in text else f"column {error.colno}"
        raise ValueFaultError(f"this is no JSON: {_plainly(error.msg)} at {place}", _json_hint(spec)) from None
    except RecursionError:
        raise ValueFaultError("nested too deeply") from None
    except ValueFaultError:
        raise
    except ValueError:
        raise ValueFaultError("the number is too long") from None


def _bare(text: str) -> str:
    """A number as people write it, as JSON writes it: `.5`, `5.`, `+3`, `007`."""
    found = re.fullmatch(r"\s*([+-]?)0*(\d*)(?:\.(\d*))?([eE][+-]?\d+)?\s*", text)
    if found is None or not (found[2] or found[3] or "0" in text):
        return text
    fraction = f".{found[3] or '0'}" if found[3] is not None else ""
    return f"{'-' if found[1] == '-' else ''}{found[2] or '0'}{fraction}{found[4] or ''}"


def _refuse(word: str) -> Any:
    raise ValueFaultError(f"{word} is no number that a file can hold")


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueFaultError(f"{shown(digits)[1:-1]} is larger than a number goes")
    return value


def _plainly(message: str) -> str:
    missing = re.fullmatch(r"Expecting ('.') delimiter", message)
    if missing:
        return f"a {missing[1]} is missing"
    return _PLAINLY.get(message, message[0].lower() + message[1:])


def _json_hint(spec: FieldSpec) -> str:
    if spec.type.element is not None:
        return "write a list, such as [1, 2]"
    return 'write an object, such as {"name": 1}' if "object" in spec.type.name else ""
