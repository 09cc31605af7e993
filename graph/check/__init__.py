"""Everything that can be wrong with a workflow, found at once and before any weight is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from latentgraph.graph.access import FileAccess
from latentgraph.graph.check.inputs import input_offers, unknown_inputs
from latentgraph.graph.check.nodes import check_nodes
from latentgraph.graph.check.report import Report
from latentgraph.graph.check.scope import Scope
from latentgraph.graph.document import Document
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.problem import Problem, errors_of
from latentgraph.graph.registry import Registry
from latentgraph.graph.typed import Constant, Offer, TypedWorkflow
from latentgraph.graph.uncollected import uncollected
from latentgraph.graph.workflow import Workflow


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check found."""

    problems: tuple[Problem, ...]
    typed: TypedWorkflow
    """The workflow, to be planned; of use only without errors."""

    @property
    def errors(self) -> list[Problem]:
        """The problems that stop a run."""
        return errors_of(list(self.problems))

    def require(self) -> TypedWorkflow:
        """The typed workflow.

        Raises:
            WorkflowError: There are errors.
        """
        if self.errors:
            raise WorkflowError(self.errors)
        return self.typed


@uncollected()
def check(
    document: Document,
    registry: Registry,
    given: Mapping[str, Any] | None = None,
    *,
    access: FileAccess | None = None,
    complete: bool = False,
) -> Checked:
    """Check a workflow and the values given to it.

    Args:
        document: The workflow; without a text, problems have no line and column.
        registry: The node types it may use.
        given: Values for its inputs, of their declared types.
        access: What it may read; by default its own folder.
        complete: Whether every input has to have a value, as for a run.

    Returns:
        Every problem, in the order of the file, and the typed workflow.
    """
    report = Report(document)
    access = access or document.access()
    workflow = document.workflow
    unknown_inputs(workflow, given or {}, report)
    offers = input_offers(workflow, given or {}, registry, report, access, complete=complete)
    scope = Scope(registry, report, access, offers, workflow.nodes)
    nodes = check_nodes(scope)
    outputs = _outputs(workflow, scope)
    _groups_and_layout(workflow, report)
    _unused(workflow, scope)
    inputs = {
        name: offer.supply.written
        for (_, name), offer in offers.items()
        if isinstance(offer.supply, Constant) and name in workflow.inputs
    }
    files = tuple(dict.fromkeys(path for path, _ in report.findings.documents))
    return Checked(report.in_order(), TypedWorkflow(nodes, outputs, inputs, report.findings.embedded, files))


def _outputs(workflow: Workflow, scope: Scope) -> dict[str, Offer]:
    report = scope.report
    if not workflow.outputs and not scope.has_effect:
        report.add("E114", "the workflow asks for nothing", ["nodes"],
                   hint='name what you want under "outputs"')  # fmt: skip
    outputs = {}
    for name, output in workflow.outputs.items():
        report.name(name, ["outputs", name], "outputs", name)
        outputs[name] = scope.follow_something(output.source, ("outputs", name, "from"), node="outputs", port=name)
    return outputs


def _groups_and_layout(workflow: Workflow, report: Report) -> None:
    if not workflow.groups and not workflow.layout:
        return
    known = set(_paths(workflow))
    for name, group in workflow.groups.items():
        for index, member in enumerate(group.nodes):
            if member not in known:
                report.unknown("E105", f"group '{name}' holds '{member}', which is no node", member, known,
                               ["groups", name, "nodes", index])  # fmt: skip
    for path in workflow.layout:
        if path not in known:
            report.unknown("E105", f"layout places '{path}', which is no node", path, known, ["layout", path])


def _paths(workflow: Workflow) -> list[str]:
    """The path of every node, those inside loops included."""
    pending = list(workflow.nodes.items())
    paths = []
    while pending:
        path, node = pending.pop()
        paths.append(path)
        if node.nodes:
            pending += [(f"{path}/{name}", inner) for name, inner in node.nodes.items()]
    return paths


def _unused(workflow: Workflow, scope: Scope) -> None:
    for path, json_path in scope.unused():
        scope.report.add("W201", "nothing uses it", json_path, path, hint="link one of its outputs, or delete it")
    for name in workflow.inputs:
        if ("inputs", name) not in scope.read:
            scope.report.add("W203", "no node reads it", ["inputs", name], "inputs", name)
