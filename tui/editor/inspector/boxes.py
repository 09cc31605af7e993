"""Subjects out of a workflow: one for each kind of box."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from latentgraph.graph.access import ReadsFile, reads_of
from latentgraph.graph.boxes import HANDED_IN, INPUTS, NEXT, OUTPUTS, end_of, sink_box, source_box
from latentgraph.graph.declared import ANYTHING
from latentgraph.graph.node import Port
from latentgraph.graph.packages import remedy
from latentgraph.graph.problem import Problem
from latentgraph.graph.types import PortType
from latentgraph.graph.workflow import LOOP, SUBWORKFLOW, Link, Node, Workflow, link_text
from latentgraph.tui.editor.inspector.faults import faults_by_port, general_faults
from latentgraph.tui.editor.inspector.subject import (
    ABSENT,
    BoxRole,
    End,
    FieldRole,
    FieldSpec,
    OutputSpec,
    Scope,
    Subject,
)

if TYPE_CHECKING:
    from latentgraph.graph.signature import Signature, Signatures

TEXT: Final = PortType(str)
_DESCRIPTION: Final = "For whoever reads the workflow: what it is here for."
FILE: Final = PortType(Annotated[str, ReadsFile((".json",))])
"""Of the file of a sub-workflow."""
_EDGES: Final[Mapping[str, tuple[BoxRole, str, str]]] = {
    INPUTS: ("inputs", "inputs", "What the workflow can be given. The values here are those of the next run."),
    OUTPUTS: ("outputs", "outputs", "What a run of the workflow gives."),
    HANDED_IN: ("body", "loop", "What the loop hands to its body in each turn."),
    NEXT: ("next", "next turn", "What a turn leaves: for the turn after it, and for what the loop gathers."),
}


def subject_for(
    signatures: Signatures,
    workflow: Workflow,
    scope: Scope,
    key: str,
    problems: Iterable[Problem] = (),
    *,
    folder: Path | None = None,
) -> Subject | None:
    """The box `key` of a scope as the inspector shows it; None where there is none.

    Args:
        signatures: What the boxes of the workflow take and give.
        workflow: The workflow.
        scope: Where the box is.
        key: A node's name, or that of one of the boxes at the edges.
        problems: What the check found in the workflow.
        folder: The workflow's, from which paths count.
    """
    nodes = nodes_of(workflow, scope)
    if nodes is None or (key not in nodes and not _is_edge(scope, key)):
        return None
    place = _Place(signatures, workflow, scope, key, tuple(problems))
    subject = place.edge() if _is_edge(scope, key) else place.node(nodes[key])
    return replace(subject, folder=folder)


def nodes_of(workflow: Workflow, scope: Scope) -> Mapping[str, Node] | None:
    """The nodes of a scope; None where there is no such loop."""
    nodes: Mapping[str, Node] = workflow.nodes
    for name in scope:
        loop = nodes.get(name)
        if loop is None or loop.type != LOOP:
            return None
        nodes = loop.body
    return nodes


def _is_edge(scope: Scope, key: str) -> bool:
    return key in (source_box(scope), sink_box(scope))


@dataclass(frozen=True, slots=True)
class _Place:
    """A box of a workflow and what is known around it."""

    signatures: Signatures
    workflow: Workflow
    scope: Scope
    key: str
    problems: Sequence[Problem]

    @property
    def path(self) -> str:
        """What problems call the box."""
        if self.key in (HANDED_IN, NEXT) and self.scope:
            return "/".join(self.scope)
        return "/".join((*self.scope, self.key.removeprefix(">")))

    def node(self, node: Node) -> Subject:
        """A node, a loop or a sub-workflow."""
        signature = self.signatures.of(self.scope, self.key)
        role: BoxRole = {LOOP: "loop", SUBWORKFLOW: "workflow"}.get(node.type, "node")  # type: ignore[assignment]
        if not signature.known and role == "node":
            role = "unknown"
        fields = [self._file(node)] if role == "workflow" else []
        fields += self._loop_fields(node, signature) if role == "loop" else self._node_fields(node, signature)
        summary = signature.summary
        if role == "unknown":
            summary = f"No installed package has a node type '{node.type}'. What the file says of it is kept."
            if node.package:
                says = remedy(node.package, self.signatures.registry)
                summary = f"No installed package has a node type '{node.type}'; {says}."
            elif node.disabled == "mute":
                summary = f"A note: '{node.type}' has no counterpart here. It is muted, so that a run passes it by."
        return self._subject(
            Subject(
                self.scope,
                self.key,
                role,
                self.key,
                node.type,
                signature.category,
                summary,
                node.description,
                signature.origin,
                disabled=node.disabled or "",
            ),
            fields,
            signature.outputs,
        )

    def edge(self) -> Subject:
        """The box of the workflow's inputs or outputs, or one of the two of a loop's body."""
        role, title, summary = _EDGES[self.key]
        fields, outputs = self._edge_fields(role)
        description = self.workflow.description if role == "inputs" else None
        start = Subject(self.scope, self.key, role, title, summary=summary, description=description)
        return self._subject(start, fields, outputs)

    def _subject(self, subject: Subject, fields: Iterable[FieldSpec], outputs: Mapping[str, Port]) -> Subject:
        by_port = faults_by_port(self.problems, self.path)
        found = tuple(replace(one, fault=by_port.get(one.name)) for one in fields)
        if subject.description is not None:
            found += (FieldSpec("description", TEXT, "description", subject.description, "", help=_DESCRIPTION),)
        shown = {one.name for one in found}
        return replace(
            subject,
            fields=found,
            outputs=tuple(self._outputs(outputs)),
            faults=() if self.key == HANDED_IN else general_faults(self.problems, self.path, shown),
            ends={one.name: end for one in found if (end := end_of({"from": one.link}))},
        )

    def _node_fields(self, node: Node, signature: Signature) -> list[FieldSpec]:
        fields = [self._field(port, node.inputs.get(name, ABSENT)) for name, port in signature.inputs.items()]
        strays = [name for name in node.inputs if name not in signature.inputs]
        return fields + [self._field(Port(name, ANYTHING, None), node.inputs[name]) for name in strays]

    def _field(self, port: Port, written: Any, role: FieldRole = "input") -> FieldSpec:
        link = link_text(written) or ""
        value = ABSENT if link else written
        return FieldSpec(port.name, port.type, role, value, port.default, link, self._linked_value(link), port.help)

    def _loop_fields(self, node: Node, signature: Signature) -> list[FieldSpec]:
        ends: list[tuple[FieldRole, str, Any]] = [
            *(("each", name, {"from": end.source}) for name, end in (node.each or {}).items()),
            *(("carry", name, {"from": end.source}) for name, end in (node.carry or {}).items()),
            *(("handed", name, value) for name, value in node.inputs.items()),
        ]
        return [
            self._field(signature.inputs.get(name) or Port(name, ANYTHING), value, role) for role, name, value in ends
        ]

    def _file(self, node: Node) -> FieldSpec:
        value = ABSENT if node.file is None else node.file
        return FieldSpec("file", FILE, "file", value, help="The workflow file, counted from this one's folder.")

    def _edge_fields(self, role: BoxRole) -> tuple[list[FieldSpec], Mapping[str, Port]]:
        if role == "inputs":
            source = self.signatures.source(self.scope)
            return [self._declared(name, source[name]) for name in self.workflow.inputs if name in source], source
        if role == "outputs":
            sink = self.signatures.sink(self.scope)
            return [
                FieldSpec(name, _type_of(sink, name), "output", link=output.source, help=output.description)
                for name, output in self.workflow.outputs.items()
            ], {}
        if role == "body":
            return [], {name: self._told(port) for name, port in self.signatures.source(self.scope).items()}
        return self._next_fields(), {}

    def _declared(self, name: str, port: Port) -> FieldSpec:
        declared = self.workflow.inputs[name]
        readers = self._readers(name)
        # Whoever sets what may be null must find a way back, though null is no longer what the declaration says.
        nullable = (not declared.required and declared.default is None) or (
            bool(readers) and all(one.type.optional for one in readers)
        )
        port_type = narrowed(port.type, readers)
        return FieldSpec(
            name,
            PortType(port_type.annotation | None) if nullable and port_type.literal else port_type,
            "declared",
            ABSENT if declared.required else declared.default,
            help=declared.description or next((one.help for one in readers if one.help), ""),
            nullable=nullable,
        )

    def _readers(self, name: str) -> list[Port]:
        """The inputs of nodes that read an input of the workflow."""
        nodes = self.workflow.nodes
        ends = [target for source, target in self.signatures.linked(()) if source == (INPUTS, name)]
        ports = [self.signatures.of((), box).inputs.get(port) for box, port in ends if box in nodes]
        return [port for port in ports if port is not None]

    def _loop(self) -> Node | None:
        around = nodes_of(self.workflow, self.scope[:-1]) if self.scope else None
        return around.get(self.scope[-1]) if around else None

    def _next_fields(self) -> list[FieldSpec]:
        loop, sink = self._loop(), self.signatures.sink(self.scope)
        ends: list[tuple[FieldRole, str, str, str]] = []
        for name, carry in ((loop.carry if loop else None) or {}).items():
            ends.append(("next", name, carry.next, f"What 'loop.{name}' is in the next turn."))
        for name, end in ((loop.collect if loop else None) or {}).items():
            ends.append(("collect", name, end.source, "Gathered into a list, one item a turn."))
        return [FieldSpec(name, _type_of(sink, name), role, link=link, help=told) for role, name, link, told in ends]

    def _told(self, port: Port) -> Port:
        """A port of the box `loop`, with where it comes from in its help."""
        loop, name = self._loop(), port.name
        if loop is None:
            return port
        origin = ""
        if loop.each and name in loop.each:
            origin = f"From {loop.each[name].source}."
        elif loop.carry and name in loop.carry:
            origin = f"Begins as {loop.carry[name].source}."
        elif link := link_text(loop.inputs.get(name)):
            origin = f"From {link}."
        return replace(port, help=" ".join(part for part in (port.help, origin) if part))

    def _outputs(self, outputs: Mapping[str, Port]) -> Iterable[OutputSpec]:
        targets: dict[str, list[End]] = {}
        for (box, name), target in self.signatures.linked(self.scope):
            if box == self.key:
                targets.setdefault(name, []).append(target)
        for name, port in outputs.items():
            yield OutputSpec(name, port.type, port.help, tuple(targets.get(name, ())))

    def _linked_value(self, link: str) -> Any:
        """The value at the other end of a link to an input of the workflow."""
        end = Link.parse(link) if link else None
        if end is None or self.scope or end.node != INPUTS or end.port not in self.workflow.inputs:
            return ABSENT
        declared = self.workflow.inputs[end.port]
        return ABSENT if declared.required else declared.default


def narrowed(port_type: PortType, readers: Iterable[Port]) -> PortType:
    """A declared input's type with what its readers say of it: that it names a file, or which texts there are."""
    for port in readers:
        reads = reads_of(port.type.metadata)
        if reads is not None and port_type.literal:
            return PortType(Annotated[port_type.annotation, reads])
        plain = {one for one in port_type.members if one is not type(None)}
        if plain == {str} and port.type.name.startswith("one of") and not port.type.optional:
            return PortType(port.type.annotation | None if port_type.optional else port.type.annotation)
    return port_type


def _type_of(ports: Mapping[str, Port], name: str) -> PortType:
    return ports[name].type if name in ports else ANYTHING
