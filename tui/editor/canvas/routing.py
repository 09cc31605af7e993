"""Routing around boxes: for boxes that somebody put somewhere, where no free channel is kept for the wires."""

from collections.abc import Iterable, Mapping, Sequence

from latentgraph.tui.editor.canvas.geometry import Position, Segment, Shape, Wire, wire_end, wire_start
from latentgraph.tui.editor.canvas.ground import Ground
from latentgraph.tui.editor.canvas.maze import find_through
from latentgraph.tui.editor.canvas.nets import Net
from latentgraph.tui.editor.canvas.trees import Tree
from latentgraph.tui.editor.canvas.ways import WayFinder

Path = tuple[Segment, ...]
MARGIN = (24, 12)
"""Columns and rows around what is routed where a wire may go: room for a way round."""
ROUNDS = 3
"""How often nets that found no free way may send away those that are in theirs."""


def route(
    shapes: Mapping[str, Shape],
    positions: Mapping[str, Position],
    nets: Sequence[Net],
    standing: Mapping[Wire, Path],
    rounds: int = ROUNDS,
) -> dict[Wire, Path]:
    """A path for every wire of these nets, beside the paths that stand; short nets first.

    Args:
        rounds: How often the nets are tried again in another order if some of them find no free way.
    """
    router = _Router(shapes, positions, nets, standing)
    order = sorted(range(len(nets)), key=lambda number: (router.length(nets[number]), number))
    paths: dict[Wire, Path] = {}
    for turn in range(rounds):
        paths, stuck = router.route([nets[number] for number in order])
        if not stuck or turn == rounds - 1:
            break
        # Whoever found no way chooses first the next time.
        order.sort(key=lambda number: nets[number].source not in stuck)
    return paths


class _Router:
    """The window around some nets and the boxes there."""

    def __init__(
        self,
        shapes: Mapping[str, Shape],
        positions: Mapping[str, Position],
        nets: Sequence[Net],
        standing: Mapping[Wire, Path],
    ) -> None:
        self.shapes, self.positions, self.standing = shapes, positions, standing
        ends = [end for net in nets for end in self._ends(net)]
        keys = {key: None for net in nets for key, _ in (net.source, *net.targets)}
        boxes = [(*positions[key], shapes[key]) for key in keys]
        columns, rows = MARGIN
        self.left = min([x for x, _ in ends] + [x for x, _, _ in boxes], default=0) - columns
        self.right = max([x for x, _ in ends] + [x + box.width for x, _, box in boxes], default=0) + columns
        self.top = min([y for _, y in ends] + [y for _, y, _ in boxes], default=0) - rows
        self.bottom = max([y for _, y in ends] + [y + box.height for _, y, box in boxes], default=0) + rows

    def _ends(self, net: Net) -> list[Position]:
        key, port = net.source
        start = wire_start(self.shapes[key], self.positions[key], port)
        return [start, *(wire_end(self.shapes[key], self.positions[key], port) for key, port in net.targets)]

    def length(self, net: Net) -> int:
        """How far the ends of a net lie apart at the least."""
        ends = self._ends(net)
        xs, ys = [x for x, _ in ends], [y for _, y in ends]
        return max(xs) - min(xs) + max(ys) - min(ys)

    def route(self, nets: Sequence[Net]) -> tuple[dict[Wire, Path], set[tuple[str, str]]]:
        """The paths of the nets, each around those before it, and the outputs of those that found no free way."""
        ground = self._ground()
        paths: dict[Wire, Path] = {}
        stuck: set[tuple[str, str]] = set()
        for net in nets:
            found, free = self._lead(net, ground)
            for path in found.values():
                ground.add_path(path)
            paths |= found
            if not free:
                stuck.add(net.source)
        return paths, stuck

    def _ground(self) -> Ground:
        left, top, right, bottom = self.left, self.top, self.right, self.bottom
        ground = Ground(left, top, right, bottom)
        for key, (x, y) in self.positions.items():
            shape = self.shapes[key]
            if x <= right + 1 and x + shape.width >= left and y <= bottom + 1 and y + shape.height >= top:
                ground.add_box((x, y), shape)
        for path in self.standing.values():
            ground.add_path(path)
        return ground

    def _lead(self, net: Net, ground: Ground) -> tuple[dict[Wire, Path], bool]:
        start, *ends = self._ends(net)
        tree = Tree(start, ground)
        finder = WayFinder(ground, tree.own)
        paths: dict[Wire, Path] = {}
        free = True
        for end, target in sorted(zip(ends, net.targets, strict=True), key=lambda pair: _distance(start, pair[0])):
            corners = finder.find(start, end)
            if corners is None:
                corners, kept = find_through(ground, tree.own, start, end)
                free = free and kept
            paths[Wire(net.source, target)] = tree.grow(corners)
        return paths, free


def _distance(a: Position, b: Position) -> int:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def touches(path: Path, boxes: Iterable[tuple[int, int, int, int]]) -> bool:
    """Whether a path has a cell in one of these boxes, given as their left, top, right and bottom cells."""
    return any(
        run.x1 <= right and left <= run.x2 and run.y1 <= bottom and top <= run.y2
        for left, top, right, bottom in boxes
        for run in path
    )
