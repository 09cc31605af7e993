"""Edits of links: making one, taking one away, and putting nodes into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from latentgraph.graph.boxes import HANDED_IN, INPUTS, NEW_INPUT, NEXT, OUTPUTS, End
from latentgraph.graph.edit.edit import Edit
from latentgraph.graph.edit.fitting import (
    input_for,
    mismatch,
    named,
    output_type,
    refusal,
)
from latentgraph.graph.edit.graph import Graph, loop_path
from latentgraph.graph.edit.interface import expose, remove_output
from latentgraph.graph.edit.linking import write_link
from latentgraph.graph.edit.loops import entry_kind, remove_entry
from latentgraph.graph.edit.nodes import add_node
from latentgraph.graph.edit.port_types import refused_by
from latentgraph.graph.errors import EditError


def connect(graph: Graph, source: End, target: End) -> Edit:
    """Link an input to an output, in place of what it was linked to.

    Raises:
        EditError: They do not fit; its `bridge` names nodes that would go between.
    """
    if why := refusal(graph, source, target):
        raise EditError(why, _bridge(graph, source, target))
    if source == (INPUTS, NEW_INPUT):
        return expose(graph, *target)
    draft = graph.draft()
    write_link(draft, graph.scope, source, target)
    return draft.edit(f"connect {named(source)} to {named(target)}", graph.scope, (target[0],))


def disconnect(graph: Graph, target: End) -> Edit:
    """Take the link to an input away; what is nothing without it goes too: an output, an entry of a loop."""
    box, port = target
    label = f"disconnect {named(target)}"
    if box == OUTPUTS:
        return replace(remove_output(graph, port), label=label)
    if box == NEXT and graph.scope:
        return _disconnect_next(graph, port, label)
    kind = entry_kind(graph, box, port, output=False) if graph.is_loop(box) else None
    if kind is not None:
        return replace(remove_entry(graph, box, kind, port), label=label)
    graph.node(box)
    draft = graph.draft()
    draft.remove((*graph.nodes_path, box, "inputs", port))
    return draft.edit(label, graph.scope, (box,))


def insert_on(graph: Graph, target: End, type: str, *, position: tuple[int, int] | None = None) -> Edit:
    """Put a new node into the link that leads to an input.

    Raises:
        EditError: Nothing is linked there, or the node does not fit.
    """
    source = next((source for source, end in graph.signatures.linked(graph.scope) if end == target), None)
    if source is None:
        raise EditError(f"Nothing is linked to {named(target)}.")
    return add_node(graph, type, source=source, target=target, position=position)


def insert_between(
    graph: Graph, source: End, target: End, types: Sequence[str], *, position: tuple[int, int] | None = None
) -> Edit:
    """Link an input to an output by a row of new nodes, such as a refused link's `bridge`.

    Raises:
        EditError: The nodes do not lead from the one to the other.
    """
    if not types:
        return connect(graph, source, target)
    made: list[Edit] = []
    for type_ in types:
        made.append(add_node(graph, type_, source=source, position=position if not made else None))
        graph = graph.after(made[-1])
        node = made[-1].boxes[0]
        source = (node, _way_out(graph, node, target, types[len(made) :]))
    made.append(connect(graph, source, target))
    whole = made[0]
    for edit in made[1:]:
        whole = whole.then(edit)
    boxes = tuple(edit.boxes[0] for edit in made[:-1])
    return replace(whole, label=f"put {' and '.join(types)} before {named(target)}", boxes=boxes)


def _way_out(graph: Graph, node: str, target: End, following: Sequence[str]) -> str:
    """The output of a new node from which the next one, or at last the target, can go on."""
    outputs = graph.signatures.of(graph.scope, node).outputs
    after = graph.signatures.registry.get(following[0]) if following else None
    for name, port in outputs.items():
        if after and input_for(after, port.type):
            return name
        if not following and not refused_by(graph.signatures, graph.scope, target, port.type):
            return name
    raise EditError(f"What '{node}' gives does not fit there.")


def _disconnect_next(graph: Graph, port: str, label: str) -> Edit:
    outer, loop = graph.at(graph.scope[:-1]), graph.scope[-1]
    kind = entry_kind(outer, loop, port, output=True)
    if kind == "collect":
        return replace(remove_entry(outer, loop, kind, port), label=label, scope=graph.scope, boxes=(NEXT,))
    if kind is None:
        raise EditError(f"Nothing is linked to {named((NEXT, port))}.")
    draft = graph.draft()
    # A carry that nothing changes goes on as it is.
    draft.set((*loop_path(graph.scope), "carry", port, "next"), f"{HANDED_IN}.{port}")
    return draft.edit(label, graph.scope, (NEXT,))


def _bridge(graph: Graph, source: End, target: End) -> tuple[str, ...]:
    """The nodes that would turn what an output gives into what an input takes."""
    if source == (INPUTS, NEW_INPUT) or not mismatch(graph, source, target):
        return ()
    given = output_type(graph, source)
    taking = refused_by(graph.signatures, graph.scope, target, given)
    return tuple(graph.signatures.registry.bridge(given, taking)) if taking else ()
