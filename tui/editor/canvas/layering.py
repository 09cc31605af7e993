"""The column of each box: the longest way to it, then as far right as it makes its wires shorter."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from latentgraph.tui.editor.canvas.cycles import sorted_topologically


@dataclass(slots=True)
class _Boxes:
    """Who leads to whom among the boxes, and the nets that say what a move to another layer costs."""

    layers: list[int]
    before: list[list[int]]
    after: list[list[int]]
    nets: Sequence[tuple[int, Sequence[int]]]
    leaving: list[list[int]] = field(default_factory=list)
    entering: list[list[int]] = field(default_factory=list)

    def length(self, node: int, layer: int) -> int:
        """How many layers the wires of a node would span with the node in that layer."""
        layers = self.layers
        total = sum(max(layers[target] for target in self.nets[net][1]) - layer for net in self.leaving[node])
        for net in self.entering[node]:
            others = [layers[target] for target in self.nets[net][1] if target != node]
            total += max([layer, *others]) - layers[self.nets[net][0]]
        return total

    def bounds(self, node: int, last: int) -> tuple[int, int]:
        """The leftmost and the rightmost layer that keep the wires of a node pointing right."""
        layers = self.layers
        low = max((layers[other] + 1 for other in self.before[node]), default=0)
        high = min((layers[other] - 1 for other in self.after[node]), default=last)
        return low, high


def layers_of(
    count: int,
    edges: Sequence[tuple[int, int]],
    nets: Sequence[tuple[int, Sequence[int]]],
    first: Sequence[int] = (),
    last: Sequence[int] = (),
) -> list[int]:
    """The layer of each node, from 0 and without empty layers.

    Args:
        edges: Without a cycle, none into a first node, none out of a last one.
        nets: Source and targets of each net, of forward edges only.
    """
    order = sorted_topologically(count, edges)
    boxes = _boxes(count, edges, nets, order)
    deepest = max(boxes.layers, default=0)
    for node in last:
        boxes.layers[node] = deepest
    fixed = {*first, *last}
    free = [node for node in order if node not in fixed]
    # Ties go right in the first turn, so that whole chains without an input of their own come close to their reader.
    for nodes, eager in ((free[::-1], True), (free, False), (free[::-1], False)):
        for node in nodes:
            _settle(boxes, node, deepest, eager)
    used = sorted(set(boxes.layers))
    rank = {layer: index for index, layer in enumerate(used)}
    return [rank[layer] for layer in boxes.layers]


def _boxes(
    count: int, edges: Sequence[tuple[int, int]], nets: Sequence[tuple[int, Sequence[int]]], order: Sequence[int]
) -> _Boxes:
    boxes = _Boxes([0] * count, [[] for _ in range(count)], [[] for _ in range(count)], nets)
    for a, b in edges:
        boxes.before[b].append(a)
        boxes.after[a].append(b)
    for node in order:
        boxes.layers[node] = max((boxes.layers[other] + 1 for other in boxes.before[node]), default=0)
    boxes.leaving, boxes.entering = [[] for _ in range(count)], [[] for _ in range(count)]
    for index, (source, targets) in enumerate(nets):
        boxes.leaving[source].append(index)
        for target in dict.fromkeys(targets):
            boxes.entering[target].append(index)
    return boxes


def _settle(boxes: _Boxes, node: int, last: int, eager: bool) -> None:
    if not boxes.leaving[node]:
        return
    low, high = boxes.bounds(node, last)
    here = boxes.layers[node]
    best = boxes.length(node, here)
    for layer in (high, low):
        length = boxes.length(node, layer)
        if length < best or (eager and length == best and layer > boxes.layers[node]):
            boxes.layers[node], best = layer, length
