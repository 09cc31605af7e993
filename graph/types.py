"""The type of a port: what may flow into it, and what a literal value for it must be.

A port's type is the Python annotation of a parameter or of a result. Values that a workflow file writes out are parsed
by pydantic, strictly: a string is no number and 3.7 is no integer. Values that flow along links are compared by class.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import SchemaError

from latentgraph.graph.faults import ValueFaultError, choice_fault, value_fault
from latentgraph.graph.words import kind_of, listed, shown

__all__ = ["SCALARS", "PortType", "ValueFaultError", "list_of", "literal_type", "takes_object"]

SCALARS: Mapping[type, str] = types.MappingProxyType({str: "string", int: "integer", float: "number", bool: "boolean"})
"""The types that a workflow file can write out, and their names in JSON Schema."""
_SEQUENCES = (list, tuple, Sequence)


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

    @property
    def way(self) -> str:
        """How a missing value of it is given, as a hint says it."""
        return "link it or write a value" if self.literal else "link it"

    @cached_property
    def constrained(self) -> bool:
        """Whether a value of the right class can still be wrong, so that a computed one is checked when it arrives."""
        element = self.element
        return self.literal and (
            bool(self.metadata)
            or any(get_origin(member) is Literal for member in self.members)
            or (element is not None and element.constrained)
        )

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
        """Pydantic's parser of literal values, made when first needed.

        Raises:
            TypeError: The bounds do not belong to the type.
        """
        # What comes only by links is left out: a class of values is nothing that pydantic can look into.
        annotation = _literal_part(self.annotation)
        try:
            return TypeAdapter(annotation, config=ConfigDict(strict=True, allow_inf_nan=False))
        except (SchemaError, PydanticUserError, TypeError) as error:
            raise TypeError(f"{self.name} cannot be bounded so: {error}") from error

    def parse(self, value: object) -> Any:
        """The literal `value` as the node gets it.

        Raises:
            ValueFaultError: It is of another type, or out of bounds.
        """
        if self._holds_by_class(value):
            return value
        if not self.literal:
            link = json.dumps({"from": value}) if isinstance(value, str) and value.count(".") == 1 else ""
            hint = f'write {{"from": {shown(value)}}}' if link else ""
            if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str):
                hint = f'write {{"from": "{value[0]}.<output>"}}'
            raise ValueFaultError(
                f"{shown(value)} is {kind_of(value)}; takes {self.name}, by a link", hint, instead=link
            )
        choices = self._choices
        if choices is not None:
            return _chosen(value, choices, self.name)
        value = self._in_its_sequence(value)
        try:
            return self.adapter.validate_python(value)
        except ValidationError as error:
            raise value_fault(error, value, self.name, self._takes) from None

    def _holds_by_class(self, value: object) -> bool:
        """Whether a value is of a class that no file can write, so that there is nothing to parse."""
        if not self.literal:
            return self.holds(value)
        return any(not _is_literal(m) and m is not type(None) and _holds(m, value) for m in self.members)

    @cached_property
    def _choices(self) -> tuple[object, ...] | None:
        """The values of a port that takes nothing but some."""
        plain = [member for member in self.members if member is not type(None)]
        if not plain or any(get_origin(member) is not Literal for member in plain):
            return None
        chosen = tuple(choice for member in plain for choice in get_args(member))
        return (*chosen, None) if self.optional else chosen

    def _in_its_sequence(self, value: object) -> object:
        """A list as the tuple that the node wants, or the other way round: JSON and links know only one of them."""
        origins = {get_origin(member) for member in self.members}
        if isinstance(value, list) and tuple in origins and list not in origins:
            return tuple(value)
        return list(value) if isinstance(value, tuple) and list in origins and tuple not in origins else value

    def _takes(self, value: object) -> bool:
        try:
            self.adapter.validate_python(value)
        except ValidationError:
            return False
        return True

    def __repr__(self) -> str:
        """The name, for a debugger."""
        return f"PortType({self.name})"


def takes_object(member: Any) -> bool:
    """Whether an object of a file can be a value of a type's member."""
    return member is Any or member is dict or get_origin(member) is dict


def list_of(element: PortType) -> PortType:
    """The type of lists of `element`."""
    return PortType(types.GenericAlias(list, (element.annotation,)))


def literal_type(value: object) -> PortType:
    """The type of a value that a file writes out: of a list with several kinds of items, what holds each of them."""
    if not isinstance(value, list):
        return PortType(type(value))
    kinds = {item.name: item.annotation for item in map(literal_type, value)}
    # An empty list gives no item, so that any type of item is as right as another.
    element = Union[tuple(kinds.values())] if kinds else str  # noqa: UP007 - the members are known only here
    return list_of(PortType(element))


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
        return f"one of {listed(get_args(member))}"
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
    if get_origin(source) is Literal and get_origin(target) is Literal:
        # Some value has to be common to both; that it is one of those is seen when it arrives.
        return any(_is_choice(choice, get_args(target)) for choice in get_args(source))
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
        return _is_choice(value, get_args(member))
    if origin in _SEQUENCES:
        element = PortType(get_args(member)[0])
        return isinstance(value, (list, tuple)) and all(element.holds(item) for item in value)
    if isinstance(value, bool):
        return member is bool
    if member is float:
        return isinstance(value, (float, int))
    return isinstance(value, origin or member)


def _is_choice(value: object, choices: tuple[object, ...]) -> bool:
    return any(_is_same(value, choice) for choice in choices)


def _is_same(value: object, choice: object) -> bool:
    """Whether they are one value of one type: Python takes True for 1 and 1.0 for 1, a file does not."""
    if isinstance(value, bool) != isinstance(choice, bool) or (isinstance(value, float) and type(choice) is int):
        return False
    return bool(value == choice)


def _chosen(value: object, choices: tuple[object, ...], wanted: str) -> object:
    for choice in choices:
        if _is_same(value, choice):
            return choice
    raise choice_fault(value, choices, wanted)


def _literal_part(annotation: Any) -> Any:
    """An annotation without the members of unions that no file can write."""
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        return Annotated[_literal_part(inner), *metadata]
    if get_origin(annotation) in (Union, types.UnionType):
        kept = [_literal_part(one) for one in get_args(annotation) if one is type(None) or PortType(one).literal]
        return Union[tuple(kept)]  # noqa: UP007 - the members are known only here
    return annotation
