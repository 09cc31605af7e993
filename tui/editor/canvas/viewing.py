"""The part of the canvas that knows the scene: lays it out at a zoom, keeps one's place, shows what a run says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from textual.geometry import Size
from textual.timer import Timer

from latentgraph.tui.editor.canvas.geometry import Arrangement, Position
from latentgraph.tui.editor.canvas.layout import arrange
from latentgraph.tui.editor.canvas.painted import PaintedSheet
from latentgraph.tui.editor.canvas.painting import Overlay
from latentgraph.tui.editor.canvas.sheet import Area, Draft, Sheet, is_seen
from latentgraph.tui.editor.canvas.wire_rows import WireRows
from latentgraph.tui.editor.canvas.zoom import Zoom
from latentgraph.tui.editor.views import NodeState, Scene

AT_ONCE = 150
"""Boxes that are laid out while one waits; of more, the old picture stays until a thread is done."""
_NARROW = 84
"""Columns; where there are fewer, one begins with boxes that show no values."""
_SPIN = 0.12
"""Seconds between two pictures of the spinner."""


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


class SceneView(PaintedSheet):
    """Shows a scene at a zoom; knows nothing of keys and pointers."""

    def __init__(self, *, id: str | None = None, classes: str | None = None, ascii_only: bool = False) -> None:
        """Make an empty canvas.

        Args:
            id: Of the widget.
            classes: Of the widget.
            ascii_only: Draw with ASCII characters alone.
        """
        super().__init__(id=id, classes=classes, ascii_only=ascii_only)
        self.still = False
        """No spinner: for those who want nothing to move."""
        self._level = Zoom.FULL
        self._sheets: dict[Zoom, Sheet] = {}
        self._wanted: Draft | None = None
        self._level_chosen = False
        """Somebody chose a zoom, so that the width of the view no longer does."""
        self._untouched = True
        """Nobody moved the view, so that it shows all it can."""
        self._size_before = Size(0, 0)
        self._spinner: Timer | None = None
        self._to_reveal: str | None = None
        """A box that was gone to before it was laid out."""
        self._places: dict[tuple[str, ...], _Place] = {}

    @property
    def scene(self) -> Scene:
        """What is shown, or will be as soon as it is laid out."""
        return self._scene

    @property
    def level(self) -> Zoom:
        """How much of each box is shown."""
        return self._level

    @property
    def states(self) -> Mapping[str, NodeState]:
        """What a run says of the boxes."""
        return self._states

    @property
    def selected(self) -> frozenset[str]:
        """The marked boxes, or the current one where none is marked."""
        return self._marked or (frozenset({self._cursor}) if self._cursor is not None else frozenset())

    def show(self, scene: Scene) -> None:
        """Show a scene. Of another scope, go to where one was there last."""
        if scene.scope != self._scene.scope:
            self._leave_scope(scene)
        self._scene = scene
        self._suit_width()
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
        self._spin_or_rest()

    def on_mount(self) -> None:
        """Begin to turn the spinners, as soon as there are any."""
        self._spinner = self.set_interval(_SPIN, self._turn_spinners, pause=True)
        self._spin_or_rest()

    def _spin_or_rest(self) -> None:
        if self._spinner is None:
            return  # the states were told before there was a place for the canvas
        if any(state.status == "running" for state in self._states.values()):
            self._spinner.resume()
        else:
            self._spinner.pause()

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
        known = self._sheets.get(self._level)
        draft = Draft.of(self._scene, self._level, known.draft if known else None)
        self._wanted = draft
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
        if self._to_reveal in self._areas:
            self.reveal(self._to_reveal or "")
            self._to_reveal = None
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

    # --- zoom and place

    def zoom(self, level: Zoom, around: Position | None = None) -> None:
        """Show more or less of each box, while one of them stays where it is.

        Args:
            level: How much.
            around: A cell of the view; the box there or nearest to it stays. By default the current box does.
        """
        self._level_chosen = True
        if level == self._level:
            return
        anchor = self._anchor(around)
        self._level = level
        self._untouched = False
        self._lay_out(anchor)

    def fit(self) -> None:
        """Take the zoom that shows the most of each box while the whole graph is in view, and centre the graph."""
        self._level_chosen = True
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

    def _suit_width(self) -> bool:
        """Take the zoom that suits the width of the view, unless somebody chose one; returns whether it is another."""
        level = Zoom.COMPACT if 0 < self.size.width < _NARROW else Zoom.FULL
        if self._level_chosen or level == self._level:
            return False
        self._level = level
        return True

    def on_resize(self) -> None:
        """Keep what is in view, or show all of it as long as nobody moved the view."""
        if self._suit_width():
            self._lay_out(self._anchor())
        self._resize_world()
        if self._untouched:
            self.home()
        elif self._cursor is not None and self._saw(self._cursor):
            self.reveal(self._cursor)
        self._size_before = self.size

    def _saw(self, key: str) -> bool:
        """Whether a box was in view before the size changed: what somebody left behind is not run after."""
        area, (width, height) = self._areas.get(key), self._size_before
        before = Area(self.left, self.top, self.left + width - 1, self.top + height - 1)
        return area is not None and is_seen(area, before)

    def follow(self, key: str) -> None:
        """Bring a box into view without going there; the view stays there when its size changes."""
        self._untouched = False
        self.reveal(key)

    def _turn_spinners(self) -> None:
        if self.still or self.app.animation_level == "none" or self._painter is None:
            return
        self._spin += 1
        for key, state in self._states.items():
            area = self._areas.get(key)
            if state.status == "running" and area is not None:
                self._painter.look(key, replace(self._look(key), spin=self._spin))
                self.refresh_rows(area.y1, area.y1)
