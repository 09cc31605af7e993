"""The part of the canvas that one chooses on: the current box, marked boxes, found boxes, labels to type."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual import events

from latentgraph.tui.editor.canvas import messages, walking
from latentgraph.tui.editor.canvas.geometry import Arrangement, End, Position
from latentgraph.tui.editor.canvas.hints import ALPHABET, Choice, Hints, Mode
from latentgraph.tui.editor.canvas.painting import labels_by_row
from latentgraph.tui.editor.canvas.sheet import Draft, is_seen
from latentgraph.tui.editor.canvas.viewing import Anchor, SceneView
from latentgraph.tui.editor.canvas.wire_rows import WireRows
from latentgraph.tui.editor.canvas.zoom import Zoom, to_full
from latentgraph.tui.editor.views import Scene, Side

Fits = Callable[[End, Side], set[End]]
"""Told a port and which side of its box it is on: the ports of the other side that a link from it may end on."""
_CONNECT = "canvas.connect"
_KEYS = "esc leave · tab next · enter take · . show all"
"""What else the keys do; where there is no room for all, the first ones are read."""
_PANS = {"shift+left": (-8, 0), "shift+right": (8, 0), "shift+up": (0, -3), "shift+down": (0, 3)}


def _nothing(end: End, side: Side) -> set[End]:
    return set()


class ChoosingView(SceneView):
    """Boxes and ports that can be chosen."""

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
        self._hints: Hints | None = None
        self._link: tuple[End, Side] | None = None

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
            self._to_reveal = key if key not in self._areas else None

    def start_at(self, key: str) -> None:
        """Make a box the current one of a graph that was just opened; the view shows as much of it as it can."""
        self.select((), cursor=key)
        self._untouched = True
        self.home()

    def select(self, keys: Iterable[str], cursor: str | None = None) -> None:
        """Mark some boxes, and make one the current one; without any, nothing is selected."""
        before, old = self.selected, self._cursor
        self._marked = frozenset(key for key in keys if key in self._scene.boxes)
        self._cursor = cursor if cursor in self._scene.boxes else None
        self._untouched = self._untouched and self._cursor is None
        self._heat()
        self._refresh_looks()
        if self._cursor != old:
            self.post_message(messages.CursorMoved(self._cursor))
        if self.selected != before:
            self.post_message(messages.SelectionChanged(self.selected))

    def toggle_mark(self, key: str) -> None:
        """Mark a box, or no longer."""
        self.select(self._marked ^ {key}, cursor=key)

    def show(self, scene: Scene) -> None:
        """Show a scene. Of another scope, go to where one was there last."""
        cursor, selected = self._cursor, self.selected
        elsewhere = scene.scope != self._scene.scope
        super().show(scene)
        if self._hints is not None and (elsewhere or any(one.key not in scene.boxes for one in self._hints.choices)):
            self.leave_mode()
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

    def _install(
        self, draft: Draft, arrangement: Arrangement, anchor: Anchor | None, wires: WireRows | None = None
    ) -> None:
        super()._install(draft, arrangement, anchor, wires)
        if self._hints is not None:
            self._show_hints()

    # --- labels

    @property
    def mode(self) -> str:
        """`box`, `port`, `link` while labels take the keys; else empty."""
        return self._hints.mode if self._hints else ""

    @property
    def prompt(self) -> str:
        """What the lowest row of the view says."""
        return self._hints.prompt if self._hints else ""

    def choose_box(self, purpose: str = "") -> None:
        """Put a label on every box in view, and on the others while a letter is enough for each.

        Typing one goes there, and tells `BoxChosen` where there is a purpose.
        """
        view = self.view
        keys = walking.in_order(self._sheet) if self._sheet else []
        seen = [key for key in keys if is_seen(self._areas[key], view)]
        keys = [*seen, *(key for key in keys if key not in seen)] if len(keys) <= len(ALPHABET) else seen
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
        self._hints = Hints(mode, purpose, choices, f"{prompt} · {_KEYS}")
        self._see_one_of(choices)
        self._show_hints()
        self.post_message(messages.ModeChanged(mode))

    def _see_one_of(self, choices: list[Choice]) -> None:
        """Go to the nearest box that can be chosen on, where no label would be in view."""
        boxes = {one.key: self._areas[one.key] for one in choices}
        if not any(self._is_in_view(one) for one in choices):
            x, y = self.view.center
            self.reveal(min(boxes, key=lambda key: abs(boxes[key].center[0] - x) + abs(boxes[key].center[1] - y)))

    def _is_in_view(self, choice: Choice) -> bool:
        sheet = self._sheet
        at = sheet.anchor(choice.end, choice.side) if sheet is not None and choice.end is not None else None
        return self.view.holds(*at) if at is not None else is_seen(self._areas[choice.key], self.view)

    def _show_hints(self) -> None:
        hints, sheet = self._hints, self._sheet
        self._overlay.labels = labels_by_row(hints.placed(sheet)) if hints and sheet else {}
        self._refresh_looks()
        self.repaint()

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
        elif event.key == "escape":
            self.leave_mode()
        elif not self._look_around(event.key) and event.character and event.character.isprintable():
            chosen = self._hints.type(event.character)
        if chosen is not None:
            self._choose(chosen)
        else:
            self._show_hints()

    def _look_around(self, key: str) -> bool:
        """Move the view by keys that are no letters, so that labels out of view come into it; whether it was one."""
        if key == "full_stop":
            self.fit()
        elif key in ("plus", "equals_sign"):
            self.zoom(Zoom(min(self._level + 1, Zoom.FULL)))
        elif key == "minus":
            self.zoom(Zoom(max(self._level - 1, Zoom.OVERVIEW)))
        elif key in _PANS:
            across, down = _PANS[key]
            self.look_at(self.left + across, self.top + down)
        else:
            return False
        return True

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
