"""What can be wrong with the bounds and choices of a declared input, before any value is looked at."""

from __future__ import annotations

from dataclasses import dataclass

from latentgraph.graph.types import PortType, ValueFaultError
from latentgraph.graph.words import shown
from latentgraph.graph.workflow import WorkflowInput


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a declaration."""

    path: tuple[str | int, ...]
    """Where, inside the declaration."""
    message: str
    hint: str = ""


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
