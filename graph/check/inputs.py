"""The declared inputs of a workflow: their types, and the values that a caller or the file gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from latentgraph.graph.access import FileAccess
from latentgraph.graph.check.report import Report, value_suggestion
from latentgraph.graph.declared import ANYTHING, PLAIN_TYPES, declaration_fault, input_type, named_type
from latentgraph.graph.registry import Registry
from latentgraph.graph.typed import Absent, Constant, Offer, Supply
from latentgraph.graph.types import PortType, ValueFaultError
from latentgraph.graph.workflow import Workflow, WorkflowInput


def unknown_inputs(workflow: Workflow, given: Mapping[str, Any], report: Report) -> None:
    """Report each given value whose input the workflow does not declare."""
    for name in given:
        if name not in workflow.inputs:
            report.unknown("E117", f"the workflow has no input '{name}'", name, workflow.inputs, ["inputs"],
                           "inputs", name)  # fmt: skip


def input_offers(
    workflow: Workflow,
    given: Mapping[str, Any],
    registry: Registry,
    report: Report,
    access: FileAccess,
    *,
    complete: bool,
) -> dict[tuple[str, str], Offer]:
    """What a link to `inputs.<name>` finds, for every declared input.

    Args:
        workflow: The workflow.
        given: Values that the caller set.
        registry: Where types of values are looked up.
        report: Takes the problems of declarations and of values.
        access: What may be read where the workflow stands, from where paths in its defaults count.
        complete: Whether an input without a value is a problem.
    """
    offers = {}
    for name, declared in workflow.inputs.items():
        report.name(name, ["inputs", name], "inputs", name)
        port_type = _declared_type(name, declared, registry, report)
        supply = _supply(name, declared, port_type, given, report, complete=complete)
        if isinstance(supply, Constant) and not supply.given:
            supply = replace(supply, access=access)
        offers["inputs", name] = Offer(port_type, supply)
    return offers


def _declared_type(name: str, declared: WorkflowInput, registry: Registry, report: Report) -> PortType:
    place = ("inputs", name)
    if named_type(declared.type, registry) is None:
        known = [*PLAIN_TYPES, *registry.values.names()]
        message = f"unknown type '{declared.type}'"
        report.unknown("E116", message, declared.type, known, (*place, "type"), "inputs", name, key=False)
        return ANYTHING
    if fault := declaration_fault(declared, PLAIN_TYPES.get(declared.type)):
        report.add("E116", fault.message, (*place, *fault.path), "inputs", name, hint=fault.hint)
    return input_type(declared, registry) or ANYTHING


def _supply(
    name: str, declared: WorkflowInput, port_type: PortType, given: Mapping[str, Any], report: Report, *, complete: bool
) -> Supply:
    if name in given:
        try:
            return Constant(port_type.parse(given[name]), given=True, written=given[name])
        except ValueFaultError as fault:
            report.add("E104", str(fault), ["inputs", name], "inputs", name, hint=fault.hint)
            return Absent()
    if declared.required:
        if port_type is ANYTHING:
            return Absent()
        if complete:
            hint = f"give it with --set {name}=..."
            report.add("E103", "it has no default and no value was given", ["inputs", name], "inputs", name, hint=hint)
            return Absent()
        return Absent("unset")
    try:
        return Constant(port_type.parse(declared.default), written=declared.default)
    except ValueFaultError as fault:
        message = f"the default is not of the declared type: {fault}"
        place = ["inputs", name, "default", *fault.path]
        suggestion = value_suggestion(fault)
        report.add("E116", message, place, "inputs", name, hint=fault.hint, suggestion=suggestion, key=False)
        return Absent()
