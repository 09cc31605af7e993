"""The canvas of the editor: shows a graph, takes keys and the mouse, and tells what someone wants to be done.

It knows nothing of edits and runs. What a link may end on it asks of `fits`; what happened it posts as a message.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType

from latentgraph.tui.editor.canvas import messages, walking
from latentgraph.tui.editor.canvas.dragging import DraggingView
from latentgraph.tui.editor.canvas.geometry import Position
from latentgraph.tui.editor.canvas.pointer import Pointer
from latentgraph.tui.editor.canvas.sheet import is_seen
from latentgraph.tui.editor.canvas.zoom import Zoom, to_full
from latentgraph.tui.editor.keys import bindings_for


class GraphCanvas(DraggingView):
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
        self._trail = walking.Trail()
        self._pointer = Pointer(self)

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
        seen = [key for key in order if is_seen(self._areas[key], self.view)]
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
