"""The type of a port: what may flow into it, and what a literal value for it must be.

A port's type is the Python annotation of a parameter or of a result. Values that a workflow file writes out are parsed
by pydantic, strictly: a string is no number and 3.7 is no integer. Values that flow along links are compared by class.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError

SCALARS: Mapping[type, str] = types.MappingProxyType({str: "string", int: "integer", float: "number", bool: "boolean"})
"""The types that a workflow file can write out, and their names in JSON Schema."""
_SEQUENCES = (list, tuple, Sequence)


class ValueFaultError(ValueError):
    """A literal value is not what the port takes; the message says what came and what was wanted."""


class PortType:
    """An annotation, asked three things: what it is called, what it accepts, whether a value belongs to it."""

    def __init__(self, annotation: Any) -> None:
        """Wrap an annotation whose forward references are resolved.

        Raises:
            TypeError: It cannot be the type of a port.
        """
        self.annotation = annotation
        self.members = tuple(_members(annotation))
        """The alternatives of a union without their metadata; `None` is among them for an optional port."""
        for member in self.members:
            _refuse_what_is_no_type(member)

    @cached_property
    def metadata(self) -> tuple[object, ...]:
        """What `Annotated` carries: bounds, and markers such as `ReadsFile`."""
        return tuple(_metadata(self.annotation))

    @cached_property
    def optional(self) -> bool:
        """Whether None is a value of it."""
        return type(None) in self.members

    @cached_property
    def name(self) -> str:
        """How messages call it: the class name, `integer`, `list[Timestep]`, `Image or null`."""
        return " or ".join(_name(member) for member in self.members)

    @cached_property
    def element(self) -> PortType | None:
        """The type of one item, where this is a sequence; else None."""
        for member in self.members:
            if get_origin(member) in _SEQUENCES:
                return PortType(get_args(member)[0])
        return None

    @cached_property
    def literal(self) -> bool:
        """Whether a workflow file can write a value of it."""
        return any(_is_literal(member) for member in self.members)

    @cached_property
    def constrained(self) -> bool:
        """Whether a value of the right class can still be wrong, so that a computed one is checked when it arrives."""
        return self.literal and (bool(self.metadata) or any(get_origin(m) is Literal for m in self.members))

    def accepts(self, source: PortType) -> bool:
        """Whether every value of `source` may flow into this port."""
        return all(any(_accepts(target, member) for target in self.members) for member in source.members)

    @cached_property
    def _classes(self) -> frozenset[type]:
        """Classes whose own instances belong to this type for sure, so that most values need one look."""
        plain = {member for member in self.members if isinstance(member, type)}
        return frozenset(plain | ({int} if float in plain else set()))

    def holds(self, value: object) -> bool:
        """Whether a value that was computed belongs to this type."""
        return type(value) in self._classes or any(_holds(member, value) for member in self.members)

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """Pydantic's parser of literal values, made when first needed."""
        return TypeAdapter(self.annotation, config=ConfigDict(strict=True, allow_inf_nan=False))

    def parse(self, value: object) -> Any:
        """The literal `value` as the node gets it.

        Raises:
            ValueFaultError: It is of another type, or out of bounds.
        """
        if not self.literal and not self.holds(value):
            raise ValueFaultError(f"takes {self.name} by a link, not a value written out")
        if not self.literal:
            return value
        try:
            return self.adapter.validate_python(value)
        except ValidationError as error:
            raise ValueFaultError(_sentence(error, value, self.name)) from None

    def __repr__(self) -> str:
        """The name, for a debugger."""
        return f"PortType({self.name})"


def list_of(element: PortType) -> PortType:
    """The type of lists of `element`."""
    return PortType(types.GenericAlias(list, (element.annotation,)))


