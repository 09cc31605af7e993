"""Boxes that somebody put somewhere: their wires are routed anew, and so are those that they cover; the rest stays."""

from collections.abc import Mapping, Sequence
from operator import is_

from latentgraph.tui.editor.canvas.columns import extent
from latentgraph.tui.editor.canvas.geometry import Arrangement, End, Position, Segment, Shape, Wire
from latentgraph.tui.editor.canvas.nets import nets_of
from latentgraph.tui.editor.canvas.routing import route, shares, touches
from latentgraph.tui.editor.canvas.ways import LASTING, Effort


def rerouted(
    arrangement: Arrangement,
    shapes: Mapping[str, Shape],
    wires: Sequence[Wire],
    positions: Mapping[str, Position],
    effort: Effort = LASTING,
) -> Arrangement:
    """The arrangement with some boxes at other positions."""
    placed = arrangement.positions | dict(positions)
    moved = [key for key, where in positions.items() if arrangement.positions.get(key) != where]
    paths = _paths_of(arrangement, wires)
    sources = _touched(shapes, paths, placed, moved)
    sources |= {wire.source: None for wire in wires if wire not in paths} if len(paths) < len(wires) else {}
    for _ in range(2):
        loose = nets_of(shapes, [wire for wire in wires if wire.source in sources])
        standing = [(wire, path) for wire, path in paths.items() if wire.source not in sources]
        found, cut = route(shapes, placed, loose, [path for _, path in standing], effort)
        paths.update(found)
        in_the_way = _sharing(standing, cut) if cut else {}
        if not in_the_way:
            break
        # A wire that leaves another one no way has to be routed anew as well.
        sources |= in_the_way
    return Arrangement(placed, paths, *extent(shapes, placed, paths))


def _paths_of(arrangement: Arrangement, wires: Sequence[Wire]) -> dict[Wire, tuple[Segment, ...]]:
    """The paths of those wires that have one, in the order of the wires."""
    if len(wires) == len(arrangement.paths) and all(map(is_, wires, arrangement.paths)):
        return dict(arrangement.paths)  # the case of a drag; looking up a thousand wires takes longer than routing
    return {wire: arrangement.paths[wire] for wire in wires if wire in arrangement.paths}


def _touched(
    shapes: Mapping[str, Shape],
    paths: Mapping[Wire, tuple[Segment, ...]],
    placed: Mapping[str, Position],
    moved: Sequence[str],
) -> dict[End, None]:
    """The outputs whose nets must be routed anew: those at a moved box, and those under one or right beside it."""
    boxes = []
    for key in moved:
        (x, y), shape = placed[key], shapes[key]
        boxes.append((x - 1, y, x + shape.width, y + shape.height - 1))
    keys = dict.fromkeys(moved)
    return {
        wire.source: None
        for wire, path in paths.items()
        if wire.source[0] in keys or wire.target[0] in keys or touches(path, boxes)
    }


def _sharing(
    standing: Sequence[tuple[Wire, tuple[Segment, ...]]], cut: Sequence[tuple[Segment, ...]]
) -> dict[End, None]:
    """The outputs of standing wires that lie in one line with a part of these paths, which found no free way."""
    runs = [run for path in cut for run in path]
    return {wire.source: None for wire, path in standing if shares(path, runs)}
