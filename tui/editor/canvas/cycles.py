"""Which wires run back: without them the rest of the graph has a left and a right."""

from collections.abc import Sequence


def forward_edges(count: int, edges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The edges that can all point right, each once: a depth-first walk leaves out those that close a circle.

    Walks begin at nodes that nothing leads to, then at the first node left, so the result depends on the order alone.
    """
    following: list[dict[int, None]] = [{} for _ in range(count)]
    entered = [False] * count
    for a, b in edges:
        if a != b:
            following[a][b] = None
            entered[b] = True
    done = [0] * count  # 1: on the way to here, 2: left for good
    kept: list[tuple[int, int]] = []
    for start in sorted(range(count), key=lambda node: entered[node]):
        if not done[start]:
            _walk(start, following, done, kept)
    return kept


def _walk(start: int, following: Sequence[dict[int, None]], done: list[int], kept: list[tuple[int, int]]) -> None:
    done[start] = 1
    way = [(start, iter(following[start]))]
    while way:
        node, rest = way[-1]
        after = next(rest, None)
        if after is None:
            done[node] = 2
            way.pop()
        elif done[after] != 1:
            kept.append((node, after))
            if not done[after]:
                done[after] = 1
                way.append((after, iter(following[after])))


def sorted_topologically(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Every node after those that lead to it; the edges must have no cycle."""
    following: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for a, b in edges:
        following[a].append(b)
        waiting[b] += 1
    order = [node for node in range(count) if not waiting[node]]
    for node in order:
        for after in following[node]:
            waiting[after] -= 1
            if not waiting[after]:
                order.append(after)
    return order
