"""Where the boxes lie if some are pinned: as if none was, but out of the way of those that somebody put somewhere."""

from collections.abc import Mapping, Sequence
from statistics import median_low

from latentgraph.tui.editor.canvas.drawing import BETWEEN_COLUMNS
from latentgraph.tui.editor.canvas.geometry import Position, Shape
from latentgraph.tui.editor.canvas.nets import Net
from latentgraph.tui.editor.canvas.placement import BETWEEN_BOXES


def make_way(
    shapes: Mapping[str, Shape], nets: Sequence[Net], free: Mapping[str, Position], pinned: Mapping[str, Position]
) -> dict[str, Position]:
    """Where every box lies if some are pinned: the others keep the place that they have, or the next free one."""
    wanted = _followed(nets, free, pinned)
    fixed = {key: pinned[key] for key in free if key in pinned}
    loose = {key: _outermost(shapes, key, wanted[key], fixed) for key in free if key not in fixed}
    # Those that nothing pinned is close to keep their place before the others look for one.
    blocked = [key for key, place in loose.items() if _hits(shapes, key, place, fixed)]
    for key in [*(key for key in loose if key not in blocked), *blocked]:
        fixed[key] = _free_place(shapes, key, loose[key], fixed)
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


def _outermost(shapes: Mapping[str, Shape], key: str, place: Position, pinned: Mapping[str, Position]) -> Position:
    """The place moved left of all pinned boxes for a first box, right of them for a last one."""
    x, y = place
    if shapes[key].place == "first":
        x = min([x, *(left - shapes[key].width - BETWEEN_COLUMNS for left, _ in pinned.values() if left < x)])
    elif shapes[key].place == "last":
        ends = [left + shapes[other].width for other, (left, _) in pinned.items() if left > x]
        x = max([x, *(end + BETWEEN_COLUMNS for end in ends)])
    return max(0, x), y


def _hits(shapes: Mapping[str, Shape], key: str, place: Position, fixed: Mapping[str, Position]) -> bool:
    """Whether a box would be too close to another one."""
    (x, y), shape = place, shapes[key]
    return any(
        x < u + shapes[other].width + BETWEEN_COLUMNS
        and u < x + shape.width + BETWEEN_COLUMNS
        and y < v + shapes[other].height + BETWEEN_BOXES
        and v < y + shape.height + BETWEEN_BOXES
        for other, (u, v) in fixed.items()
    )


def _free_place(shapes: Mapping[str, Shape], key: str, place: Position, fixed: Mapping[str, Position]) -> Position:
    """The nearest place of the same column where a box is not too close to another one."""
    x, y = place
    column = {other: where for other, where in fixed.items() if _hits(shapes, key, (x, where[1]), {other: where})}
    rows = {y}
    for other, (_, v) in column.items():
        rows |= {v + shapes[other].height + BETWEEN_BOXES, v - shapes[key].height - BETWEEN_BOXES}
    near = sorted((row for row in rows if row >= 0), key=lambda row: (abs(row - y), row))
    return x, next(row for row in near if not _hits(shapes, key, (x, row), column))
