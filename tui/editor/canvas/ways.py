"""The way of one wire around boxes: straight, with one upright run, or with two and a level run between them.

These are tried first, as nearly every wire finds one; what is left goes to the maze.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from latentgraph.tui.editor.canvas.geometry import Position
from latentgraph.tui.editor.canvas.ground import Ground, reach_down, reach_up, span

BEND, CROSSING, BESIDE, TIGHT, EXIT = 5, 9, 1, 6, 6
"""What a bend, a crossing, a cell along a box, a bend right at a port and passing a port cost, in cells of length."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work routing is worth: all of it for a picture that stays, little while a box is dragged."""

    rounds: int
    """How often a net without a free way may send away those that are in it."""
    polish: int
    """How often every net is routed again, knowing where the others lie."""
    choices: int
    """Columns that are tried near either end of a wire."""
    reach: int
    """Rows that are tried above and below either end."""
    content: int
    """What a simple way may cost beyond its length for no other one to be looked for."""


LASTING = Effort(rounds=5, polish=2, choices=9, reach=60, content=15)
QUICK = Effort(rounds=3, polish=0, choices=4, reach=16, content=40)


@dataclass(frozen=True, slots=True)
class Own:
    """The cells that the net has already: going along them costs nothing."""

    level: dict[int, int]
    upright: dict[int, int]


@dataclass(frozen=True, slots=True)
class _Turn:
    """A column where a wire may turn off the row of its port, and what it costs to get there.

    Places are those of the window's masks.
    """

    x: int
    rows: int
    """The rows where the wire may turn again."""
    level_taken: int
    """The rows where a foreign wire crosses the column."""
    cost: int


class WayFinder:
    """Ways between two cells of a window."""

    def __init__(self, ground: Ground, own: Own, effort: Effort) -> None:
        self.ground, self.own, self.effort = ground, own, effort

    def find(self, start: Position, end: Position) -> list[Position] | None:
        """The corners of the cheapest way, start and end included; None if there is no simple one."""
        ground = self.ground
        sx, sy, tx, ty = start[0] - ground.left, start[1] - ground.top, end[0] - ground.left, end[1] - ground.top
        out = reach_down(ground.level[sy], sx, len(ground.upright) - 1)
        back = reach_up(ground.level[ty], tx)
        if sy == ty and sx <= tx <= out:
            return [start, end]
        cost, corners = min(self._simple(sx, sy, tx, ty, out, back), default=(0, None))
        if corners is None or cost > self.effort.content + abs(sx - tx) + abs(sy - ty):
            limit = cost if corners is not None else 1 << 30
            better = self._around(sx, sy, tx, ty, out, back, limit)
            corners = better or corners
        return None if corners is None else [(x + ground.left, y + ground.top) for x, y in corners]

    def _simple(self, sx: int, sy: int, tx: int, ty: int, out: int, back: int) -> Iterator[tuple[int, list[Position]]]:
        """Ways with one upright run, with what they cost."""
        for x in range(max(sx, back), min(tx, out) + 1):
            turn = self._turn(x, sy, sx)
            if turn is not None and turn.rows >> ty & 1:
                cost = turn.cost + self._upright(turn, sy, ty) + self._level(ty, x, tx) + 2 * BEND
                yield cost + TIGHT * (x == tx), [(sx, sy), (x, sy), (x, ty), (tx, ty)]

    def _around(self, sx: int, sy: int, tx: int, ty: int, out: int, back: int, limit: int) -> list[Position] | None:
        """The cheapest way with two upright runs, if it costs less than the limit."""
        best: list[Position] | None = None
        near = self._near(sy) | self._near(ty)
        level, own = self.ground.level, self.own.level
        firsts = self._turns(range(sx, out + 1), sy, sx)
        lasts = [(turn, dict(self._climbs(turn, ty, near))) for turn in self._turns(range(tx, back - 1, -1), ty, tx)]
        for first in firsts:
            climbs = sorted((cost, row) for row, cost in self._climbs(first, sy, near))
            for last, descents in lasts:
                base = first.cost + last.cost + 4 * BEND
                low, high = min(first.x, last.x), max(first.x, last.x)
                cells, length = span(low, high), high - low
                if not own:
                    base += length
                for climb, row in climbs:
                    if base + climb >= limit:
                        break
                    cost = base + climb + descents.get(row, limit)
                    if cost >= limit or level[row] & cells:
                        continue
                    cost += self._level(row, low, high) - (0 if own else length)
                    if cost < limit:
                        limit = cost
                        best = [(sx, sy), (first.x, sy), (first.x, row), (last.x, row), (last.x, ty), (tx, ty)]
        return best

    def _near(self, row: int) -> int:
        reach = self.effort.reach
        return span(max(0, row - reach), min(row + reach, len(self.ground.level) - 1))

    def _climbs(self, turn: _Turn, start: int, near: int) -> Iterator[tuple[int, int]]:
        """The rows that an upright run in a column leads to, with what it costs; cell by cell, as many are wanted."""
        ground, x = self.ground, turn.x
        own, crossings = self.own.upright.get(x, 0), turn.level_taken
        exits = ground.exits[x] & ~crossings
        beside = ground.beside_columns[x]
        dear = crossings | exits | beside
        wanted = turn.rows & near
        low, high = (wanted & -wanted).bit_length() - 1, wanted.bit_length()
        for rows in (range(start + 1, high), range(start - 1, max(low, 0) - 1, -1)):
            cost = 0
            for row in rows:
                if not own >> row & 1:
                    cost += 1
                    if dear >> row & 1:
                        cost += CROSSING * (crossings >> row & 1) + EXIT * (exits >> row & 1)
                        cost += BESIDE * (beside >> row & 1)
                if wanted >> row & 1:
                    yield row, cost

    def _turns(self, columns: range, row: int, port: int) -> list[_Turn]:
        """The first columns from a port on where its wire may turn."""
        turns = (self._turn(x, row, port) for x in columns)
        return list(islice((turn for turn in turns if turn is not None), self.effort.choices))

    def _turn(self, x: int, row: int, port: int) -> _Turn | None:
        ground = self.ground
        taken = ground.upright[x]
        if taken >> row & 1:
            return None
        low, high = reach_up(taken, row), reach_down(taken, row, len(ground.level) - 1)
        level_taken = ground.column_of_level(x)
        rows = span(low, high) & ~level_taken & ~(1 << row)
        cost = self._level(row, min(x, port), max(x, port)) + TIGHT * (x == port)
        return _Turn(x, rows, level_taken, cost)

    def _upright(self, turn: _Turn, start: int, end: int) -> int:
        cells = span(min(start, end), max(start, end))
        new = cells & ~self.own.upright.get(turn.x, 0)
        ground = self.ground
        crossings = new & turn.level_taken
        beside = new & ground.beside_columns[turn.x]
        exits = new & ground.exits[turn.x] & ~crossings & ~(1 << start)
        return (
            new.bit_count() + CROSSING * crossings.bit_count() + BESIDE * beside.bit_count() + EXIT * exits.bit_count()
        )

    def _level(self, row: int, left: int, right: int) -> int:
        new = span(left, right) & ~self.own.level.get(row, 0)
        beside = new & self.ground.beside_rows[row]
        crossings = new & self.ground.crossed[row]
        return new.bit_count() + CROSSING * crossings.bit_count() + BESIDE * beside.bit_count()
