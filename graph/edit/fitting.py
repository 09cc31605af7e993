"""What may be linked to what: by the types of ports, and without making a cycle."""

from __future__ import annotations

from collections.abc import Iterator

from latentgraph.graph.access import reads_of
from latentgraph.graph.boxes import INPUTS, NEW_EACH, NEW_INPUT, End, growing_ports
from latentgraph.graph.declared import ANYTHING
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.edit.port_types import declaration, is_anything, refused_by
from latentgraph.graph.node import NodeType
from latentgraph.graph.signature import ANY_LIST
from latentgraph.graph.types import PortType


def fits(graph: Graph, source: End, target: End) -> bool:
    """Whether an output may be linked to an input."""
    return not refusal(graph, source, target)


def refusal(graph: Graph, source: End, target: End) -> str:
    """Why an output may not be linked to an input, in a sentence; empty where it may."""
    return (
        missing(graph, source, output=True)
        or missing(graph, target, output=False)
        or cycle(graph, source, target)
        or mismatch(graph, source, target)
    )


def missing(graph: Graph, end: End, *, output: bool) -> str:
    """That there is no such output, or input, in a sentence; empty where there is."""
    if _has(graph, end, output=output):
        return ""
    return f"There is no {'output' if output else 'input'} {named(end)}."


def cycle(graph: Graph, source: End, target: End) -> str:
    """That a link would make nodes wait for each other, in a sentence; empty where it would not."""
    if target[0] not in reached(graph, source[0], upstream=True):
        return ""
    if source[0] == target[0]:
        return f"'{source[0]}' would wait for itself."
    return f"'{source[0]}' waits for '{target[0]}' already: they would wait for each other."


def mismatch(graph: Graph, source: End, target: End) -> str:
    """What is wrong with the types of two ends, in a sentence; empty where they match."""
    if source == (INPUTS, NEW_INPUT):
        port = graph.signatures.of(graph.scope, target[0]).inputs.get(target[1]) if target[0] in graph.nodes else None
        if port is None or declaration(port, graph.signatures.registry) is None:
            return f"An input of the workflow cannot be declared for {named(target)}."
        return ""
    given = output_type(graph, source)
    refusing = _refusing(graph, target, given)
    if refusing:
        return f"{named(source)} gives {given.name}; {named(target)} takes {refusing.name}."
    if _reads(graph, target) and source[0] in graph.nodes:
        return f"{named(target)} names something to read: write it, or link an input of the workflow."
    return ""


def fitting(graph: Graph, end: End, *, output: bool) -> set[End]:
    """Everything that an end may be linked to.

    Args:
        graph: Where.
        end: A port.
        output: Whether it is an output, so that inputs are looked for; else outputs are.
    """
    waiting = reached(graph, end[0], upstream=output)
    others = [one for one in _ends(graph, output=not output) if one[0] not in waiting]
    if output:
        return {one for one in others if not mismatch(graph, end, one)}
    return {one for one in others if not mismatch(graph, one, end)}


def fitting_types(graph: Graph, *, source: End | None = None, target: End | None = None) -> list[str]:
    """The node types that can read an output, that can be read by an input, or that can stand between the two."""
    given = output_type(graph, source) if source else None
    return [
        one.name
        for one in graph.signatures.registry
        if (given is None or input_for(one, given)) and (target is None or output_for(graph, one, target))
    ]


def input_for(node_type: NodeType, given: PortType) -> str:
    """The input of a node type that takes what is given: one that needs a link before one that does not; else empty."""
    ports = [
        port for port in node_type.inputs.values() if not reads_of(port.type.metadata) and _takes(port.type, given)
    ]
    ports.sort(key=lambda port: (port.type.literal, not port.required))
    return ports[0].name if ports else ""


def output_for(graph: Graph, node_type: NodeType, target: End) -> str:
    """The first output of a node type that may be linked to an input; empty where none may."""
    if _reads(graph, target):
        return ""
    return next((name for name, port in node_type.outputs.items() if not _refusing(graph, target, port.type)), "")


def output_type(graph: Graph, source: End) -> PortType:
    """The type of an output; anything where there is no such output."""
    return graph.signatures.type_of(graph.scope, f"{source[0]}.{source[1]}") or ANYTHING


def reached(graph: Graph, box: str, *, upstream: bool) -> set[str]:
    """The boxes that a box waits for, or (not `upstream`) that wait for it; itself among them."""
    neighbours: dict[str, list[str]] = {}
    for source, target in graph.signatures.linked(graph.scope):
        near, far = (target, source) if upstream else (source, target)
        neighbours.setdefault(near[0], []).append(far[0])
    found, pending = {box}, [box]
    while pending:
        for other in neighbours.get(pending.pop(), ()):
            if other not in found:
                found.add(other)
                pending.append(other)
    return found


def named(end: End) -> str:
    """An end in a message."""
    return f"'{end[0]}.{end[1]}'".replace("'>", "'")


def _takes(taking: PortType, given: PortType) -> bool:
    return is_anything(given) or is_anything(taking) or taking.accepts(given)


def _refusing(graph: Graph, target: End, given: PortType) -> PortType | None:
    if target[1] == NEW_EACH:
        return ANY_LIST if given.element is None and not is_anything(given) else None
    return refused_by(graph.signatures, graph.scope, target, given)


def _reads(graph: Graph, target: End) -> bool:
    if target[0] not in graph.nodes:
        return False
    port = graph.signatures.of(graph.scope, target[0]).inputs.get(target[1])
    return port is not None and reads_of(port.type.metadata) is not None


def _has(graph: Graph, end: End, *, output: bool) -> bool:
    box, port = end
    if box in graph.nodes:
        signature = graph.signatures.of(graph.scope, box)
        known = signature.outputs if output else signature.inputs
        # What a type is not known to have is not known to be missing.
        return port in known or not signature.known or port in _growing(graph, box, output=output)
    if box == (graph.source_box if output else graph.sink_box):
        ports = graph.signatures.source(graph.scope) if output else graph.signatures.sink(graph.scope)
        return port in ports or port in _growing(graph, box, output=output)
    return False


def _growing(graph: Graph, box: str, *, output: bool) -> Iterator[str]:
    """The ports of a box on one side that make a new entry."""
    if output == (box == INPUTS and not graph.scope and box not in graph.nodes):
        yield from growing_ports(box, loop=graph.is_loop(box))


def _ends(graph: Graph, *, output: bool) -> Iterator[End]:
    """Every output, or every input, of the boxes of the scope."""
    for box in graph.nodes:
        signature = graph.signatures.of(graph.scope, box)
        ports = signature.outputs if output else signature.inputs
        yield from ((box, port) for port in ports if port not in signature.strays)
        yield from ((box, port) for port in _growing(graph, box, output=output))
    border = graph.source_box if output else graph.sink_box
    ports = graph.signatures.source(graph.scope) if output else graph.signatures.sink(graph.scope)
    yield from ((border, port) for port in ports)
    yield from ((border, port) for port in _growing(graph, border, output=output))
