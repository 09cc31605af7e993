"""The whole graph in a corner: boxes as quarters of cells, and what of it is in view."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from latentgraph.tui.editor.canvas.cells import to_cells
from latentgraph.tui.editor.canvas.geometry import Position
from latentgraph.tui.editor.canvas.glyphs import Glyphs
from latentgraph.tui.editor.canvas.line import Line
from latentgraph.tui.editor.canvas.palette import Palette
from latentgraph.tui.editor.canvas.sheet import Area, Sheet

_QUARTERS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
"""By which quarters are filled: 1 upper left, 2 upper right, 4 lower left, 8 lower right."""
LEAST_WIDTH, LEAST_HEIGHT = 56, 23
"""Of a view that has room for it."""


@dataclass(frozen=True, slots=True)
class MapPlace:
    """Where on the view the map lies, its border included."""

    x: int
    y: int
    width: int
    height: int

    def holds(self, x: int, y: int) -> bool:
        """Whether a cell of the view is on it."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


def place_of(width: int, height: int, view: Area, bounds: Area) -> MapPlace | None:
    """The corner where a view of a size has the map; None where there is no room, or everything is in view."""
    whole = view.holds(bounds.x1, bounds.y1) and view.holds(bounds.x2, bounds.y2)
    if whole or width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return None
    widest, highest = max(16, min(28, width // 5)), max(4, min(8, height // 5))
    # As wide and high as the graph is at the scale that shows all of it.
    across, down = bounds.x2 - bounds.x1 + 1, bounds.y2 - bounds.y1 + 1
    scale = max(across / widest, down / highest)
    inner_width, inner_height = max(12, math.ceil(across / scale)), max(3, math.ceil(down / scale))
    return MapPlace(width - inner_width - 3, height - inner_height - 2, inner_width + 2, inner_height + 2)


class Minimap:
    """Boxes of a sheet in few cells; the boxes are measured once, what is in view at each painting."""

    def __init__(self, sheet: Sheet, width: int, height: int) -> None:
        """Measure a sheet for so many cells inside the border."""
        self.sheet, self.width, self.height = sheet, width, height
        bounds = sheet.bounds
        across, down = bounds.x2 - bounds.x1 + 1, bounds.y2 - bounds.y1 + 1
        self.scale = max(across / (2 * width), down / (2 * height), 0.5)
        self.left = (bounds.x1 + bounds.x2 + 1) / 2 - self.scale * width
        self.top = (bounds.y1 + bounds.y2 + 1) / 2 - self.scale * height
        self._cells: dict[Position, tuple[int, str]] = self._measured()

    def world(self, x: float, y: float) -> Position:
        """The cell of the canvas that a cell inside the border stands for."""
        return round(self.left + (x + 0.5) * 2 * self.scale), round(self.top + (y + 0.5) * 2 * self.scale)

    def _quarters(self, area: Area) -> list[Position]:
        x1, x2 = self._span(area.x1 - self.left, area.x2 + 1 - self.left, 2 * self.width)
        y1, y2 = self._span(area.y1 - self.top, area.y2 + 1 - self.top, 2 * self.height)
        return [(x, y) for y in range(y1, y2) for x in range(x1, x2)]

    def _span(self, start: float, end: float, most: int) -> tuple[int, int]:
        first = max(0, min(most - 1, round(start / self.scale)))
        return first, max(first + 1, min(most, round(end / self.scale)))

    def _measured(self) -> dict[Position, tuple[int, str]]:
        tints: dict[Position, str] = {}
        for key, area in self.sheet.areas.items():
            category = self.sheet.box(key).category
            for quarter in self._quarters(area):
                tints[quarter] = category
        cells: dict[Position, list[tuple[int, str]]] = {}
        for (x, y), category in tints.items():
            cells.setdefault((x // 2, y // 2), []).append((1 << (x % 2 + 2 * (y % 2)), category))
        return {
            cell: (sum(bit for bit, _ in here), Counter(category for _, category in here).most_common(1)[0][0])
            for cell, here in cells.items()
        }

    def _current(self, key: str | None) -> Mapping[Position, int]:
        cells: dict[Position, int] = {}
        if key is not None and key in self.sheet.areas:
            for x, y in self._quarters(self.sheet.areas[key]):
                cell = x // 2, y // 2
                cells[cell] = cells.get(cell, 0) | 1 << (x % 2 + 2 * (y % 2))
        return cells

    def paint(
        self, line: Line, row: int, place: MapPlace, view: Area, current: str | None, palette: Palette, glyphs: Glyphs
    ) -> None:
        """Lay one row of the map, counted from its border, over a row of the view."""
        border = palette.style(palette.color("map"), palette.ground("map"))
        corners = glyphs.thin
        if row in (0, self.height + 1):
            left, right = (corners.top_left, corners.top_right) if row == 0 else (
                corners.bottom_left, corners.bottom_right)  # fmt: skip
            line.put(place.x, [left, *to_cells(corners.top * self.width), right], border)
            return
        line.set(place.x, corners.side, border)
        line.set(place.x + self.width + 1, corners.side, border)
        here = self._current(current)
        for x in range(self.width):
            self._paint_cell(line, place.x + 1 + x, (x, row - 1), view, here, palette, glyphs)

    def _paint_cell(
        self, line: Line, x: int, cell: Position, view: Area, current: Mapping[Position, int], palette: Palette,
        glyphs: Glyphs,
    ) -> None:  # fmt: skip
        ground = palette.ground("map-view" if view.holds(*self.world(*cell)) else "map")
        bits, category = self._cells.get(cell, (0, ""))
        color = palette.category(category)
        if cell in current:
            bits, color = current[cell], palette.color("current")
        if glyphs.ascii:
            empty = "." if ground == palette.ground("map-view") else " "
            character = "@" if cell in current else "#" if bits else empty
        else:
            character = _QUARTERS[bits]
        line.set(x, character, palette.style(color, ground))
