"""The declared inputs of a workflow: their types, and the values that a caller or the file gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from latentgraph.graph.check.report import Report
from latentgraph.graph.names import closest
from latentgraph.graph.registry import Registry
from latentgraph.graph.typed import Absent, Constant, Offer, Supply
from latentgraph.graph.types import SCALARS, PortType, ValueFaultError
from latentgraph.graph.workflow import Workflow, WorkflowInput

ANYTHING = PortType(Any)
_CLASSES: Mapping[str, type] = {name: python for python, name in SCALARS.items()}


def input_type(declared: WorkflowInput, registry: Registry) -> PortType | None:
    """The type of a declared input with its bounds; None where its type's name is unknown."""
    known = registry.values.by_name(declared.type)
    python = _CLASSES.get(declared.type) or (known.python_type if known else None)
    if python is None:
        return None
    annotation: Any = python
    if declared.choices is not None:
        annotation = Literal[tuple(declared.choices)]
    bounds = {"ge": declared.minimum, "le": declared.maximum, "multiple_of": declared.multiple_of}
    present: dict[str, Any] = {name: bound for name, bound in bounds.items() if bound is not None}
    if present:
        annotation = Annotated[annotation, Field(**present)]
    nullable = not declared.required and declared.default is None
    return PortType(annotation | None if nullable else annotation)


def unknown_inputs(workflow: Workflow, given: Mapping[str, Any], report: Report) -> None:
    """Report each given value whose input the workflow does not declare."""
    for name in given:
        if name not in workflow.inputs:
            hint = closest(name, workflow.inputs)
            report.add("E117", "the workflow has no such input", ["inputs"], "inputs", name, hint=hint)


def input_offers(
    workflow: Workflow, given: Mapping[str, Any], registry: Registry, report: Report, *, complete: bool
) -> dict[tuple[str, str], Offer]:
    """What a link to `inputs.<name>` finds, for every declared input.

    Args:
        workflow: The workflow.
        given: Values that the caller set.
        registry: Where types of values are looked up.
        report: Takes the problems of declarations and of values.
        complete: Whether an input without a value is a problem.
    """
    offers = {}
    for name, declared in workflow.inputs.items():
        report.name(name, ["inputs", name], f"inputs.{name}")
        port_type = _declared_type(name, declared, registry, report)
        supply = _supply(name, declared, port_type, given, report, complete=complete)
        offers["inputs", name] = Offer(port_type, supply)
    return offers


def _declared_type(name: str, declared: WorkflowInput, registry: Registry, report: Report) -> PortType:
    if declared.choices is not None and not declared.choices:
        report.add("E116", "an empty list of choices leaves nothing to choose", ["inputs", name], "inputs", name)
        return ANYTHING
    plain = declared.type in ("integer", "number")
    for bound in ("minimum", "maximum", "multiple_of"):
        if getattr(declared, bound) is not None and not plain:
            message = f"'{bound}' belongs to an integer or a number"
            report.add("E116", message, ["inputs", name, bound], "inputs", name)
            return ANYTHING
    try:
        port_type = input_type(declared, registry)
    except TypeError as error:
        report.add("E116", f"cannot be declared so: {error}", ["inputs", name], "inputs", name)
        return ANYTHING
    if port_type is None:
        known = [*_CLASSES, *registry.values.names()]
        message = f"unknown type '{declared.type}'"
        report.unknown("E116", message, declared.type, known, ["inputs", name, "type"], "inputs", name, key=False)
        return ANYTHING
    return port_type


def _supply(
    name: str, declared: WorkflowInput, port_type: PortType, given: Mapping[str, Any], report: Report, *, complete: bool
) -> Supply:
    if name in given:
        try:
            return Constant(port_type.parse(given[name]), given=True, written=given[name])
        except ValueFaultError as fault:
            report.add("E104", str(fault), ["inputs", name], "inputs", name)
            return Absent()
    if declared.required:
        if complete:
            hint = f"give it with --set {name}=..."
            report.add("E103", "it has no default and no value was given", ["inputs", name], "inputs", name, hint=hint)
            return Absent()
        return Absent("unset")
    try:
        return Constant(port_type.parse(declared.default), written=declared.default)
    except ValueFaultError as fault:
        message = f"the default is not of the declared type: {fault}"
        report.add("E116", message, ["inputs", name, "default"], "inputs", name, key=False)
        return Absent()
