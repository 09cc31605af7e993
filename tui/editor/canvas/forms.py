"""What stands in each row of a box at a zoom, and so how large it is and where its ports are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from latentgraph.tui.editor.canvas.cells import width_of, wrapped
from latentgraph.tui.editor.canvas.geometry import Shape
from latentgraph.tui.editor.canvas.zoom import Zoom
from latentgraph.tui.editor.kinds import VALUE
from latentgraph.tui.editor.views import BodyRow, Box, Field, PortView

FIELD_ROWS = 7
"""Values that a box shows; of more, those that the file gives come first."""
BODY_ROWS = 7
TEXT_LINES = 3
_WIDTHS = {Zoom.FULL: (18, 34, 4), Zoom.COMPACT: (14, 30, 4), Zoom.OVERVIEW: (10, 20, 2)}
"""Least and greatest width of a box, and the step between: few widths make tidy columns that a small edit leaves."""
_VALUE_CELLS = (4, 12)
_SOURCE_CELLS = (4, 18)

RowKind = Literal["title", "ports", "field", "text", "body", "more", "bottom"]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a box."""

    kind: RowKind
    left: PortView | None = None
    right: PortView | None = None
    field: Field | None = None
    text: str = ""
    body: BodyRow | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """A box at a zoom."""

    shape: Shape
    rows: tuple[Row, ...]
    fields: Mapping[str, int] = field(default_factory=dict)
    """The rows of inputs that show a value; a link can be dropped there."""

    def row_of(self, port: str, side: str) -> int | None:
        """The row of an input or output; None where this zoom does not show it."""
        if side == "output":
            return self.shape.outputs.get(port)
        return self.shape.inputs.get(port, self.fields.get(port))


def form_of(box: Box, zoom: Zoom) -> Form:
    """How a box looks at a zoom."""
    inputs = [port for port in box.inputs if _is_shown(box, port, zoom)]
    outputs = [port for port in box.outputs if _is_shown(box, port, zoom)]
    count = max(len(inputs), len(outputs))
    rows = [
        Row("ports", inputs[at] if at < len(inputs) else None, outputs[at] if at < len(outputs) else None)
        for at in range(count)
    ]
    if zoom is Zoom.OVERVIEW:
        rows = rows or [Row("ports")]
        return _form(box, zoom, rows, 0)
    rows = [Row("title"), *rows]
    width = _width(box, zoom, rows)
    if zoom is Zoom.FULL:
        rows += _value_rows(box, width)
    elif box.role == "source" and (values := sum(port.kind == VALUE for port in box.outputs)):
        rows.append(Row("more", text=f"{values} value{'' if values == 1 else 's'}"))
    return _form(box, zoom, [*rows, Row("bottom")], width)


def _is_shown(box: Box, port: PortView, zoom: Zoom) -> bool:
    if zoom is Zoom.FULL:
        return True
    # What only feeds values has no wire, and so nothing to show where no values are.
    return not port.growing and not (box.role == "source" and port.kind == VALUE)


def _form(box: Box, zoom: Zoom, rows: list[Row], width: int) -> Form:
    inputs = {row.left.name: at for at, row in enumerate(rows) if row.left}
    outputs = {row.right.name: at for at, row in enumerate(rows) if row.right}
    fields: dict[str, int] = {}
    for at, row in enumerate(rows):
        if row.field:
            fields.setdefault(row.field.name, at)
    place: Literal["first", "last", ""] = "first" if box.role == "source" else "last" if box.role == "sink" else ""
    shape = Shape(width or _width(box, zoom, rows), len(rows), inputs, outputs, place)
    return Form(shape, tuple(rows), fields)


def _width(box: Box, zoom: Zoom, rows: list[Row]) -> int:
    least, most, step = _WIDTHS[zoom]
    if zoom is Zoom.OVERVIEW:
        wanted = width_of(box.title) + 4
    else:
        widths = [width_of(box.title) + 8, *(_ports_width(row, zoom) for row in rows if row.kind == "ports")]
        if zoom is Zoom.FULL:
            widths += [_field_width(one) for one in box.fields]
            widths += [width_of(one.name) + width_of(one.type) + 6 for one in box.body]
            widths.append(width_of(box.type) + 5)
        wanted = max(widths)
    return max(least, min(most, least + -(-(wanted - least) // step) * step))


def _ports_width(row: Row, zoom: Zoom) -> int:
    left = width_of(row.left.name) if row.left else 0
    right = width_of(row.right.name) if row.right else 0
    value = row.right.value if row.right and zoom is Zoom.FULL else ""
    if value:
        right += 2 + max(_SOURCE_CELLS[0], min(_SOURCE_CELLS[1], width_of(value)))
    return left + right + (2 if left and right else 0) + 4


def _field_width(one: Field) -> int:
    least, most = _VALUE_CELLS
    value = width_of(one.source) + 2 if one.source else width_of(one.value)
    return 4 + width_of(one.name) + 2 + max(least, min(most, value))


def _value_rows(box: Box, width: int) -> list[Row]:
    fields = list(box.fields)
    hidden = 0
    if len(fields) > FIELD_ROWS:
        told = [one for one in fields if one.given or one.source or one.severity]
        kept = (told + [one for one in fields if one not in told])[: FIELD_ROWS - 1]
        hidden = len(fields) - len(kept)
        fields = [one for one in fields if one in kept]
    rows: list[Row] = []
    for one in fields:
        rows += _field_rows(one, width)
    if hidden:
        rows.append(Row("more", text=f"{hidden} more"))
    shown = box.body if len(box.body) <= BODY_ROWS else box.body[: BODY_ROWS - 1]
    rows += [Row("body", body=one) for one in shown]
    if len(shown) < len(box.body):
        rows.append(Row("more", text=f"{len(box.body) - len(shown)} more"))
    return rows


def _field_rows(one: Field, width: int) -> list[Row]:
    """A row, or several for a text that is to be read."""
    if not one.long or width_of(one.name) + width_of(one.value) + 6 <= width:
        return [Row("field", field=one)]
    lines = wrapped(one.value, width - 4, TEXT_LINES)
    return [Row("text", field=one, text=line) for line in lines]
