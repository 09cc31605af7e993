"""From a workflow and the signatures of its nodes to what the canvas draws of one scope.

A literal that comes from `inputs.` or `loop.` is no wire but a value with an arrow (`↤ prompt`), so that a workflow
with many settings stays readable; every other link is a wire.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from latentgraph.graph.boxes import INPUTS, NEXT, OUTPUTS, growing_ports, path_of, sink_box, source_box
from latentgraph.graph.node import REQUIRED, Port
from latentgraph.graph.problem import Problem
from latentgraph.graph.signature import Signature, Signatures
from latentgraph.graph.workflow import LOOP, SUBWORKFLOW, Node, Workflow, link_text
from latentgraph.tui.editor.canvas.geometry import End, Wire
from latentgraph.tui.editor.kinds import kind_of_type
from latentgraph.tui.editor.marks import Marks
from latentgraph.tui.editor.values_shown import is_long, value_text
from latentgraph.tui.editor.views import (
    BodyRow,
    Box,
    Field,
    Frame,
    NodeState,
    PortView,
    Role,
    Scene,
    Severity,
    Side,
    Status,
)

__all__ = [
    "BodyRow",
    "Box",
    "End",
    "Field",
    "Frame",
    "NodeState",
    "PortView",
    "Role",
    "Scene",
    "Severity",
    "Side",
    "Status",
    "Wire",
    "build_scene",
]

STRUCTURE = "structure"
"""The category of loops and sub-workflows."""
BORDER = "border"
"""The category of the boxes that hand values in and take them out."""
_TITLES = {INPUTS: "inputs", OUTPUTS: "outputs", NEXT: "next turn"}


def build_scene(
    workflow: Workflow, signatures: Signatures, scope: tuple[str, ...] = (), problems: Iterable[Problem] = ()
) -> Scene:
    """All boxes and wires of a scope.

    Args:
        workflow: The workflow.
        signatures: Of the same workflow.
        scope: Nothing for the workflow, else the loops that one is inside of.
        problems: What the check found; boxes, ports and fields are marked with it.

    Raises:
        KeyError: There is no such loop.
    """
    return _Builder(workflow, signatures, scope, Marks(problems)).scene()


class _Builder:
    """Makes one scene; holds what all its boxes need."""

    def __init__(self, workflow: Workflow, signatures: Signatures, scope: tuple[str, ...], marks: Marks) -> None:
        self.workflow = workflow
        self.signatures = signatures
        self.scope = scope
        self.marks = marks
        self.nodes = signatures.nodes(scope)
        self.source_key, self.sink_key = source_box(scope), sink_box(scope)
        links = list(signatures.linked(scope))
        self.linked = {target: source for source, target in links}
        self.used = {source for source, _ in links}

    def scene(self) -> Scene:
        boxes = {}
        if source := self._source():
            boxes[source.key] = source
        boxes |= {name: self._node(name, node) for name, node in self.nodes.items()}
        if sink := self._sink():
            boxes[sink.key] = sink
        return Scene(self.scope, boxes, tuple(self._wires(boxes)), self._pinned(), tuple(self._frames()))

    # --- boxes

    def _source(self) -> Box | None:
        ports = self.signatures.source(self.scope)
        path = path_of(self.scope[:-1], self.scope[-1]) if self.scope else INPUTS
        views = [
            PortView(
                name,
                kind_of_type(port.type),
                port.type.name,
                (self.source_key, name) in self.used,
                self._default_of(port),
                self.marks.port(path, name),
            )
            for name, port in ports.items()
        ]
        views += [PortView(name, "any", growing=True) for name in growing_ports(self.source_key)]
        if not self.scope and not self.nodes and not ports:
            return None
        title = _TITLES.get(self.source_key, f"each turn of {self.scope[-1]}" if self.scope else "")
        severity = self.marks.ports(path) if not self.scope else ""
        return Box(
            self.source_key, title, "", BORDER, "source", outputs=tuple(views), severity=severity,
        )  # fmt: skip

    def _default_of(self, port: Port) -> str:
        if self.scope or not port.type.literal:
            return ""
        return "required" if port.required else value_text(port.default)

    def _sink(self) -> Box | None:
        ports = self.signatures.sink(self.scope)
        if not self.scope and not self.nodes and not ports:
            return None
        path = path_of(self.scope[:-1], self.scope[-1]) if self.scope else "outputs"
        inputs, fields = self._inputs(self.sink_key, path, ports, {})
        growing = tuple(PortView(name, "any", growing=True) for name in growing_ports(self.sink_key))
        severity = self.marks.ports(path) if not self.scope else ""
        return Box(
            self.sink_key, _TITLES[self.sink_key], "", BORDER, "sink", (*inputs, *growing), (), fields,
            severity=severity,
        )  # fmt: skip

    def _node(self, name: str, node: Node) -> Box:
        signature = self.signatures.of(self.scope, name)
        path = path_of(self.scope, name)
        inputs, fields = self._inputs(name, path, signature.inputs, node.inputs)
        outputs = tuple(
            PortView(key, kind_of_type(port.type), port.type.name, (name, key) in self.used, "",
                     "error" if key in signature.strays else "")
            for key, port in signature.outputs.items()
        )  # fmt: skip
        loop = node.type == LOOP
        growing = tuple(PortView(key, "any", growing=True) for key in growing_ports(name, loop=loop))
        return Box(
            name,
            name,
            node.file or "no file" if node.type == SUBWORKFLOW else node.type,
            _category(node, signature),
            _role(node, signature),
            (*inputs, *growing),
            outputs,
            fields,
            tuple(BodyRow(key, one.type) for key, one in node.body.items()) if loop else (),
            node.disabled,
            self.marks.node(path),
        )

    def _inputs(
        self, key: str, path: str, ports: Mapping[str, Port], values: Mapping[str, object]
    ) -> tuple[tuple[PortView, ...], tuple[Field, ...]]:
        """The ports that wires lead to, and the fields that show a value."""
        views, fields = [], []
        for name, port in ports.items():
            source = self.linked.get((key, name))
            severity = self.marks.port(path, name)
            value = values.get(name, port.default)
            linked = source is not None or link_text(value) is not None
            if port.type.literal and (not linked or (source and source[0] == self.source_key)):
                fields.append(_field(name, port, value, source, name in values, severity))
            else:
                view = PortView(name, kind_of_type(port.type), port.type.name, source is not None, "", severity)
                views.append(view)
        return tuple(views), tuple(fields)

    # --- the rest

    def _wires(self, boxes: Mapping[str, Box]) -> Iterator[Wire]:
        inputs = {(box.key, port.name) for box in boxes.values() for port in box.inputs}
        outputs = {(box.key, port.name) for box in boxes.values() for port in box.outputs}
        for target, source in self.linked.items():
            if target in inputs and source in outputs:
                yield Wire(source, target)

    def _pinned(self) -> dict[str, tuple[int, int]]:
        found = {}
        for name in self.nodes:
            place = self.workflow.layout.get(path_of(self.scope, name))
            if place is not None:
                found[name] = (place[0], place[1])
        return found

    def _frames(self) -> Iterator[Frame]:
        for name, group in self.workflow.groups.items():
            members = tuple(key for key in self.nodes if path_of(self.scope, key) in group.nodes)
            if members:
                yield Frame(name, members)


def _field(name: str, port: Port, value: object, source: End | None, given: bool, severity: Severity) -> Field:
    text = "" if source else "required" if value is REQUIRED else value_text(value)
    kind = kind_of_type(port.type)
    return Field(
        name,
        kind,
        text,
        port.type.name,
        source[1] if source else "",
        given,
        not source and is_long(name, value),
        severity,
    )


def _category(node: Node, signature: Signature) -> str:
    return STRUCTURE if node.type in (LOOP, SUBWORKFLOW) else signature.category


def _role(node: Node, signature: Signature) -> Role:
    if node.type == LOOP:
        return "loop"
    if node.type == SUBWORKFLOW:
        return "workflow" if signature.known else "unknown"
    return "node" if signature.known else "unknown"
