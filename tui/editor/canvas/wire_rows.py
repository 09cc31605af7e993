"""Wires by rows: what of them is to be painted in a row of cells, found without looking at all of them.

In a cell where wires of one output meet, a joint is drawn; where wires of two outputs cross, the horizontal one passes
over and the other has a gap.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import is_

from latentgraph.tui.editor.canvas.geometry import End, Segment, Wire
from latentgraph.tui.editor.canvas.glyphs import EAST, NORTH, SOUTH, WEST

_BLOCK = 8
"""Rows whose vertical runs are kept together."""


@dataclass(slots=True)
class WireRow:
    """The wires in one row, from left to right."""

    runs: list[tuple[int, int, End]]
    """First and last cell of each straight horizontal run; those of different nets do not overlap."""
    joints: list[tuple[int, int, End]]
    """Cells that are not plain horizontal: column, arms, net."""

    def runs_between(self, x1: int, x2: int) -> list[tuple[int, int, End]]:
        """The runs that reach into these columns, both included."""
        end = bisect_right(self.runs, x2, key=lambda run: run[0])
        return [run for run in self.runs[:end] if run[1] >= x1]

    def joints_between(self, x1: int, x2: int) -> list[tuple[int, int, End]]:
        """The joints in these columns, both included."""
        start = bisect_left(self.joints, x1, key=lambda joint: joint[0])
        end = bisect_right(self.joints, x2, key=lambda joint: joint[0])
        return self.joints[start:end]

    def arms_at(self, x: int, net: End) -> int:
        """The arms of a net in a cell; 0 where it is not there."""
        for _, arms, other in self.joints_between(x, x):
            if other == net:
                return arms
        return EAST + WEST if any(a < x < b and other == net for a, b, other in self.runs_between(x, x)) else 0


class WireRows:
    """Some wires, of which a change touches only what it changes."""

    def __init__(self, paths: Mapping[Wire, tuple[Segment, ...]]) -> None:
        """Index the ways of wires."""
        self._paths: dict[Wire, tuple[Segment, ...]] = {}
        self._flat: dict[int, dict[Wire, list[tuple[int, int]]]] = {}
        self._upright: dict[int, dict[Wire, list[tuple[int, int, int]]]] = {}
        self._ends: dict[int, dict[Wire, list[tuple[int, int]]]] = {}
        self._rows: dict[int, WireRow] = {}
        self.update(paths)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._paths)

    def update(self, paths: Mapping[Wire, tuple[Segment, ...]]) -> None:
        """Take other ways; wires whose way is the same object cost nothing."""
        for wire, path in self._gone(paths):
            self._remove(wire, path)
        for wire, path in self._new(paths):
            self._add(wire, path)
        self._paths = dict(paths)
        self._rows.clear()

    def _same_wires(self, paths: Mapping[Wire, tuple[Segment, ...]]) -> bool:
        """Whether they are the same wires in the same order, as in a drag; then none has to be looked up."""
        return len(paths) == len(self._paths) and all(map(is_, paths, self._paths))

    def _gone(self, paths: Mapping[Wire, tuple[Segment, ...]]) -> list[tuple[Wire, tuple[Segment, ...]]]:
        if self._same_wires(paths):
            new = paths.values()
            return [(wire, old) for (wire, old), path in zip(self._paths.items(), new, strict=True) if path is not old]
        return [(wire, path) for wire, path in self._paths.items() if paths.get(wire) is not path]

    def _new(self, paths: Mapping[Wire, tuple[Segment, ...]]) -> list[tuple[Wire, tuple[Segment, ...]]]:
        if self._same_wires(paths):
            old = self._paths.values()
            return [(wire, path) for (wire, path), one in zip(paths.items(), old, strict=True) if path is not one]
        return [(wire, path) for wire, path in paths.items() if self._paths.get(wire) is not path]

    def row(self, y: int) -> WireRow:
        """What is to be painted in a row."""
        found = self._rows.get(y)
        if found is None:
            found = self._rows[y] = self._composed(y)
        return found

    def _add(self, wire: Wire, path: tuple[Segment, ...]) -> None:
        for run in path:
            if run.y1 == run.y2:
                self._flat.setdefault(run.y1, {}).setdefault(wire, []).append((run.x1, run.x2))
            else:
                for block in range(run.y1 // _BLOCK, run.y2 // _BLOCK + 1):
                    self._upright.setdefault(block, {}).setdefault(wire, []).append((run.x1, run.y1, run.y2))
        for x, y, arm in _stubs(path):
            self._ends.setdefault(y, {}).setdefault(wire, []).append((x, arm))

    def _remove(self, wire: Wire, path: tuple[Segment, ...]) -> None:
        for run in path:
            if run.y1 == run.y2:
                self._flat.get(run.y1, {}).pop(wire, None)
            else:
                for block in range(run.y1 // _BLOCK, run.y2 // _BLOCK + 1):
                    self._upright.get(block, {}).pop(wire, None)
        for _, y, _ in _stubs(path):
            self._ends.get(y, {}).pop(wire, None)

    def _composed(self, y: int) -> WireRow:
        flat: dict[End, list[tuple[int, int]]] = {}
        for wire, spans in self._flat.get(y, {}).items():
            flat.setdefault(wire.source, []).extend(spans)
        runs = [(a, b, net) for net, here in flat.items() for a, b in _merged(here)]
        runs.sort()
        arms: dict[tuple[int, End], set[int]] = {}
        for a, b, net in runs:
            if b > a:
                arms.setdefault((a, net), set()).add(EAST)
                arms.setdefault((b, net), set()).add(WEST)
        for wire, uprights in self._upright.get(y // _BLOCK, {}).items():
            for x, y1, y2 in uprights:
                if y1 <= y <= y2:
                    joint = arms.setdefault((x, wire.source), set())
                    if y > y1:
                        joint.add(NORTH)
                    if y < y2:
                        joint.add(SOUTH)
        for wire, ends in self._ends.get(y, {}).items():
            for x, arm in ends:
                arms.setdefault((x, wire.source), set()).add(arm)
        return WireRow(runs, _joints(runs, arms))


def _joints(runs: list[tuple[int, int, End]], arms: dict[tuple[int, End], set[int]]) -> list[tuple[int, int, End]]:
    """The cells that are more than a piece of a run, without those that another net's run passes over."""
    joints = []
    for (x, net), here in arms.items():
        covering = _covering(runs, x)
        if covering is not None:
            if covering == net:
                here |= {EAST, WEST}
            elif here <= {NORTH, SOUTH}:
                continue
        total = sum(here)
        joints.append((x, total, net))
    joints.sort()
    return joints


