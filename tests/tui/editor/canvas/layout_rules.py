"""What every arrangement has to keep, each rule as a function that names what breaks it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from latentgraph.tui.editor.canvas.geometry import Arrangement, Position, Segment, Shape, Wire, wire_end, wire_start


def wires_that_miss(shapes: Mapping[str, Shape], wires: Iterable[Wire], arrangement: Arrangement) -> list[str]:
    """Wires whose path does not run, unbroken and without retracing, from their output to their input."""
    bad = []
    for wire in dict.fromkeys(wires):
        (source, output), (target, input_) = wire.source, wire.target
        start = wire_start(shapes[source], arrangement.positions[source], output)
        end = wire_end(shapes[target], arrangement.positions[target], input_)
        cells = path_cells(arrangement.paths[wire], start)
        if not cells or cells[-1] != end or len(set(cells)) != len(cells):
            bad.append(f"{wire}: {start} to {end} by {arrangement.paths[wire]}")
    return bad


def path_cells(path: Iterable[Segment], start: Position) -> list[Position]:
    """The cells of a path in the order in which a wire takes them; empty if it is broken or does not begin there."""
    cells = [start]
    for run in path:
        row = run.cells()
        assert row == sorted(row)
        if cells[-1] == row[-1]:
            row.reverse()
        if cells[-1] != row[0]:
            return []
        cells += row[1:]
    return cells


def overlapping_boxes(
    shapes: Mapping[str, Shape], positions: Mapping[str, Position], rows: int = 2, columns: int = 3
) -> list[str]:
    """Pairs of boxes with fewer free rows and fewer free columns between them."""
    keys = list(positions)
    bad = []
    for index, one in enumerate(keys):
        (x, y), shape = positions[one], shapes[one]
        for two in keys[index + 1 :]:
            (u, v), other = positions[two], shapes[two]
            beside = x + shape.width + columns <= u or u + other.width + columns <= x
            if not beside and y < v + other.height + rows and v < y + shape.height + rows:
                bad.append(f"{one} at {x, y} and {two} at {u, v}")
    return bad


def wires_through_boxes(shapes: Mapping[str, Shape], arrangement: Arrangement) -> list[str]:
    """Boxes with a wire in one of their cells."""
    return [
        f"{wire} by {run} through {key}"
        for key, (x, y) in arrangement.positions.items()
        for wire, path in arrangement.paths.items()
        for run in path
        if run.x1 < x + shapes[key].width and x <= run.x2 and run.y1 < y + shapes[key].height and y <= run.y2
    ]


def shared_cells(arrangement: Arrangement) -> list[str]:
    """Cells of two nets that are no crossing at right angles of two straight runs."""
    ways: dict[Position, dict[tuple[str, str], int]] = {}
    for wire, path in arrangement.paths.items():
        for run in path:
            # 1: the wire lies here in its row, 2: in its column; both where it turns, ends or branches.
            for cell in run.cells():
                nets = ways.setdefault(cell, {})
                nets[wire.source] = nets.get(wire.source, 0) | (1 if run.horizontal else 2)
    return [f"{cell}: {nets}" for cell, nets in ways.items() if len(nets) > 1 and sorted(nets.values()) != [1, 2]]


def broken_rules(shapes: Mapping[str, Shape], wires: Iterable[Wire], arrangement: Arrangement) -> list[str]:
    """All that is wrong with an arrangement of which nothing is pinned."""
    return [
        *wires_that_miss(shapes, wires, arrangement),
        *overlapping_boxes(shapes, arrangement.positions),
        *wires_through_boxes(shapes, arrangement),
        *shared_cells(arrangement),
    ]
