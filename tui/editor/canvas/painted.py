"""The part of the canvas that paints: which rows and columns of a sheet are in view, and what they look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from latentgraph.tui.editor.canvas.faces import IDLE, Look
from latentgraph.tui.editor.canvas.glyphs import ASCII, UNICODE
from latentgraph.tui.editor.canvas.minimap import MapPlace, Minimap, place_of
from latentgraph.tui.editor.canvas.notices import paint_notice, paint_prompt
from latentgraph.tui.editor.canvas.painting import Overlay, Painter
from latentgraph.tui.editor.canvas.palette import COMPONENT_CLASSES, Palette
from latentgraph.tui.editor.canvas.sheet import Area, Sheet
from latentgraph.tui.editor.views import NodeState, Scene

_MARGIN = (6, 2)
"""Columns and rows of the graph that stay in view however far one pans; also what is kept around a box."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all rows of one painting have in common."""

    view: Area
    map: MapPlace | None

    @property
    def size(self) -> tuple[int, int]:
        return self.view.x2 - self.view.x1 + 1, self.view.y2 - self.view.y1 + 1


class PaintedSheet(ScrollView, can_focus=True):
    """Paints what is in view, row by row, and scrolls; what is on the sheet is for others to say."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENT_CLASSES)

    def __init__(self, *, id: str | None = None, classes: str | None = None, ascii_only: bool = False) -> None:
        """Make an empty canvas.

        Args:
            id: Of the widget.
            classes: Of the widget.
            ascii_only: Draw with ASCII characters alone.
        """
        super().__init__(id=id, classes=classes)
        self.glyphs = ASCII if ascii_only else UNICODE
        self.minimap_wanted = True
        self._scene = Scene()
        self._sheet: Sheet | None = None
        self._overlay = Overlay()
        self._painter: Painter | None = None
        self._map: Minimap | None = None
        self._states: dict[str, NodeState] = {}
        self._cursor: str | None = None
        self._marked: frozenset[str] = frozenset()
        self._found: tuple[str, ...] = ()
        self._spin = 0
        self._origin = (0, 0)
        """The cell of the canvas at the upper left of what can be scrolled to."""
        self._frame: _Frame | None = None
        self._frozen = False
        """While a box is dragged, so that nothing moves under the pointer."""

    @property
    def sheet(self) -> Sheet | None:
        """What is on the screen, laid out; None before the first layout."""
        return self._sheet

    @property
    def _areas(self) -> Mapping[str, Area]:
        return self._sheet.areas if self._sheet is not None else {}

    # --- looks

    def _look(self, key: str) -> Look:
        return Look(
            current=key == self._cursor,
            marked=key in self._marked,
            found=key in self._found,
            state=self._states.get(key, IDLE),
            spin=self._spin if key in self._states else 0,
            fitting=self._overlay.fitting,
        )

    def _refresh_looks(self) -> None:
        if self._painter is None:
            self.refresh()
            return
        changed = False
        for key in self._scene.boxes:
            changed = self._painter.look(key, self._look(key)) or changed
        if changed:
            self.refresh()

    def refresh_rows(self, y1: int, y2: int) -> None:
        """Paint rows of the canvas anew."""
        self.refresh(Region(0, y1 - self.top, self.size.width, y2 - y1 + 1))

    def repaint(self) -> None:
        """Paint everything anew."""
        if self._painter is not None:
            self._painter.forget()
        self.refresh()

    # --- what is in view

    @property
    def left(self) -> int:
        """The column of the canvas at the left of the view."""
        return self._origin[0] + round(self.scroll_x)

    @property
    def top(self) -> int:
        """The row of the canvas at the top of the view."""
        return self._origin[1] + round(self.scroll_y)

    @property
    def view(self) -> Area:
        """What is in view."""
        left, top, (width, height) = self.left, self.top, self.size
        return Area(left, top, left + width - 1, top + height - 1)

    def look_at(self, left: int, top: int) -> None:
        """Put a cell of the canvas into the upper left corner."""
        self.scroll_to(left - self._origin[0], top - self._origin[1], animate=False, force=True)

    def home(self) -> None:
        """Show the whole graph in the middle; of one that is larger, the current box, or its beginning."""
        if self._sheet is None or not self.size.area:
            return
        bounds, width, height = self._sheet.bounds, self.size.width, self.size.height
        across, down = bounds.x2 - bounds.x1 + 1, bounds.y2 - bounds.y1 + 1
        left = bounds.x1 - max(1, (width - across) // 2)
        top = bounds.y1 - (height - down) // 2 if down <= height else self._level_with_the_beginning()
        self.look_at(left, top)
        if self._cursor is not None:
            self.reveal(self._cursor)

    def _level_with_the_beginning(self) -> int:
        """The row that puts the leftmost boxes of a high graph in the middle."""
        assert self._sheet is not None
        bounds, height = self._sheet.bounds, self.size.height
        near = [area for area in self._areas.values() if area.x1 < bounds.x1 + self.size.width // 2]
        middle = sum(area.center[1] for area in near) // len(near) if near else bounds.y1
        return max(bounds.y1 - 1, min(bounds.y2 + 2 - height, middle - height // 2))

    def reveal(self, key: str) -> None:
        """Bring a box into view, with some room around it."""
        area = self._areas.get(key)
        if area is None or not self.size.area:
            return
        self.look_at(
            _shifted(self.left, self.size.width, area.x1, area.x2, _MARGIN[0]),
            _shifted(self.top, self.size.height, area.y1, area.y2, _MARGIN[1]),
        )
        place = self.map_place()
        if place is not None and area.x2 - self.left >= place.x and area.y2 - self.top >= place.y:
            # The map would cover it.
            covered = area.y2 - self.top - place.y + 1
            self.look_at(self.left, self.top + min(covered, max(0, area.y1 - self.top - _MARGIN[1])))

    def center_on(self, x: int, y: int) -> None:
        """Put a cell of the canvas into the middle of the view."""
        self.look_at(x - self.size.width // 2, y - self.size.height // 2)

    def _resize_world(self) -> None:
        """Let the view go as far as some cells of the graph stay in it; what is in view stays."""
        if self._sheet is None or self._frozen or not self.size.area:
            return
        left, top = self.left, self.top
        bounds = self._sheet.bounds
        across, down = max(0, self.size.width - _MARGIN[0]), max(0, self.size.height - _MARGIN[1])
        self._origin = bounds.x1 - across, bounds.y1 - down
        size = Size(bounds.x2 - bounds.x1 + 1 + 2 * across, bounds.y2 - bounds.y1 + 1 + 2 * down)
        if size != self.virtual_size:
            self.virtual_size = size
        self.look_at(left, top)

    # --- painting

    def notify_style_update(self) -> None:
        """Mix the styles anew: the theme changed."""
        super().notify_style_update()
        self._painter = None

    def _ready_painter(self, sheet: Sheet) -> Painter:
        if self._painter is None:
            palette = Palette(self.get_component_styles)
            self._painter = Painter(sheet, palette, self.glyphs, self._overlay)
            self._overlay.looks.clear()
            for key in self._scene.boxes:
                self._painter.look(key, self._look(key))
        return self._painter

    def render_lines(self, crop: Region) -> list[Strip]:
        """Paint rows of the view; what holds for all of them is asked once."""
        self._frame = None
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Paint one row of the view."""
        if self._sheet is None or not self._sheet.areas:
            laying_out = len(self._scene.boxes) if self._sheet is None else 0
            return paint_notice(Palette(self.get_component_styles), y, self.size, laying_out)
        painter = self._ready_painter(self._sheet)
        left, top = self.left, self.top
        if self._frame is None or self._frame.view[:2] != (left, top):
            self._frame = _Frame(self.view, self.map_place())
        (width, height), place = self._frame.size, self._frame.map
        on_map = place is not None and place.y <= y < place.y + place.height
        with_prompt = bool(self.prompt) and y == height - 1
        if not on_map and not with_prompt:
            return painter.strip(top + y, left, width)
        line = painter.row(top + y, left, width)
        if place is not None and on_map:
            self._ready_map(place).paint(
                line, y - place.y, place, self._frame.view, self._cursor, painter.palette, self.glyphs
            )
        if with_prompt:
            paint_prompt(line, self.prompt, painter.palette)
        return line.strip()

    @property
    def prompt(self) -> str:
        """What the lowest row of the view says; nothing while keys do what the table says."""
        return ""

    def map_place(self) -> MapPlace | None:
        """Where the minimap is; None while it is not shown."""
        if self._sheet is None or not self.minimap_wanted:
            return None
        return place_of(self.size.width, self.size.height, self.view, self._sheet.bounds)

    def _ready_map(self, place: MapPlace) -> Minimap:
        width, height = place.width - 2, place.height - 2
        if self._map is None or (self._map.width, self._map.height) != (width, height):
            assert self._sheet is not None
            self._map = Minimap(self._sheet, width, height)
        return self._map

    def go_to_map(self, x: int, y: int) -> None:
        """Centre the view on what a cell of the minimap stands for."""
        place = self.map_place()
        if place is not None:
            column, row = self._ready_map(place).world(x - place.x - 1, y - place.y - 1)
            bounds = self._ready_map(place).sheet.bounds
            self.center_on(max(bounds.x1, min(bounds.x2, column)), max(bounds.y1, min(bounds.y2, row)))


def _shifted(start: int, length: int, first: int, last: int, margin: int) -> int:
    """Where a view has to begin to hold cells, moved as little as it takes."""
    margin = max(0, min(margin, (length - (last - first + 1)) // 2))
    if last - first + 1 >= length or first - margin < start:
        return first - margin
    return max(start, last + margin - length + 1)
