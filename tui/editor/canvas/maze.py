"""A way for the wires that have no simple one: the way with the fewest bends, or the certainty that there is none.

All cells that a wire can reach with one more bend are found at once, a row of the window in one operation, so even a
hopeless search is short.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from latentgraph.tui.editor.canvas.geometry import Position
from latentgraph.tui.editor.canvas.ground import Ground, reach_down, reach_up, span

MOST_BENDS = 40


@dataclass(frozen=True, slots=True)
class Maze:
    """By row of a window: the columns where a wire may not lie level, not stand upright, and not turn."""

    level: Sequence[int]
    upright: Sequence[int]
    width: int

    def run(self, x: int, y: int) -> int:
        """The level cells that a wire can reach from one, itself included; none if that is taken."""
        taken = self.level[y]
        if taken >> x & 1:
            return 0
        return span(reach_up(taken, x), reach_down(taken, x, self.width - 1))

    def turns(self, y: int) -> int:
        """The cells of a row where a wire may turn."""
        return ~(self.level[y] | self.upright[y])


def find_through(ground: Ground, start: Position, end: Position, over_wires: bool) -> list[Position] | None:
    """The corners of a way with the fewest bends, if there is any way around the boxes and the foreign wires.

    Args:
        over_wires: Whether it may share cells with foreign wires.
    """
    width = len(ground.upright)
    if over_wires:
        maze = Maze(ground.boxes, ground.boxes, width)
    else:
        maze = Maze(ground.level, [a | b for a, b in zip(ground.boxes, ground.crossed, strict=True)], width)
    corners = _solve(maze, start[0] - ground.left, start[1] - ground.top, end[0] - ground.left, end[1] - ground.top)
    return corners and [(x + ground.left, y + ground.top) for x, y in corners]


def straight_through(start: Position, end: Position) -> list[Position]:
    """The corners of a way that minds nothing: for a port that lies under another box while it is dragged."""
    middle = (start[0] + end[0]) // 2
    return [start, (middle, start[1]), (middle, end[1]), end]


def _solve(maze: Maze, sx: int, sy: int, tx: int, ty: int) -> list[Position] | None:
    rows = [0] * len(maze.level)
    rows[sy] = maze.run(sx, sy)
    reached = [rows]
    """What lies within reach with 0, 1, 2 … bends: level cells and upright cells in turn."""
    while not reached[-1][ty] >> tx & 1 or len(reached) % 2 == 0:
        following = _upright(maze, reached[-1]) if len(reached) % 2 else _level(maze, reached)
        if len(reached) > MOST_BENDS or (len(reached) > 1 and following == reached[-2]):
            return None
        reached.append(following)
    return _trace(maze, reached, sx, sy, tx, ty)


def _upright(maze: Maze, level: Sequence[int]) -> list[int]:
    """The cells that upright runs reach which begin at a cell of a level run."""
    rows = [row & maze.turns(y) for y, row in enumerate(level)]
    for y in range(1, len(rows)):
        rows[y] |= rows[y - 1] & ~maze.upright[y]
    for y in range(len(rows) - 2, -1, -1):
        rows[y] |= rows[y + 1] & ~maze.upright[y]
    return rows


def _level(maze: Maze, reached: Sequence[Sequence[int]]) -> list[int]:
    """The cells that level runs reach which begin at a cell of the last upright runs, and those reached before."""
    rows = list(reached[-2])
    for y, upright in enumerate(reached[-1]):
        seeds = upright & maze.turns(y) & ~rows[y]
        while seeds:
            cells = maze.run((seeds & -seeds).bit_length() - 1, y)
            rows[y] |= cells
            seeds &= ~cells
    return rows


def _trace(maze: Maze, reached: Sequence[Sequence[int]], sx: int, sy: int, tx: int, ty: int) -> list[Position]:
    """The corners from the start to the end, found backwards: each time to the nearest turn that leads on."""
    corners = [(tx, ty)]
    x, y = tx, ty
    for bends in range(len(reached) - 1, 0, -2):
        if y == sy and maze.run(x, y) >> sx & 1:
            break
        turns = maze.run(x, y) & reached[bends - 1][y] & maze.turns(y)
        x = min(_bits(turns), key=lambda column: (column == tx and y == ty, abs(column - x), column))
        corners.append((x, y))
        y = next(row for row in _column(maze, x, y) if reached[bends - 2][row] & maze.turns(row) & 1 << x)
        corners.append((x, y))
    return [*corners, (sx, sy)][::-1]


def _bits(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        bits ^= lowest
        yield lowest.bit_length() - 1


def _column(maze: Maze, x: int, y: int) -> Iterator[int]:
    """The rows that an upright run from a cell reaches, the nearest first."""
    up, down = y, y
    while up >= 0 or down < len(maze.level):
        up, down = up - 1, down + 1
        if up >= 0 and maze.upright[up] >> x & 1:
            up = -1
        if down < len(maze.level) and maze.upright[down] >> x & 1:
            down = len(maze.level)
        if up >= 0:
            yield up
        if down < len(maze.level):
            yield down
