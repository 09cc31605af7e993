"""How a row of a box looks: border, title, ports, values, state."""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style

from latentgraph.tui.editor.canvas.cells import clipped, to_cells, width_of
from latentgraph.tui.editor.canvas.forms import Form, Row
from latentgraph.tui.editor.canvas.geometry import End
from latentgraph.tui.editor.canvas.glyphs import Border, Glyphs
from latentgraph.tui.editor.canvas.line import Cells, Line
from latentgraph.tui.editor.canvas.palette import Ground, Palette
from latentgraph.tui.editor.canvas.zoom import Zoom
from latentgraph.tui.editor.views import Box, Field, NodeState, PortView, Side

IDLE = NodeState()
_STATE_COLORS = {"running": "running", "done": "done", "cached": "done", "failed": "error"}


@dataclass(frozen=True, slots=True)
class Look:
    """What is laid over a box and does not belong to the scene."""

    current: bool = False
    marked: bool = False
    found: bool = False
    """By the search that goes on."""
    state: NodeState = IDLE
    spin: int = 0
    """Which picture of the spinner."""
    fitting: tuple[Side, frozenset[End]] | None = None
    """While a link is drawn: the side and the ports that it may end on; others step back."""


class Faces:
    """Paints rows of boxes."""

    def __init__(self, palette: Palette, glyphs: Glyphs) -> None:
        """Paint with these styles and characters."""
        self.palette = palette
        self.glyphs = glyphs

    def row(self, box: Box, form: Form, at: int, look: Look, zoom: Zoom) -> Cells:
        """The cells of one row of a box."""
        row = form.rows[at]
        ground: Ground = "current" if look.current else "node"
        if zoom is Zoom.OVERVIEW:
            return self._pill(box, form, at, look)
        line = Line(form.shape.width, self.palette.text("text", ground))
        border = self._border(box, look)
        style = self._border_style(box, look, ground)
        if row.kind == "title":
            self._title(line, box, look, border, style, ground)
        elif row.kind == "bottom":
            self._bottom(line, box, look, border, style, ground)
        else:
            line.set(0, border.side, style)
            line.set(line.width - 1, border.side, style)
            self._inside(line, box, row, look, ground)
        return line.cells

    # --- border

    def _border(self, box: Box, look: Look) -> Border:
        if look.current:
            return self.glyphs.heavy
        if look.marked:
            return self.glyphs.double
        return self.glyphs.dashed if box.disabled == "mute" or box.role == "unknown" else self.glyphs.thin

    def _border_style(self, box: Box, look: Look, ground: Ground) -> Style:
        if look.state.status == "failed":
            return self.palette.text("error", ground, bold=look.current)
        if look.current:
            return self.palette.text("current", ground, bold=True)
        if look.marked:
            return self.palette.text("mark", ground)
        if look.state.status == "running":
            return self.palette.text("running", ground)
        return self.palette.faint(ground) if box.disabled else self.palette.text("node", ground)

    def _title(self, line: Line, box: Box, look: Look, border: Border, style: Style, ground: Ground) -> None:
        width = line.width
        line.fill(1, width - 2, border.top, style)
        line.set(0, border.top_left, style)
        line.set(width - 1, border.top_right, style)
        chip = self.palette.chip(box.category, ground, under=look.found, faint=box.disabled is not None)
        room = width - 2
        parts = self._state(box, look, ground)
        signs = sum(width_of(text) + 1 for text, _ in parts) + bool(parts)
        title = clipped(f" {box.title} ", max(3, room - signs), self.glyphs.ellipsis)
        line.put(1, title, chip)
        if parts and look.state.seconds >= 0.05 and look.state.status in ("done", "failed"):
            seconds = _seconds(look.state.seconds)
            if len(title) + signs + len(seconds) + 1 <= room:
                parts.insert(0, (seconds, parts[0][1]))
        x = width - 2 - sum(width_of(text) + 1 for text, _ in parts)
        for text, part_style in parts:
            line.put(x, [" ", *to_cells(text), " "], part_style)
            x += width_of(text) + 1

    def _state(self, box: Box, look: Look, ground: Ground) -> list[tuple[str, Style]]:
        """The signs at the right of a title, each with its style."""
        parts = []
        status = look.state.status
        if status == "running":
            sign = self.glyphs.spinner[look.spin % len(self.glyphs.spinner)]
            parts.append((sign, self.palette.text("running", ground, bold=True)))
        elif self.glyphs.states[status]:
            parts.append(
                (
                    self.glyphs.states[status],
                    self.palette.text(_STATE_COLORS.get(status, "secondary"), ground, bold=True),
                )
            )
        if box.disabled:
            sign = self.glyphs.muted if box.disabled == "mute" else self.glyphs.bypassed
            parts.append((sign, self.palette.text("secondary", ground, bold=True)))
        if box.severity:
            name = "error" if box.severity == "error" else "warning" if box.severity == "warning" else "secondary"
            parts.append((self.glyphs.severities[box.severity], self.palette.text(name, ground, bold=True)))
        return parts

    def _bottom(self, line: Line, box: Box, look: Look, border: Border, style: Style, ground: Ground) -> None:
        width = line.width
        line.fill(1, width - 2, border.bottom, style)
        line.set(0, border.bottom_left, style)
        line.set(width - 1, border.bottom_right, style)
        state = look.state
        if state.status == "running" and state.total:
            self._progress(line, state, ground)
        elif state.status == "failed" and state.message:
            message = clipped(f" {state.message} ", width - 2, self.glyphs.ellipsis)
            line.put(1, message, self.palette.text("error", ground))
        else:
            if look.marked:
                line.put(2, to_cells(" marked "), self.palette.text("mark", ground))
            room = width - (12 if look.marked else 4)
            if box.type and box.type != box.title and room > 4:
                label = clipped(f" {box.type} ", room, self.glyphs.ellipsis)
                line.put(width - 2 - len(label), label, self.palette.text("secondary", ground))

    def _progress(self, line: Line, state: NodeState, ground: Ground) -> None:
        share = min(1.0, state.done / state.total)
        text = f" {state.done}/{state.total} " if line.width >= 22 else f" {share:.0%} "
        room = line.width - 2 - len(text)
        filled = round(share * room)
        running = self.palette.text("running", ground, bold=True)
        line.fill(1, filled, self.glyphs.bar, running)
        line.fill(1 + filled, room, self.glyphs.bar_rest, self.palette.faint(ground))
        line.put(1 + room, to_cells(text), running)

    # --- rows

    def _inside(self, line: Line, box: Box, row: Row, look: Look, ground: Ground) -> None:
        if row.kind == "ports":
            self._ports(line, box, row, look, ground)
        elif row.field is not None:
            self._field(line, box, row, row.field, look, ground)
        elif row.body is not None:
            self._body(line, row, ground)
        else:
            line.put(2, to_cells(f"{self.glyphs.ellipsis} {row.text}"), self.palette.text("secondary", ground))

    def _ports(self, line: Line, box: Box, row: Row, look: Look, ground: Ground) -> None:
        width = line.width
        right = 0
        if row.right:
            if row.right.value:
                right = self._source(line, row.right, ground)
            else:
                name = clipped(_label(row.right), width - 4, self.glyphs.ellipsis)
                right = len(name)
                line.put(width - 2 - right, name, self._label_style(box, row.right, "output", look, ground))
            self._glyph(line, width - 1, box, row.right, "output", look, ground)
        if row.left:
            room = width - 4 - (right + 1 if right else 0)
            name = clipped(_label(row.left), room, self.glyphs.ellipsis)
            line.put(2, name, self._label_style(box, row.left, "input", look, ground))
            self._glyph(line, 0, box, row.left, "input", look, ground)
            self._warn(line, row.left.severity, ground)

    def _source(self, line: Line, port: PortView, ground: Ground) -> int:
        """An input of the workflow with its value; returns how many cells that takes from the right."""
        width = line.width
        room = width - 4
        name = clipped(port.name, room - 6 if room > 12 else room, self.glyphs.ellipsis)
        line.put(2, name, self._severe(port.severity, "secondary", ground))
        self._warn(line, port.severity, ground)
        value = clipped(port.value, room - len(name) - 2, self.glyphs.ellipsis)
        line.put(width - 2 - len(value), value, self.palette.text("text", ground))
        return room

    def _glyph(self, line: Line, x: int, box: Box, port: PortView, side: Side, look: Look, ground: Ground) -> None:
        if port.growing:
            line.set(x, self.glyphs.growing, self._growing(box, port, side, look, ground))
            return
        faint, bold = not port.connected, False
        if look.fitting is not None:
            bold = _fits(box, port.name, side, look)
            faint = not bold
        line.set(x, self.glyphs.ports[port.kind], self.palette.port(port.kind, ground, faint=faint, bold=bold))

    def _growing(self, box: Box, port: PortView, side: Side, look: Look, ground: Ground) -> Style:
        fits = _fits(box, port.name, side, look)
        return self.palette.text("text", ground, bold=True) if fits else self.palette.text("secondary", ground)

    def _label_style(self, box: Box, port: PortView, side: Side, look: Look, ground: Ground) -> Style:
        if port.growing:
            return self._growing(box, port, side, look, ground)
        if box.disabled:
            return self.palette.faint(ground)
        if look.fitting is not None:
            fits = _fits(box, port.name, side, look)
            return self.palette.text("text", ground, bold=True) if fits else self.palette.faint(ground)
        return self._severe(port.severity, "text", ground)

    def _severe(self, severity: str, otherwise: str, ground: Ground) -> Style:
        if severity in ("error", "warning"):
            return self.palette.text(severity, ground, bold=True)
        return self.palette.text(otherwise, ground)

    def _warn(self, line: Line, severity: str, ground: Ground) -> None:
        if severity in ("error", "warning"):
            sign = self.glyphs.severities["error" if severity == "error" else "warning"]
            line.set(1, sign, self.palette.text(severity, ground, bold=True))

    def _field(self, line: Line, box: Box, row: Row, one: Field, look: Look, ground: Ground) -> None:
        room = line.width - 4
        plain = self.palette.faint(ground) if box.disabled else None
        if look.fitting is not None:
            plain = self.palette.text("text", ground, bold=True) if _fits(box, one.name, "input", look) else plain
            plain = plain or self.palette.faint(ground)
        if row.kind == "text":
            text_style = plain or self._severe(one.severity, "text", ground)
            line.put(2, clipped(row.text, room, self.glyphs.ellipsis), text_style)
            self._warn(line, one.severity, ground)
            return
        given = "secondary" if one.source or not one.given else "text"
        text = f"{self.glyphs.from_input}{one.source}" if one.source else one.value
        value = clipped(text, max(4, room - width_of(one.name) - 1), self.glyphs.ellipsis)
        name = clipped(one.name, room - len(value) - 1, self.glyphs.ellipsis)
        line.put(2, name, plain or self._severe(one.severity, "secondary", ground))
        line.put(line.width - 2 - len(value), value, plain or self._severe(one.severity, given, ground))
        self._warn(line, one.severity, ground)

    def _body(self, line: Line, row: Row, ground: Ground) -> None:
        assert row.body is not None
        room = line.width - 4
        name = clipped(f"{self.glyphs.inside}{row.body.name}", room, self.glyphs.ellipsis)
        line.put(2, name, self.palette.text("text", ground))
        kind = clipped(row.body.type, room - len(name) - 1, self.glyphs.ellipsis)
        line.put(line.width - 2 - len(kind), kind, self.palette.text("secondary", ground))

    # --- the overview

    def _pill(self, box: Box, form: Form, at: int, look: Look) -> Cells:
        row, width = form.rows[at], form.shape.width
        line = Line(width, self.palette.text("text"))
        body = self.palette.chip(
            box.category, "current" if look.current else "node", under=look.found, faint=box.disabled is not None
        )
        line.fill(1, width - 2, " ", body)
        if at == 0:
            signs = "".join(text for text, _ in self._state(box, look, "node"))
            room = width - 2 - width_of(signs)
            left, right = ("[", "]") if look.current else ("(", ")") if look.marked else (" ", " ")
            title = [left, *clipped(box.title, room - 2, self.glyphs.ellipsis), right]
            line.put(1, title, body)
            line.put(width - 1 - width_of(signs), to_cells(signs), body)
        elif at == 1 and look.state.status == "running" and look.state.total:
            line.put(2, to_cells(f"{look.state.done / look.state.total:4.0%}"), body)
        if row.left:
            self._glyph(line, 0, box, row.left, "input", look, "canvas")
        if row.right:
            self._glyph(line, width - 1, box, row.right, "output", look, "canvas")
        return line.cells


def _fits(box: Box, port: str, side: Side, look: Look) -> bool:
    """Whether the link that is being drawn may end on a port."""
    return look.fitting is not None and look.fitting[0] == side and (box.key, port) in look.fitting[1]


def _label(port: PortView) -> str:
    return port.name[1:] if port.growing else port.name


def _seconds(seconds: float) -> str:
    if seconds < 99.5:
        return f"{seconds:.1f}s" if seconds < 9.95 else f"{seconds:.0f}s"
    return f"{seconds / 60:.0f}m"
