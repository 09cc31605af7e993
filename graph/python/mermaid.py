"""A workflow as a Mermaid flowchart: nodes as boxes, loops as frames around their bodies, links as arrows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from latentgraph.graph.boxes import Scope
from latentgraph.graph.check.scope import links_of
from latentgraph.graph.workflow import LOOP, Link, Node, Workflow

_ENTITIES = {'"': "#quot;", "#": "#35;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "\\": "#92;"}


def flowchart(workflow: Workflow) -> str:
    """The chart, from its inputs at the left to its outputs at the right.

    What a loop hands into its body comes from where it is outside; what it takes turn by turn leads to its frame.
    """
    chart = _Chart(workflow)
    return "flowchart LR\n" + "".join(f"  {line}\n" for line in chart.lines())


class _Chart:
    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self._ids: dict[tuple[str, ...], str] = {}

    def lines(self) -> Iterator[str]:
        workflow = self._workflow
        for name in workflow.inputs:
            yield f"{self._id('inputs', name)}([{_label(name)}])"
        yield from self._boxes((), workflow.nodes)
        for name in workflow.outputs:
            yield f"{self._id('outputs', name)}([{_label(name)}])"
        seen = set()
        for arrow in self._arrows((), workflow.nodes):
            if arrow not in seen:
                seen.add(arrow)
                yield arrow
        for name, output in workflow.outputs.items():
            yield from self._arrow((), output.source, self._id("outputs", name))

    def _boxes(self, scope: Scope, nodes: Mapping[str, Node]) -> Iterator[str]:
        for name, node in nodes.items():
            box, kind = self._id("node", *scope, name), node.file or node.type
            if node.type == LOOP:
                yield f"subgraph {box}[{_label(f'{name} (loop)')}]"
                yield from (f"  {line}" for line in self._boxes((*scope, name), node.body))
                yield "end"
            else:
                text = _label(name if kind == name else f"{name}\n{kind}")
                yield f"{box}[{text}]"
                if node.disabled:
                    yield f"style {box} stroke-dasharray: 4"

    def _arrows(self, scope: Scope, nodes: Mapping[str, Node]) -> Iterator[str]:
        for name, node in nodes.items():
            box = self._id("node", *scope, name)
            if node.type == LOOP:
                yield from self._arrows((*scope, name), node.body)
                carried = [end.source for end in (*(node.each or {}).values(), *(node.carry or {}).values())]
                # What else it is given leads to the nodes that read it.
                for source in carried:
                    yield from self._arrow(scope, source, box)
            else:
                for link in links_of(node):
                    yield from self._arrow(scope, str(link), box)

    def _arrow(self, scope: Scope, text: str, target: str) -> Iterator[str]:
        source = self._source(scope, text)
        if source and source != target:
            yield f"{source} --> {target}"

    def _source(self, scope: Scope, text: str) -> str:
        """The box that a link comes from; empty where that is the frame around."""
        link = Link.parse(text)
        while link and scope and link.node == LOOP:
            given = self._loop(scope).inputs.get(link.port)
            if not isinstance(given, dict) or "from" not in given:
                return ""
            scope, link = scope[:-1], Link.parse(given["from"])
        if link is None:
            return ""
        key = ("inputs", link.port) if link.node == "inputs" else ("node", *scope, link.node)
        return self._ids.get(key, "")

    def _loop(self, scope: Scope) -> Node:
        nodes: Mapping[str, Node] = self._workflow.nodes
        for name in scope[:-1]:
            nodes = nodes[name].body
        return nodes[scope[-1]]

    def _id(self, *key: str) -> str:
        """A box's own name: a number, since names of nodes may be words of Mermaid."""
        return self._ids.setdefault(key, f"b{len(self._ids)}")


def _label(text: str) -> str:
    lines = [
        "".join(_ENTITIES.get(one, one if one.isprintable() else " ") for one in line) for line in text.split("\n")
    ]
    return f'"{"<br/>".join(lines)}"'
