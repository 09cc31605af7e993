"""The canvas of the editor: shows a graph, takes keys and the mouse, and tells what someone wants to be done.

It knows nothing of edits and runs. What a link may end on it asks of `fits`; what happened it posts as a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import ClassVar

from textual import events
from textual.binding import BindingType

from latentgraph.tui.editor.canvas import messages, walking
from latentgraph.tui.editor.canvas.geometry import End, Position, Wire, segment
from latentgraph.tui.editor.canvas.hints import Choice, Hints, Mode
from latentgraph.tui.editor.canvas.layout import move
from latentgraph.tui.editor.canvas.painting import labels_by_row
from latentgraph.tui.editor.canvas.pointer import Pointer
from latentgraph.tui.editor.canvas.sheet import Area, PortHit
from latentgraph.tui.editor.canvas.viewing import SheetView
from latentgraph.tui.editor.canvas.wire_rows import WireRows
from latentgraph.tui.editor.canvas.zoom import Zoom, to_full
from latentgraph.tui.editor.keys import bindings_for
from latentgraph.tui.editor.views import Box, PortView, Scene, Side

Fits = Callable[[End, Side], set[End]]
"""Told a port and which side of its box it is on: the ports of the other side that a link from it may end on."""


def _nothing(end: End, side: Side) -> set[End]:
    return set()


class GraphCanvas(SheetView):
    """Boxes and wires that one can go through, choose from, move and link."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("canvas")]

    def __init__(self, *, id: str | None = None, classes: str | None = None, ascii_only: bool = False) -> None:
        """Make an empty canvas.

        Args:
            id: Of the widget.
            classes: Of the widget.
            ascii_only: Draw with ASCII characters alone.
        """
        super().__init__(id=id, classes=classes, ascii_only=ascii_only)
        self.fits: Fits = _nothing
        """Set by whoever knows the types."""
        self._trail = walking.Trail()
        self._hints: Hints | None = None
        self._link: tuple[End, Side] | None = None
        self._pointer = Pointer(self)
        self._moving: dict[str, Position] = {}

    # --- selection

    @property
    def cursor(self) -> str | None:
        """The current box."""
        return self._cursor

    @cursor.setter
    def cursor(self, key: str | None) -> None:
        if key != self._cursor and (key is None or key in self._scene.boxes):
            self.select(self._marked, cursor=key)

    def go_to(self, key: str | None) -> None:
        """Make a box the current one and bring it into view."""
        if key is not None and key in self._scene.boxes:
            self.cursor = key
            self._untouched = False
            self.reveal(key)

    def select(self, keys: Iterable[str], cursor: str | None = None) -> None:
        """Mark some boxes, and make one the current one; without any, nothing is selected."""
        before, old = self.selected, self._cursor
        self._marked = frozenset(key for key in keys if key in self._scene.boxes)
        self._cursor = cursor if cursor in self._scene.boxes else None
        self._heat()
        self._refresh_looks()
        if self._cursor != old:
            self.post_message(messages.CursorMoved(self._cursor))
        if self.selected != before:
            self.post_message(messages.SelectionChanged(self.selected))

    def toggle_mark(self, key: str) -> None:
        """Mark a box, or no longer."""
        self.select(self._marked ^ {key}, cursor=key)

    def mark_in(self, area: Area) -> None:
        """Mark the boxes in an area, beside those that are."""
        self.stretch_lasso(None)
        inside = [
            key
            for key, one in self._areas.items()
            if one.x1 <= area.x2 and one.x2 >= area.x1 and one.y1 <= area.y2 and one.y2 >= area.y1
        ]
        self.select({*self._marked, *inside}, cursor=self._cursor or (inside[0] if inside else None))

    def stretch_lasso(self, area: Area | None) -> None:
        """Show the area in which boxes would be marked."""
        self._overlay.lasso = area
        self._repaint()

    def show(self, scene: Scene) -> None:
        """Show a scene. Of another scope, go to where one was there last."""
        cursor, selected = self._cursor, self.selected
        self.leave_mode()
        super().show(scene)
        self._heat()
        if self._cursor != cursor:
            self.post_message(messages.CursorMoved(self._cursor))
        if self.selected != selected:
            self.post_message(messages.SelectionChanged(self.selected))

    def find(self, text: str) -> int:
        """Mark what a text stands in and go to the first; returns how many there are. An empty text ends the search."""
        self._found = tuple(walking.matches(self._sheet, text)) if text and self._sheet else ()
        self._refresh_looks()
        if self._found and self._cursor not in self._found:
            self.go_to(self._found[0])
        return len(self._found)

    # --- modes

    @property
    def mode(self) -> str:
        """`box`, `port`, `link` while labels take the keys; else empty."""
        return self._hints.mode if self._hints else ""

    @property
    def prompt(self) -> str:
        """What the lowest row of the view says."""
        return self._hints.prompt if self._hints else ""

    def choose_box(self, purpose: str = "") -> None:
        """Put a label on every box in view; typing it goes there, and tells `BoxChosen` where there is a purpose."""
        view = self.view
        keys = [key for key in walking.in_order(self._sheet) if _is_seen(self._areas[key], view)] if self._sheet else []
        self._enter("box", purpose, [Choice(key) for key in keys], "Type a label to go there")

    def choose_port(self, ends: Iterable[End], side: Side, purpose: str = "", prompt: str = "Type a label") -> None:
        """Put a label on ports; the chosen one is told by `PortChosen`.

        Args:
            ends: The ports that can be chosen.
            side: The side of their boxes that they are on.
            purpose: Told with the choice.
            prompt: What the lowest row says.
        """
        self._enter("port", purpose, self._in_order(ends, side), prompt)

    def begin_link(self, end: End, side: Side = "output", fitting: set[End] | None = None) -> None:
        """Put a label on every port that a link may end on; the choice is told by `LinkDropped`.

        Args:
            end: Where the link begins.
            side: The side of its box that it is on.
            fitting: Where it may end; asked of `fits` where None.
        """
        found = self.fits(end, side) if fitting is None else fitting
        other: Side = "input" if side == "output" else "output"
        self._link = end, side
        self._overlay.fitting = other, frozenset(found)
        name = end[1].lstrip("+")
        self._enter("link", "", self._in_order(found, other), f"Link {end[0].lstrip('>')}.{name}: type a label")

    def connect(self) -> None:
        """Draw a link by labels: first choose where it begins, then where it ends."""
        boxes = self._scene.boxes.values()
        ends = [(box.key, port.name) for box in boxes for port in box.outputs]
        self._enter("port", _CONNECT, self._in_order(ends, "output"), "Link from: type a label")

    def _in_order(self, ends: Iterable[End], side: Side) -> list[Choice]:
        """Ports as choices: those of the current box first, then those in view, from the left to the right."""
        if self._sheet is None:
            return []
        view, found = self.view, []
        for end in ends:
            anchor = self._sheet.anchor(end, side)
            if anchor is not None:
                found.append((end[0] != self._cursor, not view.holds(*anchor), anchor, end))
        return [Choice(end[0], end, side) for *_, end in sorted(found)]

    def _enter(self, mode: Mode, purpose: str, choices: list[Choice], prompt: str) -> None:
        if not choices:
            self._link, self._overlay.fitting = None, None
            self._refresh_looks()
            self.app.bell()
            return
        self._hints = Hints(mode, purpose, choices, f"{prompt} · tab: next · enter: take · esc: leave")
        self._show_hints()
        self.post_message(messages.ModeChanged(mode))

    def _show_hints(self) -> None:
        hints, sheet = self._hints, self._sheet
        self._overlay.labels = labels_by_row(hints.placed(sheet)) if hints and sheet else {}
        self._refresh_looks()
        self._repaint()

    def leave_mode(self) -> bool:
        """Take the labels away; returns whether there were any."""
        was = self._hints is not None or self._overlay.fitting is not None
        self._hints, self._link = None, None
        self._overlay.fitting = self._overlay.rubber = self._overlay.target = None
        if was:
            self._show_hints()
            self.post_message(messages.ModeChanged(""))
        return was

    def on_key(self, event: events.Key) -> None:
        """While labels are shown, they take every key."""
        if self._hints is None:
            return
        event.stop()
        event.prevent_default()
        chosen: Choice | None = None
        if event.key in ("tab", "down", "right", "shift+tab", "up", "left"):
            self._step_hints(-1 if event.key in ("shift+tab", "up", "left") else 1)
        elif event.key == "enter":
            chosen = self._hints.chosen or self._hints.left()[0]
        elif event.key == "backspace":
            self._hints.erase()
        elif event.character and event.character.isprintable():
            chosen = self._hints.type(event.character)
        elif event.key == "escape":
            self.leave_mode()
        if chosen is not None:
            self._choose(chosen)
        else:
            self._show_hints()

    def _step_hints(self, by: int) -> None:
        assert self._hints is not None
        self.reveal(self._hints.step(by).key)

    def _choose(self, choice: Choice) -> None:
        assert self._hints is not None
        mode, purpose, link = self._hints.mode, self._hints.purpose, self._link
        self.leave_mode()
        if mode == "box":
            self.go_to(choice.key)
            if purpose:
                self.post_message(messages.BoxChosen(choice.key, purpose))
        elif choice.end is None:
            return
        elif mode == "link" and link is not None:
            self._tell_link(link[0], link[1], choice.end, self._place_of(choice))
        elif purpose == _CONNECT:
            self.begin_link(choice.end, choice.side)
        else:
            self.post_message(messages.PortChosen(choice.end, choice.side, purpose))

    def _place_of(self, choice: Choice) -> Position:
        area = self._areas.get(choice.key)
        return to_full((area.x1, area.y1), self._level) if area else (0, 0)

    def _tell_link(self, start: End, side: Side, end: End | None, at: Position) -> None:
        source, target = (start, end) if side == "output" else (end, start)
        self.post_message(messages.LinkDropped(source, target, at))

    # --- keys

    def action_follow_left(self) -> None:
        """Go along a wire to what feeds the current box."""
        self._follow(-1)

    def action_follow_right(self) -> None:
        """Go along a wire to what the current box feeds."""
        self._follow(1)

    def _follow(self, step: int) -> None:
        if self._sheet is not None and self._begun():
            self.go_to(self._trail.along(self._sheet, self._cursor or "", step))

    def _begun(self) -> bool:
        """Whether there is a current box; where there is none, one in view becomes it."""
        if self._sheet is None or not self._areas:
            return False
        if self._cursor in self._areas:
            return True
        order = walking.in_order(self._sheet)
        seen = [key for key in order if _is_seen(self._areas[key], self.view)]
        self.go_to((seen or order)[0])
        return False

    def action_go_up(self) -> None:
        """Go to the box above."""
        self._climb(-1)

    def action_go_down(self) -> None:
        """Go to the box below."""
        self._climb(1)

    def _climb(self, step: int) -> None:
        if self._sheet is not None and self._begun():
            self.go_to(walking.above_or_below(self._sheet, self._cursor or "", step))

    def action_first(self) -> None:
        """Go to the first box."""
        if self._sheet is not None and self._areas:
            self.go_to(walking.in_order(self._sheet)[0])

    def action_last(self) -> None:
        """Go to the last box."""
        if self._sheet is not None and self._areas:
            self.go_to(walking.in_order(self._sheet)[-1])

    def action_jump(self) -> None:
        """Put a label on every box."""
        self.choose_box()

    def action_find_next(self) -> None:
        """Go to the next box that was found."""
        self._go_through_found(1)

    def action_find_previous(self) -> None:
        """Go to the one before."""
        self._go_through_found(-1)

    def _go_through_found(self, step: int) -> None:
        if self._found:
            at = self._found.index(self._cursor) if self._cursor in self._found else -1 if step > 0 else 0
            self.go_to(self._found[(at + step) % len(self._found)])

    def action_open_box(self) -> None:
        """Ask for the inside of the current box."""
        if self._cursor is not None:
            self.post_message(messages.BoxOpened(self._cursor))

    def action_pan(self, across: int, down: int) -> None:
        """Move the view."""
        self.look_at(self.left + across, self.top + down)
        self.scrolled_by_user()

    def action_zoom_in(self) -> None:
        """Show more of each box."""
        self.zoom(Zoom(min(self._level + 1, Zoom.FULL)))

    def action_zoom_out(self) -> None:
        """Show less of each box."""
        self.zoom(Zoom(max(self._level - 1, Zoom.OVERVIEW)))

    def action_zoom_full(self) -> None:
        """Show boxes in full."""
        self.zoom(Zoom.FULL)

    def action_fit(self) -> None:
        """Take the zoom at which the whole graph is in view."""
        self.fit()

    def action_toggle_minimap(self) -> None:
        """Show or hide the minimap."""
        self.minimap_wanted = not self.minimap_wanted
        self.refresh()

    def action_mark(self) -> None:
        """Mark the current box, or no longer."""
        if self._cursor is not None:
            self.toggle_mark(self._cursor)

    def action_mark_upstream(self) -> None:
        """Mark everything that feeds the current box, and the box."""
        if self._sheet is not None and self._cursor is not None:
            self.select(walking.upstream(self._sheet, [self._cursor]), cursor=self._cursor)

    def action_mark_all(self) -> None:
        """Mark every box."""
        self.select(self._scene.boxes, cursor=self._cursor)

    def action_nudge(self, across: int, down: int) -> None:
        """Move what is selected by a cell."""
        moved = {key: (self._areas[key].x1 + across, self._areas[key].y1 + down)
                 for key in self.selected if key in self._areas}  # fmt: skip
        if moved:
            self.place_boxes(moved)
            self.settle_boxes(merge=f"nudge {' '.join(sorted(moved))}")

    def action_leave_mode(self) -> None:
        """Take labels, marks or found boxes away; where there are none, tell that someone wants out."""
        if self.leave_mode():
            return
        if self._found:
            self.find("")
        elif self._marked:
            self.select((), cursor=self._cursor)
        else:
            self.post_message(messages.LeaveWanted())

    # --- moving boxes

    def place_boxes(self, positions: Mapping[str, Position]) -> None:
        """Show boxes elsewhere, while they are dragged."""
        sheet = self._sheet
        if sheet is None:
            return
        self._frozen = True
        arrangement = move(sheet.arrangement, sheet.draft.shapes, sheet.scene.wires, positions)
        self._moving = dict(positions)
        self._take_sheet(sheet.rearranged(arrangement), moved=True)
        self.refresh()

    def settle_boxes(self, merge: str = "") -> None:
        """Leave boxes where they were dragged to, and tell it."""
        self._frozen = False
        self._resize_world()
        self._untouched = False
        moved = {
            key: to_full(place, self._level) for key, place in self._moving.items() if not _is_border(self._scene, key)
        }
        self._moving = {}
        if moved:
            self.post_message(messages.BoxesMoved(moved, merge=merge))

    # --- drawing links

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
        self._repaint()

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

    # --- mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to drag, or select."""
        event.stop()
        self.leave_mode()
        self._pointer.press(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag."""
        if self._pointer.dragging:
            event.stop()
            self._pointer.move(event)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Drop."""
        self._pointer.release(event)

    def on_mouse_release(self, event: events.MouseRelease) -> None:
        """Give up a drag that something else took the mouse from."""
        self._pointer.let_go()

    def on_click(self, event: events.Click) -> None:
        """Open what is clicked twice."""
        if event.chain == 2 and event.button == 1 and self._sheet is not None:
            key = self._sheet.box_at(self.left + event.x, self.top + event.y)
            if key is not None:
                self.post_message(messages.BoxOpened(key))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll, or zoom out with ctrl."""
        self._wheel(event, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll, or zoom in with ctrl."""
        self._wheel(event, -1)

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        """Scroll sideways."""
        self._wheel(event, 1, sideways=True)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        """Scroll sideways."""
        self._wheel(event, -1, sideways=True)

    def _wheel(self, event: events.MouseEvent, step: int, *, sideways: bool = False) -> None:
        event.stop()
        event.prevent_default()
        if event.ctrl:
            level = Zoom(max(Zoom.OVERVIEW, min(Zoom.FULL, self._level - step)))
            self.zoom(level, around=(event.x, event.y))
        elif event.shift or sideways:
            self.action_pan(6 * step, 0)
        else:
            self.action_pan(0, 3 * step)

    def ask_for_menu(self, world: Position, screen: Position) -> None:
        """Tell a right click, and make the box there the current one."""
        key = self._sheet.box_at(*world) if self._sheet else None
        if key is not None and key not in self.selected:
            self.select((), cursor=key)
        self.post_message(messages.MenuWanted(key, to_full(world, self._level), screen))

    def scrolled_by_user(self) -> None:
        """Tell that the view was moved by hand."""
        self._untouched = False
        self.post_message(messages.ScrolledByUser())

    def _repaint(self) -> None:
        if self._painter is not None:
            self._painter.forget()
        self.refresh()


_CONNECT = "canvas.connect"


def _is_seen(area: Area, view: Area) -> bool:
    return area.x1 <= view.x2 and area.x2 >= view.x1 and area.y1 <= view.y2 and area.y2 >= view.y1


def _is_border(scene: Scene, key: str) -> bool:
    """Whether a box is no node, so that no file says where it lies."""
    return scene.boxes[key].role in ("source", "sink")


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
