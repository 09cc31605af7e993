"""From layers and tracks to cells: where every column of boxes begins, and the way of every wire."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from latentgraph.tui.editor.canvas.geometry import Position, Segment, segment
from latentgraph.tui.editor.canvas.tracks import Rail

BETWEEN_COLUMNS = 3
"""Free columns between two boxes at the least."""
ROOMY = 9
"""Up to this width of a channel its tracks keep a free column between them."""


class Channel:
    """The space between two layers: its tracks, and how wide it is."""

    def __init__(self, rails: Sequence[Rail], columns: int, outside: bool) -> None:
        self.rails = {rail.net: rail for rail in rails}
        self.pitch = 2 if 2 * columns + 1 <= ROOMY else 1
        self.width = max(BETWEEN_COLUMNS, 2 + self.pitch * (columns - 1) + 1)
        if outside and not columns:
            self.width = 0

    def way(self, net: int, left: int, start: tuple[int, bool], end: tuple[int, bool]) -> list[Position]:
        """The corners of a net's way through the channel that begins at column `left`.

        Args:
            start: The row where it comes in, and whether that is on the left side.
            end: The row where it goes out, and whether that is on the left side.
        """
        rail = self.rails[net]
        if rail.straight:
            return []
        first, second = (self._track(rail, left, on_left) for _, on_left in (start, end))
        if first == second:
            return [(first, start[0]), (first, end[0])]
        return [(first, start[0]), (first, rail.jog), (second, rail.jog), (second, end[0])]

    def _track(self, rail: Rail, left: int, on_left: bool) -> int:
        run = rail if on_left or rail.turn is None else rail.turn
        return left + 1 + self.pitch * run.column


def segments(corners: Iterable[Position]) -> tuple[Segment, ...]:
    """The straight runs between corners, without those that are none."""
    kept: list[Position] = []
    for corner in corners:
        if kept and corner == kept[-1]:
            continue
        while len(kept) > 1 and _in_line(kept[-2], kept[-1], corner):
            kept.pop()
        kept.append(corner)
    if len(kept) == 1:
        return (segment(kept[0], kept[0]),)
    return tuple(segment(a, b) for a, b in pairwise(kept))


def _in_line(a: Position, b: Position, c: Position) -> bool:
    return a[0] == b[0] == c[0] or a[1] == b[1] == c[1]