def _members(annotation: Any) -> list[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [member for argument in get_args(annotation) for member in _members(argument)]
    return [annotation if annotation is not None else type(None)]


def _metadata(annotation: Any) -> list[object]:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *metadata = get_args(annotation)
        return _metadata(inner) + metadata
    if origin in (Union, types.UnionType):
        return [item for argument in get_args(annotation) for item in _metadata(argument)]
    return []


def _refuse_what_is_no_type(member: Any) -> None:
    if member is Any or isinstance(member, type) or get_origin(member) is Literal:
        return
    if get_origin(member) in _SEQUENCES:
        arguments = get_args(member)
        if get_origin(member) is tuple and arguments[1:] != (...,):
            raise TypeError(f"{member} has a fixed length; write tuple[X, ...] or list[X]")
        PortType(arguments[0])
        return
    if get_origin(member) is dict:
        return
    raise TypeError(f"{member!r} cannot be the type of a port")


def _name(member: Any) -> str:
    if member in SCALARS:
        return SCALARS[member]
    if member is type(None):
        return "null"
    if member is Any:
        return "anything"
    if get_origin(member) is Literal:
        return "one of " + ", ".join(repr(choice) for choice in get_args(member))
    if get_origin(member) in _SEQUENCES:
        return f"list[{PortType(get_args(member)[0]).name}]"
    if get_origin(member) is dict or member is dict:
        return "object"
    return str(member.__name__)


def _is_literal(member: Any) -> bool:
    if get_origin(member) in _SEQUENCES:
        return PortType(get_args(member)[0]).literal
    return member in SCALARS or get_origin(member) in (Literal, dict) or member is dict


def _accepts(target: Any, source: Any) -> bool:
    if target is Any or target == source:
        return True
    if get_origin(source) is Literal:
        # A choice is of its values' class, so it may flow into a plain port of that class.
        return all(_accepts(target, type(choice)) for choice in get_args(source))
    if get_origin(target) is Literal:
        return source in {type(choice) for choice in get_args(target)}
    if get_origin(target) in _SEQUENCES:
        return get_origin(source) in _SEQUENCES and PortType(get_args(target)[0]).accepts(PortType(get_args(source)[0]))
    target_class, source_class = get_origin(target) or target, get_origin(source) or source
    if target is float and source is int:
        return True
    if bool in (target, source):
        return False
    return isinstance(target_class, type) and isinstance(source_class, type) and issubclass(source_class, target_class)


def _holds(member: Any, value: object) -> bool:
    if member is Any:
        return True
    origin = get_origin(member)
    if origin is Literal:
        return value in get_args(member)
    if origin in _SEQUENCES:
        element = PortType(get_args(member)[0])
        return isinstance(value, (list, tuple)) and all(element.holds(item) for item in value)
    if isinstance(value, bool):
        return member is bool
    if member is float:
        return isinstance(value, (float, int))
    return isinstance(value, origin or member)


def _sentence(error: ValidationError, value: object, wanted: str) -> str:
    """Pydantic's first complaint in our words: the value, then what is wrong with it."""
    first = min(error.errors(include_url=False), key=lambda one: _RANK.get(one["type"], 1))
    shown = _shown(first["input"])
    context = first.get("ctx", {})
    where = "".join(f"[{part!r}]" for part in first["loc"] if isinstance(part, int))
    item = f"item {where} " if where else ""
    template = _SENTENCES.get(first["type"])
    if template:
        return item + template.format(value=shown, **context)
    if first["type"].endswith("_type"):
        return f"{item}{shown} is {_kind(first['input'])}; takes {wanted}"
    return f"{item}{shown}: {first['msg'][0].lower()}{first['msg'][1:]}"


_RANK = {"none_required": 2, "missing": 2}
_SENTENCES = {
    "greater_than_equal": "{value} is below the minimum {ge}",
    "greater_than": "{value} is not above {gt}",
    "less_than_equal": "{value} is above the maximum {le}",
    "less_than": "{value} is not below {lt}",
    "multiple_of": "{value} is not a multiple of {multiple_of}",
    "finite_number": "{value} is not a finite number",
    "literal_error": "{value} is not one of {expected}",
    "string_pattern_mismatch": "{value} does not match the pattern {pattern}",
    "string_too_short": "{value} is shorter than {min_length} characters",
    "string_too_long": "{value} is longer than {max_length} characters",
}


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, (list, tuple)):
        return "a list"
    name = SCALARS.get(type(value), type(value).__name__)
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"
