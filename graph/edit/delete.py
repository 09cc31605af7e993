"""Deleting nodes: who read them reads on through them where the types allow it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from latentgraph.graph.boxes import End
from latentgraph.graph.edit.edit import Edit
from latentgraph.graph.edit.fitting import output_type
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.edit.linking import drop
from latentgraph.graph.edit.nodes import several
from latentgraph.graph.edit.port_types import is_anything, refused_by
from latentgraph.graph.edit.references import follow_paths, node_of, references


def delete(graph: Graph, names: Iterable[str], *, rewire: bool = True) -> Edit:
    """Delete nodes, with what they are inside, in groups and in the layout.

    An output of the workflow and an entry of a loop that read one of them stay, for their names' sake; the check says
    what they miss.

    Args:
        graph: Where.
        names: The nodes.
        rewire: Whether their readers get what they passed on: the first of their inputs that fits, as if bypassed.
    """
    gone = dict.fromkeys(names)
    for name in gone:
        graph.node(name)
    draft = graph.draft()
    linked = _links_by_target(graph) if rewire else {}
    for reference in references(graph.data, graph.scope):
        if reference.source[0] not in gone or reference.target[0] in gone or reference.source[0] == graph.source_box:
            continue
        passed = _passed_on(graph, reference.source, reference.target, linked, gone.keys()) if rewire else None
        if passed:
            reference.write(draft, passed)
        else:
            drop(draft, reference)
    for name in gone:
        draft.remove((*graph.nodes_path, name))
    follow_paths(draft, lambda path: None if node_of(path, graph.scope) in gone else path)
    return draft.edit(f"delete {several(tuple(gone))}", graph.scope)


def _links_by_target(graph: Graph) -> dict[str, list[tuple[End, End]]]:
    linked: dict[str, list[tuple[End, End]]] = {}
    for source, target in graph.signatures.linked(graph.scope):
        linked.setdefault(target[0], []).append((source, target))
    return linked


def _passed_on(
    graph: Graph, source: End, target: End, linked: Mapping[str, Sequence[tuple[End, End]]], gone: Set[str]
) -> End | None:
    """What an output of a node that goes would be if the node were bypassed, through others that go as well."""
    seen = set()
    while source[0] in gone:
        if source in seen:
            return None
        seen.add(source)
        before = _first_fitting(graph, source, target, linked.get(source[0], ()))
        if before is None:
            return None
        source = before
    return source


def _first_fitting(graph: Graph, source: End, target: End, linked: Iterable[tuple[End, End]]) -> End | None:
    """Of the links that lead to the node of an output, the source of the first that could take its place."""
    given = output_type(graph, source)
    node = graph.signatures.nodes(graph.scope)[source[0]]
    carried = (node.carry or {}).get(source[1])
    for before, (_, port) in linked:
        if (carried and port != source[1]) or before[0] == target[0]:
            continue
        passed = output_type(graph, before)
        fits = is_anything(given) or given.accepts(passed)
        if fits and refused_by(graph.signatures, graph.scope, target, passed) is None:
            return before
    return None
