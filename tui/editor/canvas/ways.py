"""The way of one wire around boxes: straight, with one upright run, or with two and a level run between them.

These are tried first, as nearly every wire finds one; what is left goes to the maze.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from latentgraph.tui.editor.canvas.geometry import Position
from latentgraph.tui.editor.canvas.ground import Ground, reach_down, reach_up, span

BEND, CROSSING, BESIDE, TIGHT = 5, 9, 2, 6
"""What a bend, a crossing, a cell along a box and a bend right at a port cost, in cells of length."""
CHOICES = 9
"""How many columns near either end are tried for the upright runs."""


@dataclass(frozen=True, slots=True)
class Own:
    """The cells that the net has already: going along them costs nothing."""

    level: dict[int, int]
    upright: dict[int, int]


@dataclass(frozen=True, slots=True)
class _Turn:
    """A column where a wire may turn off the row of its port: the rows it may turn to, and what it costs to get there.

    Places are those of the window's masks.
    """

    x: int
    rows: int
    level_taken: int
    cost: int


class WayFinder:
    """Ways between two cells of a window."""

    def __init__(self, ground: Ground, own: Own) -> None:
        self.ground, self.own = ground, own
        self._columns: dict[int, int] = {}

    def find(self, start: Position, end: Position) -> list[Position] | None:
        """The corners of the cheapest way, start and end included; None if there is no simple one."""
        ground = self.ground
        sx, sy, tx, ty = start[0] - ground.left, start[1] - ground.top, end[0] - ground.left, end[1] - ground.top
        out = reach_down(ground.level[sy], sx, len(ground.upright) - 1)
        back = reach_up(ground.level[ty], tx)
        if sy == ty and sx <= tx <= out:
            return [start, end]
        cost, corners = min(self._simple(sx, sy, tx, ty, out, back), default=(0, None))
        if corners is None or cost > 3 * BEND + abs(sx - tx) + abs(sy - ty):
            limit = cost if corners is not None else 1 << 30
            better = self._around(sx, sy, tx, ty, out, back, limit)
            corners = better or corners
        return None if corners is None else [(x + ground.left, y + ground.top) for x, y in corners]

    def _simple(
        self, sx: int, sy: int, tx: int, ty: int, out: int, back: int
    ) -> Iterator[tuple[int, list[Position]]]:
        """Ways with one upright run, with what they cost."""
        for x in range(max(sx, back), min(tx, out) + 1):
            turn = self._turn(x, sy, sx, 1)
            if turn is not None and turn.rows >> ty & 1:
                cost = turn.cost + self._upright(turn, sy, ty) + self._level(ty, x, tx) + 2 * BEND
                yield cost + TIGHT * (x == tx), [(sx, sy), (x, sy), (x, ty), (tx, ty)]

    def _around(
        self, sx: int, sy: int, tx: int, ty: int, out: int, back: int, limit: int
    ) -> list[Position] | None:
        """The cheapest way with two upright runs."""
        best: list[Position] | None = None
        firsts = self._turns(range(sx, out + 1), sy, sx, 1)
        lasts = self._turns(range(tx, back - 1, -1), ty, tx, -1)
        level, middle = self.ground.level, (sy + ty) // 2
        for first in firsts:
            for last in lasts:
                rows = first.rows & last.rows
                base = first.cost + last.cost + 4 * BEND + abs(first.x - last.x) // 4
                low, high = min(first.x, last.x), max(first.x, last.x)
                cells = span(low, high)
                while rows:
                    row = _nearest(rows, middle)
                    rows ^= 1 << row
                    if base + 2 * max(0, abs(row - middle) - abs(sy - ty)) >= limit:
                        break
                    if level[row] & cells or first.x == last.x:
                        continue
                    cost = base + self._upright(first, sy, row) + self._upright(last, ty, row)
                    if cost < limit and (cost := cost + self._level(row, low, high)) < limit:
                        limit = cost
                        best = [(sx, sy), (first.x, sy), (first.x, row), (last.x, row), (last.x, ty), (tx, ty)]
        return best

    def _turns(self, columns: range, row: int, port: int, ahead: int) -> list[_Turn]:
        turns: list[_Turn] = []
        for x in columns:
            turn = self._turn(x, row, port, ahead)
            if turn is not None:
                turns.append(turn)
                if len(turns) == CHOICES:
                    break
        return turns

    def _turn(self, x: int, row: int, port: int, ahead: int) -> _Turn | None:
        ground = self.ground
        taken = ground.upright[x]
        if taken >> row & 1:
            return None
        low, high = reach_up(taken, row), reach_down(taken, row, len(ground.level) - 1)
        level_taken = self._columns.get(x)
        if level_taken is None:
            level_taken = self._columns[x] = ground.column_of_level(x)
        rows = span(low, high) & ~level_taken & ~(1 << row)
        cost = self._level(row, min(x, port), max(x, port)) + TIGHT * (x == port)
        return _Turn(x, rows, level_taken, cost)

    def _upright(self, turn: _Turn, start: int, end: int) -> int:
        cells = span(min(start, end), max(start, end))
        new = cells & ~self.own.upright.get(turn.x, 0)
        crossings = new & turn.level_taken
        beside = new & self.ground.beside_columns[turn.x]
        return new.bit_count() + CROSSING * crossings.bit_count() + BESIDE * beside.bit_count()

    def _level(self, row: int, left: int, right: int) -> int:
        new = span(left, right) & ~self.own.level.get(row, 0)
        beside = new & self.ground.beside_rows[row]
        crossings = new & self.ground.crossed[row]
        return new.bit_count() + CROSSING * crossings.bit_count() + BESIDE * beside.bit_count()


def _nearest(bits: int, place: int) -> int:
    """The set bit nearest to a place."""
    above = (bits & span(0, place)).bit_length() - 1
    rest = bits >> (place + 1)
    below = place + (rest & -rest).bit_length() if rest else -1
    if above < 0:
        return below
    if below < 0:
        return above
    return above if place - above <= below - place else below
