"""Boxes that somebody put somewhere: their wires are routed anew, and so are those that they cover; the rest stays."""

from collections.abc import Mapping, Sequence
from operator import is_
from statistics import median_low

from latentgraph.tui.editor.canvas.columns import extent
from latentgraph.tui.editor.canvas.geometry import Arrangement, End, Position, Segment, Shape, Wire
from latentgraph.tui.editor.canvas.nets import Net, nets_of
from latentgraph.tui.editor.canvas.packing import BETWEEN_PARTS as BETWEEN_ROWS
from latentgraph.tui.editor.canvas.routing import route, touches
from latentgraph.tui.editor.canvas.ways import LASTING, Effort

BETWEEN_COLUMNS = 5
"""Free columns beside a box that makes way: two more than between columns, as tracks are not counted here."""


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
    return {wire.source: None for wire, path in standing if any(_share(one, two) for one in path for two in runs)}


def _share(one: Segment, two: Segment) -> bool:
    meet = one.x1 <= two.x2 and two.x1 <= one.x2 and one.y1 <= two.y2 and two.y1 <= one.y2
    crossing = (
        one.horizontal != two.horizontal
        and (one.x1 < two.x1 < one.x2 or two.x1 < one.x1 < two.x2)
        and (one.y1 < two.y1 < one.y2 or two.y1 < one.y1 < two.y2)
    )
    return meet and not crossing


def make_way(
    shapes: Mapping[str, Shape], nets: Sequence[Net], free: Mapping[str, Position], pinned: Mapping[str, Position]
) -> dict[str, Position]:
    """Where every box lies if some are pinned: the others keep the place that they have, or the next free one."""
    wanted = _followed(nets, free, pinned)
    fixed = {key: pinned[key] for key in free if key in pinned}
    clear = {key: place for key, place in wanted.items() if key not in fixed and not _hits(shapes, key, place, fixed)}
    fixed |= {key: place for key, place in clear.items() if not shapes[key].place}
    for key, place in wanted.items():
        if key not in fixed:
            fixed[key] = _free_place(shapes, key, _outermost(shapes, key, place, fixed), fixed)
    return {key: fixed[key] for key in free}


def _followed(nets: Sequence[Net], free: Mapping[str, Position], pinned: Mapping[str, Position]) -> dict[str, Position]:
    """The places of all boxes if those not pinned go along with the pinned ones, once these are the most.

    A box that only pinned ones are linked to goes along with these: it was just put between them.
    """
    shifts = {key: (pinned[key][0] - x, pinned[key][1] - y) for key, (x, y) in free.items() if key in pinned}
    if 2 * len(shifts) <= len(free):
        return dict(free)
    common = _median(list(shifts.values()))
    near: dict[str, list[str]] = {key: [] for key in free}
    for net in nets:
        for target, _ in net.targets:
            near[net.source[0]].append(target)
            near[target].append(net.source[0])
    places = {}
    for key, (x, y) in free.items():
        around = near[key]
        own = [shifts[other] for other in around if other in shifts]
        dx, dy = _median(own) if own and len(own) == len(around) else common
        places[key] = (max(0, x + dx), max(0, y + dy))
    return places


def _median(shifts: Sequence[Position]) -> Position:
    return median_low(x for x, _ in shifts), median_low(y for _, y in shifts)


def _outermost(shapes: Mapping[str, Shape], key: str, place: Position, fixed: Mapping[str, Position]) -> Position:
    """The place moved left of all others for a first box, right of them for a last one."""
    x, y = place
    if shapes[key].place == "first":
        x = min([x, *(other - shapes[key].width - BETWEEN_COLUMNS for other, _ in fixed.values())])
    elif shapes[key].place == "last":
        x = max([x, *(left + shapes[other].width + BETWEEN_COLUMNS for other, (left, _) in fixed.items())])
    return max(0, x), y


def _hits(shapes: Mapping[str, Shape], key: str, place: Position, fixed: Mapping[str, Position]) -> list[str]:
    """The boxes that one would be too close to."""
    (x, y), shape = place, shapes[key]
    return [
        other
        for other, (u, v) in fixed.items()
        if x < u + shapes[other].width + BETWEEN_COLUMNS
        and u < x + shape.width + BETWEEN_COLUMNS
        and y < v + shapes[other].height + BETWEEN_ROWS
        and v < y + shape.height + BETWEEN_ROWS
    ]


def _free_place(shapes: Mapping[str, Shape], key: str, place: Position, fixed: Mapping[str, Position]) -> Position:
    """The nearest place of the same column where a box is not too close to another one."""
    x, y = place
    shape = shapes[key]
    column = {other: where for other, where in fixed.items() if _hits(shapes, key, (x, where[1]), {other: where})}
    rows = {y}
    for other, (_, v) in column.items():
        rows |= {v + shapes[other].height + BETWEEN_ROWS, v - shape.height - BETWEEN_ROWS}
    for row in sorted((row for row in rows if row >= 0), key=lambda row: (abs(row - y), row)):
        if not _hits(shapes, key, (x, row), column):
            return x, row
    return x, y