def _covering(runs: list[tuple[int, int, End]], x: int) -> End | None:
    """The net whose run goes through a column, and does not end there."""
    end = bisect_left(runs, x, key=lambda run: run[0])
    return next((net for a, b, net in runs[max(0, end - 2) : end] if a < x < b), None)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans without overlap; those that only lie side by side stay apart."""
    merged: list[tuple[int, int]] = []
    for a, b in sorted(spans):
        if merged and a <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(b, merged[-1][1]))
        else:
            merged.append((a, b))
    return merged


def _stubs(path: tuple[Segment, ...]) -> list[tuple[int, int, int]]:
    """The arms by which a wire reaches its ports: one into the source's box, one into the target's."""
    if not path:
        return []
    (x1, y1), (x2, y2) = ends_of(path)
    return [(x1, y1, WEST), (x2, y2, EAST)]


def ends_of(path: tuple[Segment, ...]) -> tuple[tuple[int, int], tuple[int, int]]:
    """The first and the last cell of a way."""
    if len(path) == 1:
        only = path[0]
        return (only.x1, only.y1), (only.x2, only.y2)
    return _outer(path[0], path[1]), _outer(path[-1], path[-2])


def _outer(run: Segment, neighbour: Segment) -> tuple[int, int]:
    """The end of a run that its neighbour does not begin at."""
    first, last = (run.x1, run.y1), (run.x2, run.y2)
    corners = {(neighbour.x1, neighbour.y1), (neighbour.x2, neighbour.y2)}
    return last if first in corners and last not in corners else first
