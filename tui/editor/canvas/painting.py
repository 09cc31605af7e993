"""A row of the view, from back to front: dots, frames of groups, wires, boxes, and what is laid over them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from rich.style import Style
from textual.strip import Strip

from latentgraph.tui.editor.canvas.cells import clipped, to_cells
from latentgraph.tui.editor.canvas.faces import Faces, Look
from latentgraph.tui.editor.canvas.geometry import End, Position
from latentgraph.tui.editor.canvas.glyphs import EAST, WEST, Glyphs
from latentgraph.tui.editor.canvas.line import Cells, Line
from latentgraph.tui.editor.canvas.palette import Palette, Strength
from latentgraph.tui.editor.canvas.sheet import Area, Sheet
from latentgraph.tui.editor.canvas.wire_rows import WireRows
from latentgraph.tui.editor.views import Side

_DOTS_ACROSS, _DOTS_DOWN = 6, 3
PLAIN = Look()


@dataclass(frozen=True, slots=True)
class Label:
    """A few letters laid over the canvas."""

    x: int
    y: int
    text: str
    typed: int = 0
    """How many of its letters were typed."""
    chosen: bool = False
    """The one that enter takes."""


@dataclass
class Overlay:
    """What is laid over a sheet and changes while it stays."""

    looks: dict[str, Look] = field(default_factory=dict)
    """Of boxes that are not plain."""
    hot: WireRows = field(default_factory=lambda: WireRows({}))
    """Wires of what is selected, drawn heavy; the others step back."""
    fitting: tuple[Side, frozenset[End]] | None = None
    """While a link is being drawn: where it may end. All wires step back."""
    rubber: WireRows | None = None
    """The link that is being drawn."""
    rubber_kind: str = "any"
    labels: dict[int, list[Label]] = field(default_factory=dict)
    """By row."""
    lasso: Area | None = None
    """The area in which boxes are being marked."""
    target: Position | None = None
    """The port on which a link would end."""


class Painter:
    """Paints rows of a sheet; remembers rows of boxes and whole rows until they look otherwise."""

    def __init__(self, sheet: Sheet, palette: Palette, glyphs: Glyphs, overlay: Overlay) -> None:
        """Paint a sheet with some styles and characters."""
        self.palette, self.glyphs, self.overlay = palette, glyphs, overlay
        self.faces = Faces(palette, glyphs)
        self._blank = palette.style(palette.color("canvas"), palette.ground("canvas"))
        self._window = (0, 0)
        self._rows: dict[int, Line] = {}
        self._strips: dict[int, Strip] = {}
        self._boxes: dict[str, dict[int, Cells]] = {}
        self._kinds: dict[End, str] = {}
        self.take(sheet)

    def take(self, sheet: Sheet, *, moved: bool = False) -> None:
        """Paint another sheet.

        Args:
            sheet: The sheet.
            moved: Its boxes are those of the one before, in other places.
        """
        self.sheet = sheet
        self.forget()
        if not moved:
            self._boxes.clear()
            boxes = sheet.scene.boxes.values()
            self._kinds = {(box.key, port.name): port.kind for box in boxes for port in box.outputs}

    def look(self, key: str, look: Look) -> bool:
        """Give a box another look; returns whether it is another."""
        if self.overlay.looks.get(key, PLAIN) == look:
            return False
        self.overlay.looks[key] = look
        self._boxes.pop(key, None)
        area = self.sheet.areas.get(key)
        if area:
            self.forget(area.y1, area.y2)
        return True

    def look_of(self, key: str) -> Look:
        """How a box looks beside what the scene says."""
        return self.overlay.looks.get(key, PLAIN)

    def spin(self, key: str, turn: int) -> None:
        """Show the next picture of a running box's spinner."""
        self.look(key, replace(self.look_of(key), spin=turn))

    def forget(self, y1: int | None = None, y2: int | None = None) -> None:
        """Paint rows anew: these, or all."""
        if y1 is None or y2 is None:
            self._rows.clear()
            self._strips.clear()
            return
        for y in range(y1, y2 + 1):
            self._rows.pop(y, None)
            self._strips.pop(y, None)

    def strip(self, y: int, x: int, width: int) -> Strip:
        """The row `y` of the canvas from column `x` on."""
        self._look_through(x, width)
        found = self._strips.get(y)
        if found is None:
            found = self._strips[y] = self._line(y, x, width).strip()
        return found

    def row(self, y: int, x: int, width: int) -> Line:
        """The same for someone who paints over it."""
        self._look_through(x, width)
        return self._line(y, x, width).copy()

    def _look_through(self, x: int, width: int) -> None:
        if self._window != (x, width):
            self.forget()
            self._window = x, width

    def _line(self, y: int, x: int, width: int) -> Line:
        found = self._rows.get(y)
        if found is None:
            found = self._rows[y] = self._painted(y, x, width)
        return found

    def _painted(self, y: int, x: int, width: int) -> Line:
        line = Line(width, self._blank)
        if y % _DOTS_DOWN == 0:
            for column in range(-x % _DOTS_ACROSS, width, _DOTS_ACROSS):
                line.characters[column] = self.glyphs.dot
        for name, area in self.sheet.frames:
            if area.y1 <= y <= area.y2:
                self._frame(line, name, area, y, x)
        self._wires(line, y, x)
        for key in self.sheet.boxes_in_row(y, x, x + width - 1):
            line.lay(self.sheet.areas[key].x1 - x, self._box_row(key, y - self.sheet.areas[key].y1))
        self._over(line, y, x)
        return line

    def _box_row(self, key: str, at: int) -> Cells:
        rows = self._boxes.setdefault(key, {})
        found = rows.get(at)
        if found is None:
            sheet = self.sheet
            found = rows[at] = self.faces.row(sheet.box(key), sheet.forms[key], at, self.look_of(key), sheet.zoom)
        return found

    def _frame(self, line: Line, name: str, area: Area, y: int, x: int) -> None:
        style = self.palette.text("secondary")
        border = self.glyphs.dashed
        if area.y1 < y < area.y2:
            line.set(area.x1 - x, border.side, style)
            line.set(area.x2 - x, border.side, style)
            return
        top = y == area.y1
        line.fill(area.x1 - x + 1, area.x2 - x - 1, border.top if top else border.bottom, style)
        line.set(area.x1 - x, border.top_left if top else border.bottom_left, style)
        line.set(area.x2 - x, border.top_right if top else border.bottom_right, style)
        if top:
            title = clipped(f" {name} ", area.x2 - area.x1 - 2, self.glyphs.ellipsis)
            line.put(area.x1 - x + 2, title, self.palette.text("secondary", bold=True))

    # --- wires

    def _wires(self, line: Line, y: int, x: int) -> None:
        overlay, lines = self.overlay, self.glyphs.lines
        last = x + line.width - 1
        row = self.sheet.wires.row(y)
        strength: Strength = "dim" if overlay.hot or overlay.fitting else "plain"
        for a, b, net in row.runs_between(x, last):
            line.fill(a - x, b - x, lines[EAST + WEST], self._wire_style(net, strength))
        for column, arms, net in row.joints_between(x, last):
            line.set(column - x, lines[arms], self._wire_style(net, strength))
        if overlay.hot:
            self._hot_wires(line, y, x)
        if overlay.rubber is not None:
            self._rubber(line, overlay.rubber, y, x)

    def _hot_wires(self, line: Line, y: int, x: int) -> None:
        lines = self.glyphs.lines
        last = x + line.width - 1
        row, hot = self.sheet.wires.row(y), self.overlay.hot.row(y)
        strength: Strength = "dim" if self.overlay.fitting else "hot"
        for a, b, net in hot.runs_between(x, last):
            style = self._wire_style(net, strength)
            line.fill(a - x, b - x, lines[2 * (EAST + WEST)], style)
            for column, arms, other in row.joints_between(max(a, x) + 1, min(b, last) - 1):
                if other == net:
                    line.set(column - x, lines[arms + EAST + WEST], style)
        for column, arms, net in hot.joints_between(x, last):
            below = row.arms_at(column, net) or arms
            line.set(column - x, lines[below + arms], self._wire_style(net, strength))

    def _rubber(self, line: Line, rubber: WireRows, y: int, x: int) -> None:
        row, lines = rubber.row(y), self.glyphs.lines
        last = x + line.width - 1
        style = self.palette.wire(self.overlay.rubber_kind, "hot")
        for a, b, _ in row.runs_between(x, last):
            line.fill(a - x, b - x, lines[2 * (EAST + WEST)], style)
        for column, arms, _ in row.joints_between(x, last):
            line.set(column - x, lines[2 * arms], style)

    def _wire_style(self, net: End, strength: Strength) -> Style:
        return self.palette.wire(self._kinds.get(net, "any"), strength)

    # --- over everything

    def _over(self, line: Line, y: int, x: int) -> None:
        overlay = self.overlay
        if overlay.lasso is not None and overlay.lasso.y1 <= y <= overlay.lasso.y2:
            self._lasso(line, overlay.lasso, y, x)
        label = self.palette.style(self.palette.color("label"), self.palette.ground("label"), bold=True)
        if overlay.target is not None and overlay.target[1] == y:
            line.restyle(overlay.target[0] - x, label)
        for one in overlay.labels.get(y, ()):
            style = self.palette.text("current", "current", bold=True, under=True) if one.chosen else label
            # Of one that is half out of view the letters come first: they are what is typed.
            at = 0 if one.x < x < one.x + len(one.text) else one.x - x
            line.put(at, to_cells(one.text), style)
            line.put(at, to_cells(one.text[: one.typed]), self.palette.text("secondary"))

    def _lasso(self, line: Line, area: Area, y: int, x: int) -> None:
        style = self.palette.text("mark")
        border = self.glyphs.dashed
        if y in (area.y1, area.y2):
            line.fill(area.x1 - x, area.x2 - x, border.top, style)
        else:
            line.set(area.x1 - x, border.side, style)
            line.set(area.x2 - x, border.side, style)


def labels_by_row(labels: Iterable[Label]) -> dict[int, list[Label]]:
    """Labels by the row that they lie in."""
    rows: dict[int, list[Label]] = {}
    for label in labels:
        rows.setdefault(label.y, []).append(label)
    return rows
