"""Tracks: the columns that the upright parts of wires take in the channel between two layers.

Every net that does not go straight through has one upright run, with a stub to each of its pins. Where one net has a
pin on the left and another one on the right of the same row, the first must turn before the second: its track lies
further left. If such demands form a circle, one of the nets changes tracks on the way, in a row without pins.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Rail:
    """A net in a channel: the rows where it comes in from the left and goes out to the right, and any others."""

    net: int
    left: list[int]
    right: list[int]
    low: int = 0
    high: int = 0
    column: int = 0
    turn: "Rail | None" = None
    """The second upright run of a net that changes tracks; it leads on to the pins on the right."""
    jog: int = 0
    """The row where it changes."""

    def __post_init__(self) -> None:
        rows = self.left + self.right
        self.low, self.high = min(rows), max(rows)

    @property
    def straight(self) -> bool:
        """Whether the net goes through without turning."""
        return self.low == self.high


def lay_tracks(rails: Sequence[Rail]) -> int:
    """Give every rail its column, 0 being the leftmost; returns how many columns there are."""
    runs = [rail for rail in rails if not rail.straight]
    demands = _demands(runs)
    used = {row for rail in rails for row in rail.left + rail.right}
    while cycle := _cycle(len(runs), demands):
        _change_tracks(runs, demands, cycle, used)
    placed: list[Rail] = []
    for index in _sorted(runs, demands):
        run = runs[index]
        # Runs that do not touch share a column, with a free row between: else two corners read as one wire.
        close = (other.column + 1 for other in placed if other.low <= run.high + 1 and run.low <= other.high + 1)
        run.column = max(close, default=0)
        placed.append(run)
    return max((run.column + 1 for run in runs), default=0)


def _demands(runs: Sequence[Rail]) -> list[tuple[int, int]]:
    """Pairs of runs of which the first must lie left of the second."""
    coming = {row: index for index, run in enumerate(runs) for row in run.left}
    return list(
        dict.fromkeys(
            (coming[row], index)
            for index, run in enumerate(runs)
            for row in run.right
            if row in coming and coming[row] != index
        )
    )


def _cycle(count: int, demands: Sequence[tuple[int, int]]) -> list[int]:
    """Runs of a circle of demands, or none."""
    before: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for a, b in demands:
        before[b].append(a)
        waiting[a] += 1
    free = [index for index in range(count) if not waiting[index]]
    for index in free:
        for other in before[index]:
            waiting[other] -= 1
            if not waiting[other]:
                free.append(other)
    stuck = set(range(count)) - set(free)
    if not stuck:
        return []
    # Whoever is stuck has a successor that is stuck: following them ends in a circle.
    follow = {a: b for a, b in demands if a in stuck and b in stuck}
    way = [min(stuck)]
    while follow[way[-1]] not in way:
        way.append(follow[way[-1]])
    return way[way.index(follow[way[-1]]) :]


def _change_tracks(runs: list[Rail], demands: list[tuple[int, int]], cycle: list[int], used: set[int]) -> None:
    """Split one run of a circle in two: the pins on its left keep the first, those on its right get the second."""
    _, row, index = min(_jog(runs[index], index, used) for index in cycle)
    used.add(row)
    run, number = runs[index], len(runs)
    second = Rail(run.net, [], list(run.right))
    run.right, run.turn, run.jog = [], second, row
    for part in (run, second):
        rows = [*part.left, *part.right, row]
        part.low, part.high = min(rows), max(rows)
    runs.append(second)
    demands[:] = [(a, number if b == index else b) for a, b in demands]
    demands.append((index, number))


def _jog(run: Rail, index: int, used: set[int]) -> tuple[int, int, int]:
    """How far out of its way a run goes to change tracks, and in which row."""
    middle = (run.low + run.high) // 2
    reach = len(used) + run.high - run.low + 1
    rows = (row for far in range(reach + 1) for row in (middle - far, middle + far) if row >= 0 and row not in used)
    row = next(rows)
    return max(0, run.low - row, row - run.high), row, index


def _sorted(runs: Sequence[Rail], demands: Sequence[tuple[int, int]]) -> list[int]:
    """The runs from the left, as demanded, and else so that few stubs cross an upright run."""
    count = len(runs)
    after: list[list[int]] = [[] for _ in runs]
    waiting = [0] * count
    for a, b in demands:
        after[a].append(b)
        waiting[b] += 1
    costs, total = _costs(runs)
    free = [index for index in range(count) if not waiting[index]]
    order: list[int] = []
    while free:
        best = min(free, key=lambda index: (total[index], runs[index].low, index))
        free.remove(best)
        order.append(best)
        for other, cost in costs[best].items():
            total[other] += cost
        for other in after[best]:
            waiting[other] -= 1
            if not waiting[other]:
                free.append(other)
    return order


def _costs(runs: Sequence[Rail]) -> tuple[list[dict[int, int]], list[int]]:
    """What it costs in crossings to lay a run left of another one rather than right of it, and the sums of that."""
    costs: list[dict[int, int]] = [{} for _ in runs]
    by_row = sorted(range(len(runs)), key=lambda index: runs[index].low)
    for position, index in enumerate(by_row):
        for other in by_row[position + 1 :]:
            if runs[other].low > runs[index].high:
                break
            cost = _crossings(runs[index], runs[other]) - _crossings(runs[other], runs[index])
            if cost:
                costs[index][other], costs[other][index] = cost, -cost
    return costs, [sum(row.values()) for row in costs]


def _crossings(left: Rail, right: Rail) -> int:
    """Crossings between two runs if the first lies left of the second."""
    if left.net == right.net:
        return 0
    return sum(right.low < row < right.high for row in left.right) + sum(
        left.low < row < left.high for row in right.left
    )
