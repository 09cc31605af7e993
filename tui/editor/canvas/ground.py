"""What is taken of a window of the canvas, a bit a cell: a whole run of cells is tested with one operation."""

from collections.abc import Iterable, Iterator, Sequence

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
        self.boxes = [0] * height
        """By row: the columns of boxes."""
        self.beside_rows = [0] * height
        """By row: the columns right above or below a box."""
        self.beside_columns = [0] * width
        """By column: the rows right beside a box."""
        self.exits = [0] * width
        """By column: the rows where wires leave or reach a port close by."""
        self._columns: dict[int, int] = {}
        """What `column_of_level` found."""

    def add_box(self, position: Position, shape: Shape) -> None:
        """Take the cells of a box."""
        left, top = position[0] - self.left, position[1] - self.top
        right, bottom = left + shape.width - 1, top + shape.height - 1
        columns = span(max(left, 0), min(right, len(self.upright) - 1))
        rows = span(max(top, 0), min(bottom, len(self.level) - 1))
        if not columns and not rows:
            return
        self._columns.clear()
        for y in range(max(top, 0), min(bottom, len(self.level) - 1) + 1):
            self.level[y] |= columns
            self.boxes[y] |= columns
        for x in range(max(left, 0), min(right, len(self.upright) - 1) + 1):
            self.upright[x] |= rows
        for y in (top - 1, bottom + 1):
            if 0 <= y < len(self.level):
                self.beside_rows[y] |= columns
        for x in (left - 1, right + 1):
            if 0 <= x < len(self.upright):
                self.beside_columns[x] |= rows

    def add_exit(self, cell: Position, ahead: int) -> None:
        """Note where the wire of a port begins or ends, so that others rather do not pass close in front of it."""
        x, y = cell[0] - self.left, cell[1] - self.top
        if 0 <= y < len(self.level):
            for column in (x, x + ahead):
                if 0 <= column < len(self.exits):
                    self.exits[column] |= 1 << y

    def add_paths(self, paths: Iterable[Sequence[Segment]]) -> None:
        """Take the cells of foreign wires, most of which may lie outside the window."""
        left, top, right, bottom = self.left, self.top, self.right, self.bottom
        for path in paths:
            for run in path:
                if run.x1 <= right and left <= run.x2 and run.y1 <= bottom and top <= run.y2:
                    self.add_path(path)
                    break

    def add_path(self, path: Sequence[Segment]) -> None:
        """Take the cells of a foreign wire."""
        for x, y, columns in self._level_runs(path):
            self.level[y] |= columns << x
            self._forget(x, columns)
        for x, y, rows in self._upright_runs(path):
            self.upright[x] |= rows << y
            for row in range(y, y + rows.bit_length()):
                self.crossed[row] |= 1 << x

    def remove_path(self, path: Sequence[Segment]) -> None:
        """Free the cells of a foreign wire: no other one has them, but for crossings, which are in other masks."""
        for x, y, columns in self._level_runs(path):
            self.level[y] &= ~(columns << x)
            self._forget(x, columns)
        for x, y, rows in self._upright_runs(path):
            self.upright[x] &= ~(rows << y)
            for row in range(y, y + rows.bit_length()):
                self.crossed[row] &= ~(1 << x)

    def _level_runs(self, path: Sequence[Segment]) -> Iterator[tuple[int, int, int]]:
        """Where the level runs of a path begin in the window, and as many set bits as they have cells there."""
        for run in path:
            if run.y1 == run.y2 and self.top <= run.y1 <= self.bottom:
                low, high = max(run.x1, self.left), min(run.x2, self.right)
                if low <= high:
                    yield low - self.left, run.y1 - self.top, span(0, high - low)

    def _upright_runs(self, path: Sequence[Segment]) -> Iterator[tuple[int, int, int]]:
        for run in path:
            if run.x1 == run.x2 and self.left <= run.x1 <= self.right:
                low, high = max(run.y1, self.top), min(run.y2, self.bottom)
                if low <= high:
                    yield run.x1 - self.left, low - self.top, span(0, high - low)
        # Nothing crosses a wire right at a port: the glyph there would belong to neither.
        for run in (path[0], path[-1]):
            if run.y1 == run.y2 and self.top <= run.y1 <= self.bottom:
                for x in (run.x1, run.x2):
                    if self.left <= x <= self.right:
                        yield x - self.left, run.y1 - self.top, 1

    def column_of_level(self, x: int) -> int:
        """The rows where no wire may lie level in a column, as `upright` has them for standing."""
        bits = self._columns.get(x)
        if bits is None:
            bits = 0
            for y, row in enumerate(self.level):
                if row >> x & 1:
                    bits |= 1 << y
            self._columns[x] = bits
        return bits

    def _forget(self, left: int, cells: int) -> None:
        right = left + cells.bit_length()
        for x in [x for x in self._columns if left <= x < right]:
            del self._columns[x]


def reach_up(taken: int, start: int) -> int:
    """The first bit of the free run that ends at `start`; `start + 1` if it is taken itself."""
    return (taken & span(0, start)).bit_length()


def reach_down(taken: int, start: int, most: int) -> int:
    """The last bit of the free run that begins at `start`, `most` at the furthest; `start - 1` if it is taken."""
    ahead = taken >> start
    return min(most, start + (ahead & -ahead).bit_length() - 2) if ahead else most
