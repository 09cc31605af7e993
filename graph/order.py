"""The order in which nodes can run, and the cycles that leave none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Links = Iterable[tuple[str, str]]
"""Pairs of a node and one that reads it."""
Cycles = list[tuple[list[str], set[str]]]
"""For each knot of nodes that wait for each other: one cycle in it, as the nodes along it, and all of its nodes."""


def ordered(names: Iterable[str], links: Links) -> tuple[list[str], Cycles]:
    """Sort nodes so that each stands after those it reads.

    Args:
        names: The nodes, in the order in which they are written, which decides where the links leave it open.
        links: Between them.

    Returns:
        The order, and the cycles. Links inside a knot do not count for the order.
    """
    nodes, distinct = list(names), dict.fromkeys(links)
    order = _sorted(nodes, distinct)
    return (order, []) if len(order) == len(nodes) else _around_cycles(nodes, distinct)


def _sorted(nodes: Sequence[str], links: Links) -> list[str]:
    """Kahn's algorithm, in the order of networkx's topological sort; what is in a cycle or behind one is left out."""
    readers: dict[str, list[str]] = {name: [] for name in nodes}
    awaited = dict.fromkeys(nodes, 0)
    for source, reader in links:
        readers[source].append(reader)
        awaited[reader] += 1
    order = [name for name, count in awaited.items() if not count]
    for name in order:
        for reader in readers[name]:
            awaited[reader] -= 1
            if not awaited[reader]:
                order.append(reader)  # It is its own queue.
    return order


def _around_cycles(nodes: Sequence[str], links: Links) -> tuple[list[str], Cycles]:
    # Imported where there is a cycle: it costs more than all the rest of a check.
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(links)
    cycles = []
    for knot in list(networkx.strongly_connected_components(graph)):
        inside = graph.subgraph(knot).copy()
        if inside.number_of_edges():
            cycles.append(([source for source, _ in networkx.find_cycle(inside)], set(knot)))
            graph.remove_edges_from(inside.edges)
    return list(networkx.topological_sort(graph)), cycles
