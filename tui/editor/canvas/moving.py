"""Boxes that somebody put somewhere: their wires are routed anew, and so are those that they cover; the rest stays."""

from collections.abc import Mapping, Sequence
from statistics import median_low

from latentgraph.tui.editor.canvas.columns import extent
from latentgraph.tui.editor.canvas.geometry import Arrangement, End, Position, Shape, Wire
from latentgraph.tui.editor.canvas.nets import Net, nets_of
from latentgraph.tui.editor.canvas.packing import BETWEEN_PARTS as BETWEEN_ROWS
from latentgraph.tui.editor.canvas.routing import ROUNDS, route, touches

BETWEEN_COLUMNS = 5
"""Free columns beside a box that makes way: two more than between columns, as tracks are not counted here."""


def rerouted(
    arrangement: Arrangement,
    shapes: Mapping[str, Shape],
    wires: Sequence[Wire],
    positions: Mapping[str, Position],
    rounds: int = ROUNDS,
) -> Arrangement:
    """The arrangement with some boxes at other positions."""
    placed = arrangement.positions | dict(positions)
    moved = {key: None for key, where in positions.items() if arrangement.positions.get(key) != where}
    sources = _touched(arrangement, shapes, wires, placed, moved)
    loose = [wire for wire in wires if wire.source in sources]
    standing = {wire: path for wire, path in arrangement.paths.items() if wire.source not in sources}
    paths = standing | route(shapes, placed, nets_of(shapes, loose), standing, rounds)
    # Paths keep the order of the wires, so that a drag changes nothing about who is painted over whom.
    ordered = {wire: paths[wire] for wire in wires if wire in paths}
    return Arrangement(placed, ordered, *extent(shapes, placed, ordered))


def _touched(
    arrangement: Arrangement,
    shapes: Mapping[str, Shape],
    wires: Sequence[Wire],
    placed: Mapping[str, Position],
    moved: Mapping[str, None],
) -> dict[End, None]:
    """The outputs whose nets must be routed anew: at a moved box, under one or right beside it, or without a path."""
    boxes = []
    for key in moved:
        (x, y), shape = placed[key], shapes[key]
        boxes.append((x - 1, y, x + shape.width, y + shape.height - 1))
    sources: dict[End, None] = {}
    for wire in wires:
        if wire.source in sources:
            continue
        path = arrangement.paths.get(wire)
        if path is None or wire.source[0] in moved or wire.target[0] in moved or touches(path, boxes):
            sources[wire.source] = None
    return sources


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


def _followed(
    nets: Sequence[Net], free: Mapping[str, Position], pinned: Mapping[str, Position]
) -> dict[str, Position]:
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


def _outermost(
    shapes: Mapping[str, Shape], key: str, place: Position, fixed: Mapping[str, Position]
) -> Position:
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


def _free_place(
    shapes: Mapping[str, Shape], key: str, place: Position, fixed: Mapping[str, Position]
) -> Position:
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
