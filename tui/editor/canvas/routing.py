"""Routing around boxes: for boxes that somebody put somewhere, where no free channel is kept for the wires."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from latentgraph.tui.editor.canvas.geometry import End, Position, Segment, Shape, Wire, wire_end, wire_start
from latentgraph.tui.editor.canvas.ground import Ground
from latentgraph.tui.editor.canvas.maze import find_through, straight_through
from latentgraph.tui.editor.canvas.nets import Net
from latentgraph.tui.editor.canvas.trees import Tree
from latentgraph.tui.editor.canvas.ways import LASTING, Effort, WayFinder

Path = tuple[Segment, ...]
MARGIN = (24, 12)
"""Columns and rows around what is routed where a wire may go: room for a way round."""


FEW = 80
"""More nets than this are not polished."""


def route(
    shapes: Mapping[str, Shape],
    positions: Mapping[str, Position],
    nets: Sequence[Net],
    standing: Sequence[Path],
    effort: Effort = LASTING,
) -> tuple[dict[Wire, Path], list[Path]]:
    """A path for every wire of these nets, beside the paths that stand, and those among them that are not free."""
    if not nets:
        return {}, []
    router = _Router(shapes, positions, nets, standing, effort)
    order = sorted(nets, key=router.length)
    router.route(order)
    for _ in range(effort.rounds if router.cut else 0):
        # Whoever found no way chooses first the next time.
        order.sort(key=lambda net: net.source not in router.cut)
        router = _Router(shapes, positions, nets, standing, effort)
        router.route(order)
        if not router.cut:
            break
    for _ in range(effort.polish):
        router.polish(order if len(nets) <= FEW else [])
        router.retry(order)
    paths = {Wire(net.source, target): router.paths[net.source][target] for net in nets for target in net.targets}
    return paths, [path for source in router.cut for path in router.paths[source].values()]


class _Router:
    """The window around some nets and the boxes there."""

    def __init__(
        self,
        shapes: Mapping[str, Shape],
        positions: Mapping[str, Position],
        nets: Sequence[Net],
        standing: Sequence[Path],
        effort: Effort,
    ) -> None:
        self.effort = effort
        self.shapes, self.positions, self.nets, self.standing = shapes, positions, nets, standing
        ends = [end for net in nets for end in self._ends(net)]
        keys = {key: None for net in nets for key, _ in (net.source, *net.targets)}
        boxes = [(*positions[key], shapes[key]) for key in keys]
        columns, rows = MARGIN
        self.left = min([x for x, _ in ends] + [x for x, _, _ in boxes], default=0) - columns
        self.right = max([x for x, _ in ends] + [x + box.width for x, _, box in boxes], default=0) + columns
        self.top = min([y for _, y in ends] + [y for _, y, _ in boxes], default=0) - rows
        self.bottom = max([y for _, y in ends] + [y + box.height for _, y, box in boxes], default=0) + rows
        self.ground = self._ground()
        self.paths: dict[End, dict[End, Path]] = {}
        """By output: the path to each input."""
        self.cut: dict[End, None] = {}
        """The outputs of nets that share cells with others, for want of a free way."""
        self.rough = False
        """Whether any path ever shared cells with another one or with a box."""

    def _ends(self, net: Net) -> list[Position]:
        key, port = net.source
        start = wire_start(self.shapes[key], self.positions[key], port)
        return [start, *(wire_end(self.shapes[key], self.positions[key], port) for key, port in net.targets)]

    def length(self, net: Net) -> int:
        """How far the ends of a net lie apart at the least."""
        ends = self._ends(net)
        xs, ys = [x for x, _ in ends], [y for _, y in ends]
        return max(xs) - min(xs) + max(ys) - min(ys)

    def route(self, nets: Sequence[Net]) -> None:
        """Lead each net around those before it. One without a free way sends away those that lie in its shortest."""
        waiting = deque(nets)
        turns: dict[End, int] = {}
        while waiting:
            net = waiting.popleft()
            turns[net.source] = turns.get(net.source, 0) + 1
            paths, free = self._lead(net)
            if not free and turns[net.source] <= self.effort.rounds:
                waiting += self._send_away(net, list(paths.values()))
            self._take(net, paths, free)

    def polish(self, nets: Sequence[Net]) -> None:
        """Lead each net again, now that all the others have their paths."""
        for net in nets:
            self._free([net.source])
            self._take(net, *self._lead(net))

    def retry(self, nets: Sequence[Net]) -> None:
        """Route those again that found no free way; the others may have come to lie elsewhere."""
        cut = [net for net in nets if net.source in self.cut]
        self._free([net.source for net in cut])
        self.route(cut)

    def _take(self, net: Net, paths: dict[End, Path], free: bool) -> None:
        self.ground.add_paths(paths.values())
        self.paths[net.source] = paths
        if not free:
            self.cut[net.source] = None

    def _free(self, sources: Sequence[End]) -> None:
        """Take back the paths of some nets."""
        freed = [path for source in sources for path in self.paths.pop(source).values()]
        for source in sources:
            self.cut.pop(source, None)
        if self.rough:
            # A path that shares cells cannot be taken out by itself.
            self.ground = self._ground()
            for paths in self.paths.values():
                self.ground.add_paths(paths.values())
        else:
            for path in freed:
                self.ground.remove_path(path)

    def _send_away(self, net: Net, paths: Sequence[Path]) -> list[Net]:
        """Take back the nets that share a cell with these paths of another one."""
        runs = [run for path in paths for run in path]
        away = [
            other
            for other in self.nets
            if other is not net
            and other.source in self.paths
            and any(shares(path, runs) for path in self.paths[other.source].values())
        ]
        self._free([other.source for other in away])
        return away

    def _ground(self) -> Ground:
        left, top, right, bottom = self.left, self.top, self.right, self.bottom
        ground = Ground(left, top, right, bottom)
        for key, (x, y) in self.positions.items():
            shape = self.shapes[key]
            if x <= right + 1 and x + shape.width >= left and y <= bottom + 1 and y + shape.height >= top:
                ground.add_box((x, y), shape)
        ground.add_paths(self.standing)
        for net in self.nets:
            start, *ends = self._ends(net)
            ground.add_exit(start, 1)
            for end in ends:
                ground.add_exit(end, -1)
        return ground

    def _lead(self, net: Net) -> tuple[dict[End, Path], bool]:
        start, *ends = self._ends(net)
        tree = Tree(start, self.ground)
        finder = WayFinder(self.ground, tree.own, self.effort)
        paths: dict[End, Path] = {}
        free = True
        for end, target in sorted(zip(ends, net.targets, strict=True), key=lambda pair: _distance(start, pair[0])):
            corners = finder.find(start, end)
            if corners is None:
                corners, kept = self._squeeze(tree, end)
                free = free and kept
            paths[target] = tree.grow(corners)
        return paths, free

    def _squeeze(self, tree: Tree, end: Position) -> tuple[list[Position], bool]:
        """Any way at all, and whether it is a free one; over other wires or under boxes if it must be."""
        corners = find_through(self.ground, tree.start, end, over_wires=False)
        if corners is not None:
            return corners, True
        self.rough = True
        corners = find_through(self.ground, tree.start, end, over_wires=True)
        # Under a box no order of the nets would help: that is no reason to try another one.
        return corners or straight_through(tree.start, end), corners is None


def _distance(a: Position, b: Position) -> int:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def touches(path: Path, boxes: Iterable[tuple[int, int, int, int]]) -> bool:
    """Whether a path has a cell in one of these boxes, given as their left, top, right and bottom cells."""
    for left, top, right, bottom in boxes:
        for run in path:
            if run.x1 <= right and left <= run.x2 and run.y1 <= bottom and top <= run.y2:
                return True
    return False


def shares(path: Path, runs: Iterable[Segment]) -> bool:
    """Whether a path shares a cell with one of these runs of another net other than by crossing it."""
    return any(_share(one, two) for one in path for two in runs)


def _share(one: Segment, two: Segment) -> bool:
    meet = one.x1 <= two.x2 and two.x1 <= one.x2 and one.y1 <= two.y2 and two.y1 <= one.y2
    crossing = (
        one.horizontal != two.horizontal
        and (one.x1 < two.x1 < one.x2 or two.x1 < one.x1 < two.x2)
        and (one.y1 < two.y1 < one.y2 or two.y1 < one.y1 < two.y2)
    )
    return meet and not crossing
