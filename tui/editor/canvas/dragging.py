"""The part of the canvas where things are dragged: boxes, links, an area in which boxes are marked."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from latentgraph.tui.editor.canvas import messages
from latentgraph.tui.editor.canvas.choosing import ChoosingView
from latentgraph.tui.editor.canvas.geometry import End, Position, Wire, segment
from latentgraph.tui.editor.canvas.layout import move
from latentgraph.tui.editor.canvas.sheet import Area, PortHit
from latentgraph.tui.editor.canvas.wire_rows import WireRows
from latentgraph.tui.editor.canvas.zoom import from_full, to_full
from latentgraph.tui.editor.views import Box, PortView, Scene, Side


class DraggingView(ChoosingView):
    """Boxes that can be moved and ports that can be linked, whatever moves the pointer."""

    _moving: Mapping[str, Position] = {}

    # --- boxes

    def place_boxes(self, positions: Mapping[str, Position]) -> None:
        """Show boxes elsewhere, while they are dragged."""
        sheet = self._sheet
        if sheet is None:
            return
        self._frozen = True
        arrangement = move(sheet.arrangement, sheet.draft.shapes, sheet.scene.wires, positions)
        self._moving = dict(positions)
        sheet.move(arrangement, positions)
        self._take_sheet(sheet, moved=True)
        self.refresh()

    def settle_boxes(self, merge: str = "") -> None:
        """Leave boxes where they were dragged to, and tell it."""
        self._frozen = False
        if self._sheet is not None:
            self._sheet.settle()
        self._map = None
        self._resize_world()
        self._untouched = False
        moved = {key: to_full(place, self._level) for key, place in self._moving.items() if _is_node(self._scene, key)}
        self._moving = {}
        if moved:
            self.post_message(messages.BoxesMoved(moved, merge=merge))

    def show_at(self, key: str, cell: Position) -> None:
        """Move the view so that a box begins at a cell of it: under the pointer that put it there."""
        if (area := self._areas.get(key)) is not None:
            self._untouched = False
            self.look_at(area.x1 - cell[0], area.y1 - cell[1])

    def cell_of(self, place: Position) -> Position:
        """The cell of the view where a place of the graph, given in cells at full zoom, is now."""
        x, y = from_full(place, self._level)
        return x - self.left, y - self.top

    def stretch_lasso(self, area: Area | None) -> None:
        """Show the area in which boxes would be marked."""
        self._overlay.lasso = area
        self.repaint()

    def mark_in(self, area: Area) -> None:
        """Mark the boxes in an area, beside those that are."""
        self.stretch_lasso(None)
        inside = [
            key
            for key, one in self._areas.items()
            if one.x1 <= area.x2 and one.x2 >= area.x1 and one.y1 <= area.y2 and one.y2 >= area.y1
        ]
        self.select({*self._marked, *inside}, cursor=self._cursor or (inside[0] if inside else None))

    # --- links

    def stretch_link(self, start: End, side: Side, to: Position) -> None:
        """Show a link that is being drawn, and what it may end on."""
        sheet = self._sheet
        if sheet is None:
            return
        if self._overlay.fitting is None:
            other: Side = "input" if side == "output" else "output"
            self._overlay.fitting = other, frozenset(self.fits(start, side))
            self._overlay.rubber_kind = _kind_of(sheet.box(start[0]), start[1], side)
            self._refresh_looks()
            self.post_message(messages.ModeChanged("link"))
        anchor = sheet.anchor(start, side)
        if anchor is not None:
            begin = (anchor[0] + 1, anchor[1]) if side == "output" else (anchor[0] - 1, anchor[1])
            self._overlay.rubber = _rubber(begin, to, side)
        hit = self._fitting_port(to)
        self._overlay.target = sheet.anchor(hit.end, hit.side) if hit else None
        self.repaint()

    def drop_link(self, start: End, side: Side, at: Position) -> None:
        """End a link where it was dropped."""
        hit, sheet = self._fitting_port(at), self._sheet
        self.leave_mode()
        if sheet is None:
            return
        place = to_full(at, self._level)
        if hit is not None:
            self._tell_link(start, side, hit.end, place)
        elif sheet.box_at(*at) is None:
            self._tell_link(start, side, None, place)
        else:
            self._refuse(start, side, sheet.port_at(*at, wide=True))

    def _refuse(self, start: End, side: Side, hit: PortHit | None) -> None:
        if hit is not None and hit.side != side:
            source, target = (start, hit.end) if side == "output" else (hit.end, start)
            self.post_message(messages.LinkRefused(source, target))

    def _fitting_port(self, at: Position) -> PortHit | None:
        """The port that a link dropped on a cell ends on: the one there, or the only one of the box that fits."""
        sheet, fitting = self._sheet, self._overlay.fitting
        if sheet is None or fitting is None:
            return None
        side, ends = fitting
        hit = sheet.port_at(*at, wide=True)
        if hit is not None and hit.side == side and hit.end in ends:
            return hit
        key = sheet.box_at(*at)
        of_box = [end for end in ends if end[0] == key]
        return PortHit(of_box[0], side) if len(of_box) == 1 else None

    def end_drag(self, *, settle: bool) -> None:
        """Give up what is being dragged; boxes stay where they are."""
        self.leave_mode()
        self.stretch_lasso(None)
        if settle:
            self.settle_boxes()


def _is_node(scene: Scene, key: str) -> bool:
    """Whether a file can say where a box lies: the borders of a scope are no nodes."""
    return key in scene.boxes and scene.boxes[key].role not in ("source", "sink")


def _kind_of(box: Box, port: str, side: Side) -> str:
    views: tuple[PortView, ...] = box.outputs if side == "output" else box.inputs
    return next((one.kind for one in views if one.name == port), "any")


def _rubber(begin: Position, end: Position, side: Side) -> WireRows:
    """A way from a port to the pointer: across, down, across."""
    (x1, y1), (x2, y2) = begin, end
    middle = max(x1, (x1 + x2) // 2) if side == "output" else min(x1, (x1 + x2) // 2)
    corners = [(x1, y1), (middle, y1), (middle, y2), (x2, y2)]
    path = tuple(segment(a, b) for a, b in pairwise(corners) if a != b)
    return WireRows({Wire(("", ""), ("", "")): path or (segment(begin, begin),)})
