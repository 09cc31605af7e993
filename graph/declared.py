"""A declared input of a workflow: its type, and what can be wrong with its bounds and choices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import GenericAlias
from typing import Annotated, Any, Literal

from pydantic import Field

from latentgraph.graph.registry import Registry
from latentgraph.graph.types import SCALARS, PortType, ValueFaultError
from latentgraph.graph.words import shown
from latentgraph.graph.workflow import WorkflowInput

ANYTHING = PortType(Any)
PLAIN_TYPES: Mapping[str, type] = {name: python for python, name in SCALARS.items()}
"""The types of values that a file can write down, by their names in a file."""
_LIST = re.compile(r"list\[(.+)\]")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a declaration."""

    path: tuple[str | int, ...]
    """Where, inside the declaration."""
    message: str
    hint: str = ""


def named_type(name: str, registry: Registry) -> Any:
    """The type that a file calls `name`, such as `integer`, `Image` or `list[Image]`; None where there is none."""
    if element := _LIST.fullmatch(name):
        python = named_type(element[1], registry)
        return None if python is None else GenericAlias(list, (python,))
    known = registry.values.by_name(name)
    return PLAIN_TYPES.get(name) or (known.python_type if known else None)


def type_names(registry: Registry) -> list[str]:
    """What a declared input may be: plain values, values that only come by links, and lists of either."""
    single = [*PLAIN_TYPES, *registry.values.names()]
    return [*single, *(f"list[{name}]" for name in single)]


def input_type(declared: WorkflowInput, registry: Registry) -> PortType | None:
    """The type of a declared input with its bounds; None where its type's name is unknown or the bounds are wrong."""
    python = named_type(declared.type, registry)
    if python is None or declaration_fault(declared, PLAIN_TYPES.get(declared.type)):
        return None
    bounds = {"ge": declared.minimum, "le": declared.maximum, "multiple_of": declared.multiple_of}
    present: dict[str, Any] = {name: bound for name, bound in bounds.items() if bound is not None}
    nullable = not declared.required and declared.default is None
    key = (python, repr(declared.choices), repr(present), nullable)
    if key not in _MADE:
        if len(_MADE) >= MOST_TYPES:
            _MADE.clear()
        _MADE[key] = _made(python, declared.choices, present, nullable=nullable)
    return _MADE[key]


MOST_TYPES = 1024
_MADE: dict[tuple[object, ...], PortType] = {}
"""Types of declared inputs, by what makes them: the parser of one takes as long as the check of a whole workflow."""


def _made(python: Any, choices: list[Any] | None, bounds: Mapping[str, Any], *, nullable: bool) -> PortType:
    annotation = python
    if choices is not None:
        plain = PortType(python)
        annotation = Literal[tuple(plain.parse(choice) for choice in choices)]
    if bounds:
        annotation = Annotated[annotation, Field(**bounds)]
    return PortType(annotation | None if nullable else annotation)


def declaration_fault(declared: WorkflowInput, python: type | None) -> Fault | None:
    """The first thing wrong with a declaration; `python` is None where the type is no plain one."""
    return _bounds_fault(declared) or _choices_fault(declared, python)


def _bounds_fault(declared: WorkflowInput) -> Fault | None:
    present = [name for name in ("minimum", "maximum", "multiple_of") if getattr(declared, name) is not None]
    for name in present:
        bound = getattr(declared, name)
        if declared.type not in ("integer", "number"):
            return Fault((name,), f"'{name}' belongs to an integer or a number, not to '{declared.type}'", "remove it")
        if declared.choices is not None:
            return Fault((name,), f"'{name}' says nothing beside 'choices'", "remove one of the two")
        if declared.type == "integer" and isinstance(bound, float):
            return Fault((name,), f"the {name} of an integer is {shown(bound)}", "write an integer")
    if declared.multiple_of is not None and declared.multiple_of <= 0:
        return Fault(("multiple_of",), f"'multiple_of' is {shown(declared.multiple_of)}", "write a number above 0")
    low, high = declared.minimum, declared.maximum
    if low is not None and high is not None and low > high:
        return Fault(("minimum",), f"the minimum {shown(low)} is above the maximum {shown(high)}", "swap them")
    return None


def _choices_fault(declared: WorkflowInput, python: type | None) -> Fault | None:
    if declared.choices is None:
        return None
    if python is None:
        return Fault(("choices",), f"a value of type '{declared.type}' cannot be written as a choice", "remove it")
    if not declared.choices:
        return Fault(("choices",), "an empty list of choices leaves nothing to choose", "name some, or remove the key")
    for index, choice in enumerate(declared.choices):
        try:
            PortType(python).parse(choice)
        except ValueFaultError as fault:
            return Fault(("choices", index), f"a choice is not of the declared type: {fault}", fault.hint)
    return None
