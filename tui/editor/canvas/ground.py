"""What is taken of a window of the canvas, a bit a cell: a whole run of cells is tested with one operation."""

from collections.abc import Sequence

from latentgraph.tui.editor.canvas.geometry import Position, Segment, Shape


def span(low: int, high: int) -> int:
    """The bits from `low` to `high`, both included."""
    return ((1 << (high - low + 1)) - 1) << low if high >= low else 0


class Ground:
    """Boxes and foreign wires in a window. A wire may cross a foreign one at a right angle, and nothing else.

    Coordinates are those of the canvas; in the masks bit 0 is the window's first column or row.
    """

    def __init__(self, left: int, top: int, right: int, bottom: int) -> None:
        self.left, self.top, self.right, self.bottom = left, top, right, bottom
        width, height = right - left + 1, bottom - top + 1
        self.level = [0] * height
        """By row: the columns where no wire may lie level."""
        self.upright = [0] * width
        """By column: the rows where no wire may stand upright."""
        self.crossed = [0] * height
        """By row: the columns where a foreign wire stands upright."""
        self.beside_rows = [0] * height
        """By row: the columns right above or below a box."""
        self.beside_columns = [0] * width
        """By column: the rows right beside a box."""

    def add_box(self, position: Position, shape: Shape) -> None:
        """Take the cells of a box."""
        left, top = position[0] - self.left, position[1] - self.top
        right, bottom = left + shape.width - 1, top + shape.height - 1
        columns = span(max(left, 0), min(right, len(self.upright) - 1))
        rows = span(max(top, 0), min(bottom, len(self.level) - 1))
        if not columns and not rows:
            return
        for y in range(max(top, 0), min(bottom, len(self.level) - 1) + 1):
            self.level[y] |= columns
        for x in range(max(left, 0), min(right, len(self.upright) - 1) + 1):
            self.upright[x] |= rows
        for y in (top - 1, bottom + 1):
            if 0 <= y < len(self.level):
                self.beside_rows[y] |= columns
        for x in (left - 1, right + 1):
            if 0 <= x < len(self.upright):
                self.beside_columns[x] |= rows

    def add_path(self, path: Sequence[Segment]) -> None:
        """Take the cells of a foreign wire."""
        for run in path:
            if run.y1 == run.y2:
                y = run.y1 - self.top
                if 0 <= y < len(self.level):
                    self.level[y] |= span(max(run.x1 - self.left, 0), min(run.x2, self.right) - self.left)
            else:
                self._add_upright(run)
        # Nothing crosses a wire right at a port: the glyph there would belong to neither.
        for run in (path[0], path[-1]):
            if run.y1 == run.y2:
                self._close(run.x1, run.y1)
                self._close(run.x2, run.y1)

    def _add_upright(self, run: Segment) -> None:
        x = run.x1 - self.left
        low, high = max(run.y1, self.top) - self.top, min(run.y2, self.bottom) - self.top
        if 0 <= x < len(self.upright) and low <= high:
            self.upright[x] |= span(low, high)
            for y in range(low, high + 1):
                self.crossed[y] |= 1 << x

    def _close(self, x: int, y: int) -> None:
        if self.left <= x <= self.right and self.top <= y <= self.bottom:
            self.upright[x - self.left] |= 1 << (y - self.top)

    def column_of_level(self, x: int) -> int:
        """The rows where no wire may lie level in a column, as `upright` has them for standing."""
        bits = 0
        for y, row in enumerate(self.level):
            if row >> x & 1:
                bits |= 1 << y
        return bits


def reach_up(taken: int, start: int) -> int:
    """The first bit of the free run that ends at `start`; `start + 1` if it is taken itself."""
    return (taken & span(0, start)).bit_length()


def reach_down(taken: int, start: int, most: int) -> int:
    """The last bit of the free run that begins at `start`, `most` at the furthest; `start - 1` if it is taken."""
    ahead = taken >> start
    return min(most, start + (ahead & -ahead).bit_length() - 2) if ahead else most
