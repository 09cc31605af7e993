"""What the boxes of an editor show of a workflow: the ports of every node, loop and sub-workflow, and their types.

The check says what is wrong with a workflow. This says what is there, of a broken one too, and fast enough to be asked
after every key. What a file uses and a type does not have is a port as well, so that it can be seen and removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from latentgraph.graph.boxes import INDEX, End, Scope, end_of, sink_box, source_box
from latentgraph.graph.check.inputs import ANYTHING, input_type
from latentgraph.graph.node import REQUIRED, Port
from latentgraph.graph.registry import Registry
from latentgraph.graph.reread import reread
from latentgraph.graph.types import PortType, list_of, literal_type
from latentgraph.graph.workflow import LOOP, SUBWORKFLOW, Link, Node, Workflow, WorkflowInput, link_text

_DEEPEST_LIST = 8
"""Lists of lists that a type tells apart; a chain of loops can collect what loops collected without end."""
_LIST = PortType(list[Any])


@dataclass(frozen=True, slots=True)
class Signature:
    """The ports of a box, and what it is."""

    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]
    category: str = ""
    summary: str = ""
    known: bool = True
    """False for a type that is not registered and a file that cannot be read: its ports are what the workflow uses."""
    origin: str = ""
    """The package or file that the type came from, or the file of a sub-workflow."""
    strays: frozenset[str] = frozenset()
    """Ports that the workflow uses and the type does not have."""


class _Hop(NamedTuple):
    """A type is that of another link, made into something."""

    scope: Scope
    link: str
    made: Callable[[PortType], PortType]


class Signatures:
    """The signatures of a workflow's boxes, made when asked for; a changed workflow gets new ones."""

    def __init__(
        self,
        workflow: Workflow,
        registry: Registry,
        file: Path | None = None,
        *,
        allowed: tuple[Path, ...] = (),
        around: tuple[Path, ...] = (),
    ) -> None:
        """Say what a workflow holds.

        Args:
            workflow: The workflow.
            registry: The node types.
            file: Where it lies, from where the files of sub-workflows count.
            allowed: More folders that it may read from.
            around: Files of the workflows that this one is a node of.
        """
        self.workflow = workflow
        self.registry = registry
        self.file = file
        self.allowed = allowed
        self._outer = around
        self._around = (*around, file.resolve()) if file else around
        self._scopes: dict[Scope, Mapping[str, Node]] = {(): workflow.nodes}
        self._signatures: dict[tuple[Scope, str], Signature] = {}
        self._plain: dict[str, Signature] = {}
        self._types: dict[tuple[Scope, str], PortType | None] = {}
        self._links: dict[Scope, list[tuple[End, End]]] = {}
        self._used: dict[Scope, Mapping[str, Mapping[str, None]]] = {}
        self._inside: dict[str, Signatures | None] = {}

    def again(self, workflow: Workflow) -> Signatures:
        """The signatures of the workflow as it is after an edit."""
        return Signatures(workflow, self.registry, self.file, allowed=self.allowed, around=self._outer)

    def nodes(self, scope: Scope) -> Mapping[str, Node]:
        """The nodes of a scope.

        Raises:
            KeyError: There is no such loop.
        """
        if scope not in self._scopes:
            self._scopes[scope] = self.loop(scope).body
        return self._scopes[scope]

    def loop(self, scope: Scope) -> Node:
        """The loop whose body a scope is.

        Raises:
            KeyError: There is no such loop.
        """
        node = self.nodes(scope[:-1])[scope[-1]]
        if node.type != LOOP:
            raise KeyError(scope)
        return node

    def of(self, scope: Scope, name: str) -> Signature:
        """The signature of a node, loop or sub-workflow.

        Raises:
            KeyError: There is no such node.
        """
        key = scope, name
        if key not in self._signatures:
            node = self.nodes(scope)[name]
            self._signatures[key] = self._with_strays(self._signature(scope, name, node), scope, name, node)
        return self._signatures[key]

    def source(self, scope: Scope) -> Mapping[str, Port]:
        """The outputs of the box that hands values in: the workflow's inputs, or what a loop hands to its body."""
        declared = self._handed_in(scope)
        used = self._used_outputs(scope).get(source_box(scope), {})
        return declared | {name: _stray(name) for name in used if name not in declared}

    def sink(self, scope: Scope) -> Mapping[str, Port]:
        """The inputs of the box that takes values out: the workflow's outputs, or what a turn hands on."""
        if not scope:
            return {name: Port(name, self.type_of(scope, output.source) or ANYTHING, help=output.description)
                    for name, output in self.workflow.outputs.items()}  # fmt: skip
        loop = self.loop(scope)
        collected = {name: Port(name, self.type_of(scope, end.source) or ANYTHING, help="Gathered into a list.")
                     for name, end in (loop.collect or {}).items()}  # fmt: skip
        carried = {name: Port(name, self.type_of(scope[:-1], end.source) or ANYTHING, help="What the next turn gets.")
                   for name, end in (loop.carry or {}).items()}  # fmt: skip
        return carried | {name: port for name, port in collected.items() if name not in carried}

    def type_of(self, scope: Scope, link: str) -> PortType | None:
        """The type of the output that `node.port` names; None where it names nothing.

        Loops pass on what they are linked to, so that the answer may lie some links away: it is followed step by step,
        and a ring of loops ends in a type that may be anything.
        """
        trail: dict[tuple[Scope, str], Callable[[PortType], PortType]] = {}
        place = (scope, link)
        while place not in self._types:
            if place in trail:
                self._types[place] = ANYTHING
                break
            step = self._look(*place)
            if not isinstance(step, _Hop):
                self._types[place] = step
                break
            trail[place] = step.made
            place = step.scope, step.link
        found = self._types[place]
        for place, made in reversed(trail.items()):
            found = self._types[place] = made(found or ANYTHING)
        return found

    def linked(self, scope: Scope) -> Iterator[tuple[End, End]]:
        """Every link of a scope whose source is a box of it, as source and target, in the order of the file."""
        if scope not in self._links:
            boxes = {*self.nodes(scope), source_box(scope)}
            targets = dict(self._targets(scope))  # of a name that stands in a loop twice, the first
            self._links[scope] = [(source, target) for target, source in targets.items() if source[0] in boxes]
        return iter(self._links[scope])

    # --- signatures

    def _signature(self, scope: Scope, name: str, node: Node) -> Signature:
        if node.type == LOOP:
            return self._of_loop(scope, name, node)
        if node.type == SUBWORKFLOW:
            return self._of_file(node)
        return self._of_type(node.type)

    def _of_type(self, name: str) -> Signature:
        if name not in self._plain:
            declared = self.registry.get(name)
            self._plain[name] = Signature({}, {}, known=False)
            if declared:
                summary, origin = declared.docstring.summary, self.registry.origin(name)
                self._plain[name] = Signature(
                    declared.inputs, declared.outputs, declared.category, summary, origin=origin
                )
        return self._plain[name]

    def _of_file(self, node: Node) -> Signature:
        inside, origin = self._opened(node), node.file or ""
        if inside is None:
            return Signature({}, {}, SUBWORKFLOW, known=False, origin=origin)
        inputs = {name: _declared(name, one, self.registry) for name, one in inside.workflow.inputs.items()}
        return Signature(inputs, inside.sink(()), SUBWORKFLOW, inside.workflow.description, origin=origin)

    def _of_loop(self, scope: Scope, name: str, node: Node) -> Signature:
        inputs = {}
        for key, end in (node.each or {}).items():
            given = self.type_of(scope, end.source)
            inputs[key] = Port(key, given if given and given.element else _LIST, help="Each turn takes an item of it.")
        for key, carry in (node.carry or {}).items():
            given = self.type_of(scope, carry.source) or ANYTHING
            inputs.setdefault(key, Port(key, given, help="Where it starts; it goes on from turn to turn."))
        for key, value in node.inputs.items():
            inputs.setdefault(
                key, Port(key, self._type_of_value(scope, value), help="Read by the body, the same in each turn.")
            )
        names = [*(node.carry or {}), *(node.collect or {})]
        outputs = {key: Port(key, self.type_of(scope, f"{name}.{key}") or ANYTHING) for key in names}
        return Signature(inputs, outputs, LOOP, "Runs its body in turns.")

    def _with_strays(self, signature: Signature, scope: Scope, name: str, node: Node) -> Signature:
        """The signature with what the workflow uses beside it."""
        stray_inputs = {key: _stray(key) for key in node.inputs if key not in signature.inputs}
        used = self._used_outputs(scope).get(name, {})
        stray_outputs = {key: _stray(key) for key in used if key not in signature.outputs}
        if not stray_inputs and not stray_outputs:
            return signature
        return replace(
            signature,
            inputs={**signature.inputs, **stray_inputs},
            outputs={**signature.outputs, **stray_outputs},
            strays=frozenset((*stray_inputs, *stray_outputs)),
        )

    def _opened(self, node: Node) -> Signatures | None:
        """The workflow in a sub-workflow's file; None where it cannot be read."""
        if node.file is None:
            return None
        if node.file not in self._inside:
            found = reread(node.file, self.file, self.allowed, self._around)
            inside = found and Signatures(
                found.workflow, self.registry, found.path, allowed=self.allowed, around=self._around
            )
            self._inside[node.file] = inside or None
        return self._inside[node.file]

    # --- links and types

    def _targets(self, scope: Scope) -> Iterator[tuple[End, End]]:
        """Every end of a scope that a link leads to, with the end that it comes from; the last of a name first."""
        sink = sink_box(scope)
        found: list[tuple[End, object]] = []
        for name, node in self.nodes(scope).items():
            taken = [*(node.each or {}).items(), *(node.carry or {}).items()]
            found += [((name, key), {"from": end.source}) for key, end in taken]
            found += [((name, key), value) for key, value in node.inputs.items()]
        if scope:
            loop = self.loop(scope)
            found += [((sink, key), {"from": carry.next}) for key, carry in (loop.carry or {}).items()]
            found += [((sink, key), {"from": end.source}) for key, end in (loop.collect or {}).items()]
        else:
            found += [((sink, key), {"from": output.source}) for key, output in self.workflow.outputs.items()]
        yield from ((target, source) for target, value in found if (source := end_of(value)))

    def _used_outputs(self, scope: Scope) -> Mapping[str, Mapping[str, None]]:
        """By box, the outputs that something is linked to, in the order of the file."""
        if scope not in self._used:
            used: dict[str, dict[str, None]] = {}
            for (box, port), _ in self.linked(scope):
                used.setdefault(box, {})[port] = None
            self._used[scope] = used
        return self._used[scope]

    def _handed_in(self, scope: Scope) -> dict[str, Port]:
        if not scope:
            return {name: _declared(name, one, self.registry) for name, one in self.workflow.inputs.items()}
        loop = self.loop(scope)
        helps = [(loop.each, "The item of this turn."), (loop.carry, "As the turn before left it."),
                 (loop.inputs, "The same in each turn.")]  # fmt: skip
        ports: dict[str, Port] = {}
        for names, text in helps:
            for name in names or {}:
                ports.setdefault(
                    name, Port(name, self.type_of(scope, f"{source_box(scope)}.{name}") or ANYTHING, help=text)
                )
        ports.setdefault(INDEX, Port(INDEX, PortType(int), help="The turn, counting from 0."))
        return ports

    def _look(self, scope: Scope, text: str) -> PortType | _Hop | None:
        """The type of an output, or the link that has it."""
        link = Link.parse(text)
        if link is None:
            return None
        if link.node == source_box(scope):
            return self._look_outside(scope, link.port)
        node = self.nodes(scope).get(link.node)
        if node is None:
            return None
        if node.type == LOOP:
            return self._look_inside((*scope, link.node), node, link.port)
        port = self._signature(scope, link.node, node).outputs.get(link.port)
        if port is None:
            return None if self._signature(scope, link.node, node).known else ANYTHING
        return port.type

    def _look_outside(self, scope: Scope, name: str) -> PortType | _Hop | None:
        if not scope:
            declared = self.workflow.inputs.get(name)
            return (input_type(declared, self.registry) or ANYTHING) if declared else None
        loop = self.loop(scope)
        if loop.each and name in loop.each:
            return _Hop(scope[:-1], loop.each[name].source, _element)
        if loop.carry and name in loop.carry:
            return _Hop(scope[:-1], loop.carry[name].source, _itself)
        if name not in loop.inputs:
            return PortType(int) if name == INDEX else None
        text = link_text(loop.inputs[name])
        return _Hop(scope[:-1], text, _itself) if text is not None else literal_type(loop.inputs[name])

    def _look_inside(self, scope: Scope, loop: Node, name: str) -> PortType | _Hop | None:
        if loop.carry and name in loop.carry:
            return _Hop(scope[:-1], loop.carry[name].source, _itself)
        if loop.collect and name in loop.collect:
            return _Hop(scope, loop.collect[name].source, _gathered)
        return None

    def _type_of_value(self, scope: Scope, value: object) -> PortType:
        text = link_text(value)
        return literal_type(value) if text is None else self.type_of(scope, text) or ANYTHING


def _declared(name: str, declared: WorkflowInput, registry: Registry) -> Port:
    default = REQUIRED if declared.required else declared.default
    return Port(name, input_type(declared, registry) or ANYTHING, default, declared.description)


def _stray(name: str) -> Port:
    return Port(name, ANYTHING, None, "There is no such port.")


def _itself(port_type: PortType) -> PortType:
    return port_type


def _element(port_type: PortType) -> PortType:
    return port_type.element or ANYTHING


def _gathered(port_type: PortType) -> PortType:
    depth, inner = 0, port_type
    while inner.element and depth < _DEEPEST_LIST:
        depth, inner = depth + 1, inner.element
    return ANYTHING if port_type is ANYTHING or depth == _DEEPEST_LIST else list_of(port_type)
