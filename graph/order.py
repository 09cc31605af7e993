"""The order in which nodes can run, and the cycles that leave none."""

from __future__ import annotations

from collections.abc import Iterable


def ordered(
    names: Iterable[str], links: Iterable[tuple[str, str]]
) -> tuple[list[str], list[tuple[list[str], set[str]]]]:
    """Sort nodes so that each stands after those it reads.

    Args:
        names: The nodes, in the order in which they are written, which decides where the links leave it open.
        links: Pairs of a node and one that reads it.

    Returns:
        The order, and for each knot of nodes that wait for each other: one cycle in it, as the nodes along it, and all
        of its nodes. Links inside a knot do not count for the order.
    """
    # Importing it costs more than all the rest of a check, and who only looks at a workflow orders nothing.
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from(links)
    try:
        return list(networkx.topological_sort(graph)), []
    except networkx.NetworkXUnfeasible:
        pass
    cycles = []
    for knot in list(networkx.strongly_connected_components(graph)):
        inside = graph.subgraph(knot).copy()
        if inside.number_of_edges():
            cycles.append(([source for source, _ in networkx.find_cycle(inside)], set(knot)))
            graph.remove_edges_from(inside.edges)
    return list(networkx.topological_sort(graph)), cycles
