"""What the mouse does on the canvas: move boxes, draw links, pan, mark an area."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from latentgraph.tui.editor.canvas.geometry import End, Position
from latentgraph.tui.editor.canvas.sheet import Area
from latentgraph.tui.editor.views import Side

if TYPE_CHECKING:
    from textual import events

    from latentgraph.tui.editor.canvas.widget import GraphCanvas

_EDGE = 2
"""Cells at the border of the view where a drag moves the view along."""


@dataclass
class _Drag:
    """A button is held down."""

    kind: Literal["boxes", "link", "pan", "lasso", "map"]
    start: Position
    """Cell of the view."""
    view: Position
    """What was in the upper left corner of the view when it began."""
    origins: dict[str, Position] = field(default_factory=dict)
    """Where the boxes were that are dragged."""
    end: End = ("", "")
    side: Side = "output"
    begun: bool = False
    """Whether the pointer was moved."""


class Pointer:
    """Turns presses, moves and releases into what the canvas can do."""

    def __init__(self, canvas: GraphCanvas) -> None:
        """Act on a canvas."""
        self.canvas = canvas
        self._drag: _Drag | None = None

    @property
    def dragging(self) -> bool:
        """Whether a button is held down."""
        return self._drag is not None

    def press(self, event: events.MouseDown) -> None:
        """A button goes down."""
        canvas, x, y = self.canvas, event.x, event.y
        if self._drag is not None:
            return
        world = canvas.left + x, canvas.top + y
        place = canvas.map_place()
        if event.button == 3:
            canvas.ask_for_menu(world, (event.screen_x, event.screen_y))
            return
        if place is not None and place.holds(x, y):
            self._begin(_Drag("map", (x, y), (canvas.left, canvas.top)))
            canvas.go_to_map(x, y)
            canvas.scrolled_by_user()
            return
        self._begin(self._drag_at(event, world))

    def _begin(self, drag: _Drag) -> None:
        self._drag = drag
        self.canvas.capture_mouse()

    def _drag_at(self, event: events.MouseDown, world: Position) -> _Drag:
        canvas, start = self.canvas, (event.x, event.y)
        view = canvas.left, canvas.top
        sheet = canvas.sheet
        if event.button == 2 or sheet is None:
            return _Drag("pan", start, view)
        port = sheet.port_at(*world)
        if port is not None and not event.ctrl and not event.shift:
            return _Drag("link", start, view, end=port.end, side=port.side)
        key = sheet.box_at(*world)
        if key is None:
            return _Drag("lasso" if event.shift or event.ctrl else "pan", start, view)
        if event.ctrl or event.shift:
            canvas.toggle_mark(key)
        elif key not in canvas.selected:
            canvas.select((), cursor=key)
        else:
            canvas.cursor = key
        origins = {one: (sheet.areas[one].x1, sheet.areas[one].y1) for one in canvas.selected if one in sheet.areas}
        return _Drag("boxes", start, view, origins)

    def move(self, event: events.MouseMove) -> None:
        """The pointer moves."""
        drag, canvas = self._drag, self.canvas
        if drag is None:
            return
        if not self._is_there(drag):
            canvas.release_mouse()
            return
        x, y = event.x, event.y
        if not drag.begun and (x, y) == drag.start:
            return
        drag.begun = True
        if drag.kind == "map":
            canvas.go_to_map(x, y)
        elif drag.kind == "pan":
            canvas.look_at(drag.view[0] + drag.start[0] - x, drag.view[1] + drag.start[1] - y)
            canvas.scrolled_by_user()
        else:
            self._follow_over_the_edge(x, y)
            self._drag_to(drag, (canvas.left + x, canvas.top + y))

    def _drag_to(self, drag: _Drag, world: Position) -> None:
        canvas = self.canvas
        start = drag.view[0] + drag.start[0], drag.view[1] + drag.start[1]
        if drag.kind == "link":
            canvas.stretch_link(drag.end, drag.side, world)
        elif drag.kind == "lasso":
            canvas.stretch_lasso(_area(start, world))
        else:
            dx, dy = world[0] - start[0], world[1] - start[1]
            canvas.place_boxes({key: (x + dx, y + dy) for key, (x, y) in drag.origins.items()})

    def _follow_over_the_edge(self, x: int, y: int) -> None:
        canvas = self.canvas
        width, height = canvas.size
        dx = -2 if x < _EDGE else 2 if x >= width - _EDGE else 0
        dy = -1 if y < _EDGE // 2 else 1 if y >= height - _EDGE // 2 else 0
        if dx or dy:
            canvas.look_at(canvas.left + dx, canvas.top + dy)

    def release(self, event: events.MouseUp) -> None:
        """A button comes up."""
        drag, canvas = self._drag, self.canvas
        if drag is None:
            return
        if not self._is_there(drag):
            canvas.release_mouse()
            return
        self._drag = None
        canvas.release_mouse()
        world = canvas.left + event.x, canvas.top + event.y
        if drag.kind == "link":
            self._finish_link(drag, world)
        elif drag.kind == "boxes" and drag.begun:
            canvas.settle_boxes()
        elif drag.kind == "lasso":
            start = drag.view[0] + drag.start[0], drag.view[1] + drag.start[1]
            canvas.mark_in(_area(start, world))
        elif drag.kind == "pan" and not drag.begun and event.button == 1:
            canvas.select(())

    def _is_there(self, drag: _Drag) -> bool:
        """Whether what is dragged was not taken away meanwhile, as by a key."""
        sheet = self.canvas.sheet
        if drag.kind == "link":
            return sheet is not None and sheet.anchor(drag.end, drag.side) is not None
        return sheet is not None and all(key in sheet.areas for key in drag.origins)

    def _finish_link(self, drag: _Drag, world: Position) -> None:
        if drag.begun:
            self.canvas.drop_link(drag.end, drag.side, world)
        else:
            # A click beside a port is one on its box.
            self.canvas.select((), cursor=drag.end[0])

    def let_go(self) -> None:
        """Forget the drag: the mouse was taken away."""
        drag, self._drag = self._drag, None
        if drag is not None:
            self.canvas.end_drag(settle=drag.kind == "boxes" and drag.begun)


def _area(one: Position, other: Position) -> Area:
    return Area(min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1]))
