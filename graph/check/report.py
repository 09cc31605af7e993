"""Problems as they are found, each with its place in the file that it is about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from latentgraph.graph.document import Document, read_document
from latentgraph.graph.names import meant, name_fault, nearest, offered
from latentgraph.graph.problem import Place, Problem, Suggestion
from latentgraph.graph.registry import Registry
from latentgraph.graph.types import PortType, ValueFaultError

_NEAREST = 1_000_000
"""Names that are compared for hints: a file in which all is wrong is answered in time rather than with every hint."""


def value_suggestion(fault: ValueFaultError) -> Suggestion | None:
    """What to write in place of a wrong value, where that can be told."""
    return Suggestion("value", (fault.instead,)) if fault.instead else None


@dataclass(slots=True)
class Findings:
    """What was found so far, in a file and its sub-workflows."""

    problems: list[Problem] = field(default_factory=list)
    to_compare: int = _NEAREST
    embedded: dict[str, str] = field(default_factory=dict)
    """The text of every sub-workflow that was read, by the path of its node."""
    bridges: dict[tuple[str, str], tuple[str, Suggestion | None]] = field(default_factory=dict)
    """Hints for pairs of types; looking for one goes through the whole registry."""
    opened: int = 0
    """Sub-workflows, each time one is opened."""
    documents: dict[tuple[Path, str], Document] = field(default_factory=dict)

    def read(self, path: Path, name: str) -> Document:
        """The workflow in a file, read once however many nodes open it.

        Raises:
            WorkflowError: It cannot be read or is not a workflow.
        """
        if (path, name) not in self.documents:
            self.documents[path, name] = read_document(path, name)
        return self.documents[path, name]


class Report:
    """Collects the problems of a document; a report for a sub-workflow adds to the same findings."""

    def __init__(self, document: Document, findings: Findings | None = None) -> None:
        """Start a report.

        Args:
            document: Where the places are looked up.
            findings: What to add to.
        """
        self.document = document
        self.findings = findings or Findings()

    def inside(self, document: Document) -> Report:
        """A report on the file of a sub-workflow."""
        return Report(document, self.findings)

    def add(
        self,
        code: str,
        message: str,
        path: Sequence[str | int] = (),
        node: str = "",
        port: str = "",
        *,
        hint: str = "",
        suggestion: Suggestion | None = None,
        key: bool = True,
    ) -> None:
        """Add a problem about what stands at `path` in the file."""
        place = self.document.place(path, key=key)
        problem = Problem(code, message, hint, node, port, self.document.name, place, suggestion)
        self.findings.problems.append(problem)

    def unknown(
        self,
        code: str,
        message: str,
        name: str,
        known: Collection[str],
        path: Sequence[str | int],
        node: str = "",
        port: str = "",
        *,
        key: bool = True,
    ) -> None:
        """Add a problem about a name that is not among `known`, with the closest as the hint."""
        hint, suggestion = self.closest(name, known)
        self.add(code, message, path, node, port, hint=hint, suggestion=suggestion, key=key)

    def closest(self, name: str, known: Collection[str]) -> tuple[str, Suggestion | None]:
        """The hint for a name that is not among `known`; none where too many were looked for."""
        self.findings.to_compare -= len(known) + 100
        if self.findings.to_compare <= 0:
            return "", None
        near = nearest(name, known)
        return (meant(near), Suggestion("name", (name, near))) if near else (offered(set(known)), None)

    def name(self, name: str, path: Sequence[str | int], node: str = "", port: str = "") -> bool:
        """Add a problem if `name` cannot be a name, and say whether it can."""
        fault = name_fault(name)
        if fault:
            self.add("E008", fault, path, node, port)
        return not fault

    def bridge(self, registry: Registry, source: PortType, target: PortType) -> tuple[str, Suggestion | None]:
        """The hint that names the nodes between two types, where there are any."""
        pair = source.name, target.name
        if pair not in self.findings.bridges:
            nodes = registry.bridge(source, target)
            hint = "put " + ", then ".join(f"`{name}`" for name in nodes) + " between"
            self.findings.bridges[pair] = (hint, Suggestion("between", tuple(nodes))) if nodes else ("", None)
        return self.findings.bridges[pair]

    def in_order(self) -> tuple[Problem, ...]:
        """All problems: errors first, each kind in the order of the file."""
        start = Place(0, 0)
        own = self.document.name

        def rank(problem: Problem) -> tuple[str, bool, str, int, int]:
            place = problem.place or start
            return (problem.code[0], problem.file != own, problem.file, place.line, place.column)

        return tuple(sorted(self.findings.problems, key=rank))
