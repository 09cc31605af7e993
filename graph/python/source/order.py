"""In which order nodes are written, and which inputs of a loop the builder hands in by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from latentgraph.graph.boxes import INDEX, Scope
from latentgraph.graph.check.scope import links_of
from latentgraph.graph.python.naming import free_name
from latentgraph.graph.workflow import LOOP, Link, Node, link_text


def written_order(nodes: Mapping[str, Node]) -> list[str]:
    """The names of nodes without cycles, each behind those it reads, else as the file has them."""
    done: dict[str, None] = {}
    for first in nodes:
        waiting = [first]
        while waiting:
            name = waiting[-1]
            read = [link.node for link in links_of(nodes[name]) if link.node in nodes and link.node not in done]
            if read and name not in done:
                waiting += read
            else:
                done.setdefault(waiting.pop())
    return list(done)


class Handing:
    """For each loop, whether its inputs are what its body reads of outside, in that order and under those names.

    Such inputs are not written: the builder makes the same out of the body.
    """

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        """Look at the loops of a workflow, from the outside in."""
        self._nodes = nodes
        self._by_itself: set[Scope] = set()
        waiting: list[Scope] = [()]
        while waiting:
            scope = waiting.pop()
            for name, node in self.nodes(scope).items():
                if node.type == LOOP:
                    inside = (*scope, name)
                    if self._simulated(inside, node) == list(node.inputs.items()):
                        self._by_itself.add(inside)
                    waiting.append(inside)

    def by_itself(self, scope: Scope) -> bool:
        """Whether the inputs of the loop whose body `scope` is need not be written."""
        return scope in self._by_itself

    def nodes(self, scope: Scope) -> Mapping[str, Node]:
        """The nodes of a scope."""
        nodes = self._nodes
        for name in scope:
            nodes = nodes[name].body
        return nodes

    def loop(self, scope: Scope) -> Node:
        """The loop whose body a scope is."""
        return self.nodes(scope[:-1])[scope[-1]]

    def origin(self, scope: Scope, text: str) -> tuple[Scope, str]:
        """The scope in which what a link leads to is written, and the link there."""
        link = Link.parse(text)
        while scope and link and link.node == LOOP and self.by_itself(scope) and link.port in self.loop(scope).inputs:
            text = link_text(self.loop(scope).inputs[link.port]) or ""
            scope, link = scope[:-1], Link.parse(text)
        return scope, text

    def _simulated(self, scope: Scope, loop: Node) -> list[tuple[str, object]]:
        """The inputs that the builder would give a loop, without any that are written."""
        taken = {INDEX, *(loop.each or {}), *(loop.carry or {})}
        handed: dict[str, object] = {}
        for text, port in self._reads(loop):
            link = Link.parse(text)
            value = loop.inputs.get(link.port) if link and link.node == LOOP else None
            outside = link_text(value)
            if outside is None or value in handed.values():
                continue
            source = Link.parse(self.origin(scope[:-1], outside)[1])
            if source:
                wanted = port if source.port == "value" else source.port
                handed[free_name(wanted, {*taken, *handed})] = value
        return list(handed.items())

    def _reads(self, loop: Node) -> Iterator[tuple[str, str]]:
        """Every link of the body, and what reads it, in the order in which they are written."""
        for name in written_order(loop.body):
            node = loop.body[name]
            for ends in (node.each or {}, node.carry or {}):
                yield from ((end.source, key) for key, end in ends.items())
            yield from ((text, key) for key, value in node.inputs.items() if (text := link_text(value)))
        yield from ((carry.next, key) for key, carry in (loop.carry or {}).items())
        yield from ((end.source, key) for key, end in (loop.collect or {}).items())
