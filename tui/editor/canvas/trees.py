"""The cells of one net as a tree, so that its wires share a trunk and never close a circle."""

from collections.abc import Sequence
from itertools import pairwise

from latentgraph.tui.editor.canvas.drawing import segments
from latentgraph.tui.editor.canvas.geometry import Position, Segment, segment
from latentgraph.tui.editor.canvas.ground import Ground, span
from latentgraph.tui.editor.canvas.ways import Own


class Tree:
    """The cells that a net has, each with the one before it on the way from the net's output."""

    def __init__(self, start: Position, ground: Ground) -> None:
        self.start, self.ground = start, ground
        self.before: dict[Position, Position] = {start: start}
        self.own = Own({}, {})

    def grow(self, corners: Sequence[Position]) -> tuple[Segment, ...]:
        """Lead the net on to the last corner; the way leaves the tree at the last cell that lies on it."""
        way = _cells(corners)
        known = max(index for index, cell in enumerate(way) if cell in self.before)
        for before, cell in zip(way[known:], way[known + 1 :], strict=False):
            self.before.setdefault(cell, before)
        path = self._path(way[-1])
        for run in path:
            self._own(run)
        return path

    def _path(self, end: Position) -> tuple[Segment, ...]:
        corners = [end]
        cell, following = end, self.before[end]
        level = cell[1] == following[1]
        while cell != self.start:
            if (cell[1] == following[1]) != level:
                corners.append(cell)
                level = not level
            cell, following = following, self.before[following]
        return segments([*corners, self.start][::-1])

    def _own(self, run: Segment) -> None:
        ground = self.ground
        if run.y1 == run.y2:
            row = run.y1 - ground.top
            bits = span(run.x1 - ground.left, run.x2 - ground.left)
            self.own.level[row] = self.own.level.get(row, 0) | bits
        else:
            column = run.x1 - ground.left
            bits = span(run.y1 - ground.top, run.y2 - ground.top)
            self.own.upright[column] = self.own.upright.get(column, 0) | bits


def _cells(corners: Sequence[Position]) -> list[Position]:
    cells = [corners[0]]
    for a, b in pairwise(corners):
        run = segment(a, b).cells()
        cells += run[1:] if run[0] == a else run[-2::-1]
    return cells
