"""The part of the canvas that shows: a scene, its zoom, what of it is in view, what a run says of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from latentgraph.tui.editor.canvas.faces import IDLE, Look
from latentgraph.tui.editor.canvas.geometry import Arrangement, Position
from latentgraph.tui.editor.canvas.glyphs import ASCII, UNICODE
from latentgraph.tui.editor.canvas.layout import arrange
from latentgraph.tui.editor.canvas.minimap import MapPlace, Minimap, place_of
from latentgraph.tui.editor.canvas.notices import paint_notice, paint_prompt
from latentgraph.tui.editor.canvas.painting import Overlay, Painter
from latentgraph.tui.editor.canvas.palette import COMPONENT_CLASSES, Palette
from latentgraph.tui.editor.canvas.sheet import Area, Draft, Sheet
from latentgraph.tui.editor.canvas.wire_rows import WireRows
from latentgraph.tui.editor.canvas.zoom import Zoom
from latentgraph.tui.editor.views import NodeState, Scene

AT_ONCE = 150
"""Boxes that are laid out while one waits; of more, the old picture stays until a thread is done."""
_SPIN = 0.12
"""Seconds between two pictures of the spinner."""
_MARGIN = (6, 2)
"""Columns and rows of the graph that stay in view however far one pans; also what is kept around a box."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A box and where on the view it is, so that it is there again after a change."""

    key: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one was in a scope."""

    zoom: Zoom
    left: int
    top: int
    cursor: str | None


class SheetView(ScrollView, can_focus=True):
    """Shows a scene row by row; scrolls, zooms, and knows nothing of keys and pointers."""

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
        self.still = False
        """No spinner: for those who want nothing to move."""
        self._scene = Scene()
        self._level = Zoom.FULL
        self._sheet: Sheet | None = None
        self._sheets: dict[Zoom, Sheet] = {}
        self._wanted: Draft | None = None
        self._overlay = Overlay()
        self._painter: Painter | None = None
        self._map: Minimap | None = None
        self._states: dict[str, NodeState] = {}
        self._cursor: str | None = None
        self._marked: frozenset[str] = frozenset()
        self._found: tuple[str, ...] = ()
        self._origin = (0, 0)
        self._frozen = False
        self._untouched = True
        self._places: dict[tuple[str, ...], _Place] = {}
        self._spin = 0

    # --- what is shown

    @property
    def scene(self) -> Scene:
        """What is shown, or will be as soon as it is laid out."""
        return self._scene

    @property
    def sheet(self) -> Sheet | None:
        """What is on the screen, laid out; None before the first layout."""
        return self._sheet

    @property
    def level(self) -> Zoom:
        """How much of each box is shown."""
        return self._level

    @property
    def states(self) -> Mapping[str, NodeState]:
        """What a run says of the boxes."""
        return self._states

    def show(self, scene: Scene) -> None:
        """Show a scene. Of another scope, go to where one was there last."""
        if scene.scope != self._scene.scope:
            self._leave_scope(scene)
        self._scene = scene
        self._keep_what_is_there()
        self._lay_out(self._anchor())

    def forget(self) -> None:
        """Show nothing, and no longer know where one was: for another file."""
        self._places.clear()
        self._sheets.clear()
        self._scene, self._sheet, self._wanted, self._painter, self._map = Scene(), None, None, None, None
        self._cursor, self._marked, self._found, self._states = None, frozenset(), (), {}
        self._overlay = Overlay()
        self._untouched = True
        self.refresh()

    def set_states(self, states: Mapping[str, NodeState]) -> None:
        """Lay over the boxes what a run says of them; boxes that are not named are idle."""
        self._states = dict(states)
        self._refresh_looks()
        if any(state.status == "running" for state in self._states.values()):
            self._spinner.resume()
        else:
            self._spinner.pause()

    def on_mount(self) -> None:
        """Begin to turn the spinners, as soon as there are any."""
        self._spinner = self.set_interval(_SPIN, self._turn_spinners, pause=True)

    def _leave_scope(self, scene: Scene) -> None:
        if self._sheet is not None:
            self._places[self._scene.scope] = _Place(self._level, self.left, self.top, self._cursor)
        self._sheets.clear()
        self._sheet, self._wanted, self._map = None, None, None
        self._marked, self._found, self._states = frozenset(), (), {}
        self._overlay = Overlay()
        self._painter = None
        place = self._places.get(scene.scope)
        self._cursor = place.cursor if place else None
        self._level = place.zoom if place else self._level
        self._untouched = place is None

    def _keep_what_is_there(self) -> None:
        boxes = self._scene.boxes
        if self._cursor is not None and self._cursor not in boxes:
            self._cursor = None
        self._marked = frozenset(key for key in self._marked if key in boxes)
        self._found = tuple(key for key in self._found if key in boxes)

    # --- layout

    def _lay_out(self, anchor: Anchor | None) -> None:
        draft = Draft.of(self._scene, self._level)
        self._wanted = draft
        known = self._sheets.get(self._level)
        if known is not None and draft.fits(known.draft, known.arrangement):
            self._install(draft, known.arrangement, anchor, known.wires)
        elif len(draft.forms) <= AT_ONCE or not self.is_attached:
            self._install(draft, draft.arranged(arrange), anchor)
        else:
            self.run_worker(self._lay_out_aside(draft, anchor), group="layout", exclusive=True)
            self.refresh()

    async def _lay_out_aside(self, draft: Draft, anchor: Anchor | None) -> None:
        arrangement = await asyncio.to_thread(draft.arranged, arrange)
        if self._wanted is draft:
            self._install(draft, arrangement, anchor)

    def _install(
        self, draft: Draft, arrangement: Arrangement, anchor: Anchor | None, wires: WireRows | None = None
    ) -> None:
        self._take_sheet(Sheet(draft, arrangement, wires))
        place = self._places.pop(draft.scene.scope, None)
        self._resize_world()
        if place is not None:
            self.look_at(place.left, place.top)
        elif anchor is not None and anchor.key in self._areas and not self._untouched:
            area = self._areas[anchor.key]
            self.look_at(area.x1 - anchor.x, area.y1 - anchor.y)
        elif self._untouched:
            self.home()
        self._refresh_looks()
        self.refresh()

    def _take_sheet(self, sheet: Sheet, *, moved: bool = False) -> None:
        self._sheet = self._sheets[sheet.zoom] = sheet
        self._map = None
        if self._painter is not None:
            self._painter.take(sheet, moved=moved)
        self._heat()

    def _heat(self) -> None:
        """Make the wires of what is selected the heavy ones."""
        if self._sheet is None:
            return
        selected = self.selected
        self._overlay.hot.update(
            {
                wire: path
                for wire, path in self._sheet.arrangement.paths.items()
                if wire.source[0] in selected or wire.target[0] in selected
            }
        )
        if self._painter is not None:
            self._painter.forget()

    @property
    def selected(self) -> frozenset[str]:
        """The marked boxes, or the current one where none is marked."""
        return self._marked or (frozenset({self._cursor}) if self._cursor is not None else frozenset())

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

    def _turn_spinners(self) -> None:
        if self.still or self.app.animation_level == "none" or self._painter is None:
            return
        self._spin += 1
        for key, state in self._states.items():
            area = self._areas.get(key)
            if state.status == "running" and area is not None:
                self._painter.look(key, replace(self._look(key), spin=self._spin))
                self.refresh_rows(area.y1, area.y1)

    def refresh_rows(self, y1: int, y2: int) -> None:
        """Paint rows of the canvas anew."""
        self.refresh(Region(0, y1 - self.top, self.size.width, y2 - y1 + 1))

    # --- what is in view

    @property
    def left(self) -> int:
        """The column of the canvas at the left of the view."""
        return self._origin[0] + self.scroll_offset.x

    @property
    def top(self) -> int:
        """The row of the canvas at the top of the view."""
        return self._origin[1] + self.scroll_offset.y

    @property
    def view(self) -> Area:
        """What is in view."""
        return Area(self.left, self.top, self.left + self.size.width - 1, self.top + self.size.height - 1)

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

    def center_on(self, x: int, y: int) -> None:
        """Put a cell of the canvas into the middle of the view."""
        self.look_at(x - self.size.width // 2, y - self.size.height // 2)

    def zoom(self, level: Zoom, around: Position | None = None) -> None:
        """Show more or less of each box, while one of them stays where it is.

        Args:
            level: How much.
            around: A cell of the view; the box there or nearest to it stays. By default the current box does.
        """
        if level == self._level:
            return
        anchor = self._anchor(around)
        self._level = level
        self._untouched = False
        self._lay_out(anchor)

    def fit(self) -> None:
        """Take the zoom that shows the most of each box while the whole graph is in view, and centre the graph."""
        for level in sorted(Zoom, reverse=True):
            self._level = level
            self._untouched = True
            self._lay_out(None)
            if self._sheet is None or self._sheet.zoom != level:
                return
            bounds = self._sheet.bounds
            if bounds.x2 - bounds.x1 < self.size.width and bounds.y2 - bounds.y1 < self.size.height:
                return

    def _anchor(self, around: Position | None = None) -> Anchor | None:
        """The box that is to stay where it is: the current one if it is in view, else the nearest to the middle."""
        view = self.view
        cursor = self._areas.get(self._cursor or "")
        if around is None and cursor is not None and view.holds(*cursor.center):
            key = self._cursor or ""
        else:
            x, y = (self.left + around[0], self.top + around[1]) if around else view.center
            found = self._sheet.box_at(x, y) if self._sheet else None
            key = found or min(
                self._areas,
                key=lambda one: abs(self._areas[one].center[0] - x) + 2 * abs(self._areas[one].center[1] - y),
                default="",
            )
        area = self._areas.get(key)
        return Anchor(key, area.x1 - self.left, area.y1 - self.top) if area else None

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

    def on_resize(self) -> None:
        """Keep what is in view, or show all of it as long as nobody moved the view."""
        self._resize_world()
        if self._untouched:
            self.home()
        elif self._cursor is not None:
            self.reveal(self._cursor)

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

    def render_line(self, y: int) -> Strip:
        """Paint one row of the view."""
        width = self.size.width
        if self._sheet is None or not self._sheet.areas:
            laying_out = len(self._scene.boxes) if self._sheet is None else 0
            return paint_notice(Palette(self.get_component_styles), y, self.size, laying_out)
        painter = self._ready_painter(self._sheet)
        place = self.map_place()
        on_map = place is not None and place.y <= y < place.y + place.height
        with_prompt = bool(self.prompt) and y == self.size.height - 1
        if not on_map and not with_prompt:
            return painter.strip(self.top + y, self.left, width)
        line = painter.row(self.top + y, self.left, width)
        if place is not None and on_map:
            self._ready_map(place).paint(
                line, y - place.y, place, self.view, self._cursor, painter.palette, self.glyphs
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
            self.center_on(*self._ready_map(place).world(x - place.x - 1, y - place.y - 1))


def _shifted(start: int, length: int, first: int, last: int, margin: int) -> int:
    """Where a view has to begin to hold cells, moved as little as it takes."""
    margin = max(0, min(margin, (length - (last - first + 1)) // 2))
    if last - first + 1 >= length or first - margin < start:
        return first - margin
    return max(start, last + margin - length + 1)
