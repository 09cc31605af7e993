"""The links of a workflow, scope by scope, and the type of what flows along each; of a broken workflow too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from latentgraph.graph.boxes import INDEX, End, Scope, end_of, sink_box, source_box
from latentgraph.graph.declared import ANYTHING, input_type
from latentgraph.graph.registry import Registry
from latentgraph.graph.reread import reread
from latentgraph.graph.types import PortType, list_of, literal_type
from latentgraph.graph.workflow import LOOP, SUBWORKFLOW, Link, Node, Workflow, link_text

_DEEPEST_LIST = 8
"""Lists of lists that a type tells apart; a chain of loops can collect what loops collected without end."""


class _Hop(NamedTuple):
    """A type is that of another link, made into something."""

    scope: Scope
    link: str
    made: Callable[[PortType], PortType]


class Wiring:
    """The links of a workflow, found when asked for and kept; a changed workflow gets a new one."""

    def __init__(
        self,
        workflow: Workflow,
        registry: Registry,
        file: Path | None = None,
        *,
        allowed: tuple[Path, ...] = (),
        around: tuple[Path, ...] = (),
    ) -> None:
        """Say how a workflow is wired.

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
        self.around = around
        self._scopes: dict[Scope, Mapping[str, Node]] = {(): workflow.nodes}
        self._links: dict[Scope, list[tuple[End, End]]] = {}
        self._types: dict[tuple[Scope, str], PortType | None] = {}
        self._opened: dict[str, Wiring | None] = {}

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

    def opened(self, node: Node) -> Wiring | None:
        """The workflow in the file of a sub-workflow; None where it cannot be read."""
        if node.file is None:
            return None
        if node.file not in self._opened:
            around = (*self.around, self.file.resolve()) if self.file else self.around
            inside = None
            if found := reread(node.file, self.file, self.allowed, around):
                inside = Wiring(found.workflow, self.registry, found.path, allowed=self.allowed, around=around)
            self._opened[node.file] = inside
        return self._opened[node.file]

    def linked(self, scope: Scope) -> Iterator[tuple[End, End]]:
        """Every link of a scope whose source is a box of it, as source and target, in the order of the file."""
        if scope not in self._links:
            boxes = {*self.nodes(scope), source_box(scope)}
            # Of a name that stands in a loop twice, the first counts.
            targets = dict(reversed(list(self._targets(scope))))
            links = [(source, target) for target, source in reversed(targets.items()) if source[0] in boxes]
            self._links[scope] = links
        return iter(self._links[scope])

    def type_of(self, scope: Scope, link: str) -> PortType | None:
        """The type of the output that `node.port` names; None where it names nothing.

        Loops pass on what they are linked to, so that the answer may lie some links away: it is followed step by step,
        and a ring of loops ends in a type that may be anything.
        """
        trail: dict[tuple[Scope, str], Callable[[PortType], PortType]] = {}
        place = (scope, link)
        while place not in self._types:
            step = ANYTHING if place in trail else self._look(*place)
            if not isinstance(step, _Hop):
                self._types[place] = step
                break
            trail[place] = step.made
            place = step.scope, step.link
        found = self._types[place]
        for place, made in reversed(trail.items()):
            found = self._types[place] = made(found or ANYTHING)
        return found

    def type_of_value(self, scope: Scope, value: object) -> PortType:
        """The type of what a value of the file stands for: of the output that it links to, or its own."""
        text = link_text(value)
        return literal_type(value) if text is None else self.type_of(scope, text) or ANYTHING

    def _targets(self, scope: Scope) -> Iterator[tuple[End, End]]:
        """Every end of a scope that a link leads to, with the end that it comes from."""
        found: list[tuple[End, object]] = []
        for name, node in self.nodes(scope).items():
            taken = [*(node.each or {}).items(), *(node.carry or {}).items()]
            found += [((name, key), {"from": end.source}) for key, end in taken]
            found += [((name, key), value) for key, value in node.inputs.items()]
        loop = self.loop(scope) if scope else None
        given = {key: carry.next for key, carry in (loop.carry or {}).items()} if loop else {}
        ends = (loop.collect or {}) if loop else self.workflow.outputs
        given = {**{key: end.source for key, end in ends.items()}, **given}
        found += [((sink_box(scope), key), {"from": text}) for key, text in given.items()]
        yield from ((target, source) for target, value in found if (source := end_of(value)))

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
            return _look_inside((*scope, link.node), node, link.port)
        if node.type == SUBWORKFLOW:
            inside = self.opened(node)
            output = inside.workflow.outputs.get(link.port) if inside else None
            if inside and output:
                return inside.type_of((), output.source) or ANYTHING
            return None if inside else ANYTHING
        declared = self.registry.get(node.type)
        port = declared.outputs.get(link.port) if declared else None
        return port.type if port else None if declared else ANYTHING

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


def _look_inside(scope: Scope, loop: Node, name: str) -> _Hop | None:
    """The link, inside or before the loop whose body is `scope`, that has what an output of it gives."""
    if loop.carry and name in loop.carry:
        return _Hop(scope[:-1], loop.carry[name].source, _itself)
    if loop.collect and name in loop.collect:
        return _Hop(scope, loop.collect[name].source, _gathered)
    return None


def _itself(port_type: PortType) -> PortType:
    return port_type


def _element(port_type: PortType) -> PortType:
    return port_type.element or ANYTHING


def _gathered(port_type: PortType) -> PortType:
    depth, inner = 0, port_type
    while inner.element and depth < _DEEPEST_LIST:
        depth, inner = depth + 1, inner.element
    return ANYTHING if port_type is ANYTHING or depth == _DEEPEST_LIST else list_of(port_type)
