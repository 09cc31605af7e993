"""Edits of links: making one, taking one away, and putting nodes into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from latentgraph.graph.boxes import HANDED_IN, INPUTS, NEW_INPUT, NEXT, OUTPUTS, End
from latentgraph.graph.edit.edit import Edit
from latentgraph.graph.edit.fitting import (
    fits,
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
from latentgraph.graph.node import Port


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


def add_after(graph: Graph, type: str, box: str) -> Edit:
    """Add a node behind a box: every input that has to be linked reads the one output of the box that fits, if any.

    Where several outputs fit, which one is meant is for whoever adds it to say.
    """
    whole = add_node(graph, type)
    name = whole.boxes[0]
    at = graph.after(whole)
    declared = graph.signatures.registry.get(type)
    for port in declared.inputs.values() if declared else ():
        target = (name, port.name)
        givers = [end for end in _outputs(graph, box) if fits(at, end, target)] if _has_to_be_linked(port) else []
        if len(givers) == 1:
            link = connect(at, givers[0], target)
            whole, at = whole.then(link), at.after(link)
    return replace(whole, label=f"add {name}", boxes=(name,))


def _has_to_be_linked(port: Port) -> bool:
    return port.required and not port.type.literal


def _outputs(graph: Graph, box: str) -> list[End]:
    """What there is of a box to be read, ports that make a new entry left out."""
    if box == graph.source_box:
        return [(box, name) for name in graph.signatures.source(graph.scope)]
    return [(box, name) for name in graph.signatures.of(graph.scope, box).outputs] if box in graph.nodes else []


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
