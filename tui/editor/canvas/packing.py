"""Parts of a graph that do not hang together lie below one another, in the columns of the largest."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

from latentgraph.tui.editor.canvas.layers import Layers

BETWEEN_PARTS = 2
SCREEN = 3.5
"""How much wider than high a terminal is, in cells."""
COLUMN = 30
"""About the width of a column with the wires beside it, in cells."""


@dataclass(frozen=True, slots=True)
class Part:
    """Boxes that hang together: in layers, with the top row of each item. A part that is fixed keeps its `start`."""

    layers: Layers
    tops: Sequence[int]
    start: int
    fixed: bool

    def extents(self) -> list[tuple[int, int]]:
        """The first row of each layer that the part takes and the first below it, with the wires on either side."""
        layers, tops = self.layers, self.tops
        bounds = [[(tops[item], tops[item] + layers.heights[item]) for item in row] for row in layers.rows]
        for channel, strands in enumerate(layers.channels):
            for strand in strands.values():
                rows = [tops[item] + row for item, row in strand.left + strand.right]
                for layer in (channel - 1, channel):
                    if 0 <= layer < len(bounds):
                        bounds[layer].append((min(rows), max(rows) + 1))
        return [(min(top for top, _ in spans), max(end for _, end in spans)) if spans else (0, 0) for spans in bounds]


def pack(parts: Sequence[Part]) -> list[tuple[int, int]]:
    """The layer where each part begins and the row of its top, so that none touches another."""
    extents = [part.extents() for part in parts]
    ends = [0] * _columns(parts, extents)
    places: list[tuple[int, int]] = []
    for part, spans in zip(parts, extents, strict=True):
        starts = [part.start] if part.fixed else range(len(ends) - len(spans) + 1)
        row, start = min((_row(ends, spans, start), start) for start in starts)
        for layer, (top, end) in enumerate(spans, start):
            if end > top:
                ends[layer] = row + end + BETWEEN_PARTS
        places.append((start, row))
    return places


def _row(ends: Sequence[int], spans: Sequence[tuple[int, int]], start: int) -> int:
    return max(0, *(ends[layer] - top for layer, (top, end) in enumerate(spans, start) if end > top))


def _columns(parts: Sequence[Part], extents: Sequence[Sequence[tuple[int, int]]]) -> int:
    """As many columns as the longest part has, or more where many small parts fill a screen better side by side."""
    longest = max((part.start * part.fixed + len(part.layers.rows) for part in parts), default=0)
    if any(part.fixed for part in parts):
        return longest  # the last boxes stay in the last column
    rows = sum(end - top + BETWEEN_PARTS for spans in extents for top, end in spans)
    return max(longest, ceil(sqrt(rows * SCREEN / COLUMN)))
