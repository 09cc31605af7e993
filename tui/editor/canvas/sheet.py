"""A scene laid out at a zoom: where every box lies and which one a cell belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from latentgraph.tui.editor.canvas.cells import width_of
from latentgraph.tui.editor.canvas.forms import Form, form_of
from latentgraph.tui.editor.canvas.geometry import Arrangement, End, Position, Shape, Wire
from latentgraph.tui.editor.canvas.wire_rows import WireRows
from latentgraph.tui.editor.canvas.zoom import Zoom, from_full
from latentgraph.tui.editor.views import Box, Scene, Side

_TILE = (64, 8)
"""Columns and rows whose boxes are kept together."""
_FRAME_MARGIN = (3, 1)

Arrange = Callable[[Mapping[str, Shape], Sequence[Wire], Mapping[str, Position]], Arrangement]


class Area(NamedTuple):
    """Some cells: the first and the last column and row, both included."""

    x1: int
    y1: int
    x2: int
    y2: int

    def holds(self, x: int, y: int) -> bool:
        """Whether a cell is among them."""
        return self.x1 <= x <= self.x2 and self.y1 <= y <= self.y2

    @property
    def center(self) -> Position:
        """The cell in the middle."""
        return (self.x1 + self.x2) // 2, (self.y1 + self.y2) // 2


@dataclass(frozen=True, slots=True)
class PortHit:
    """A port under the pointer."""

    end: End
    side: Side


class Draft(NamedTuple):
    """A scene at a zoom before it is laid out; making it and laying it out needs no widget."""

    scene: Scene
    zoom: Zoom
    forms: Mapping[str, Form]

    @classmethod
    def of(cls, scene: Scene, zoom: Zoom, before: Draft | None = None) -> Draft:
        """Give every box its form; those that are as they were in the draft before keep theirs."""
        if before is None or before.zoom != zoom:
            return cls(scene, zoom, {key: form_of(box, zoom) for key, box in scene.boxes.items()})
        boxes = before.scene.boxes
        forms = {
            key: before.forms[key] if boxes.get(key) == box else form_of(box, zoom) for key, box in scene.boxes.items()
        }
        return cls(scene, zoom, forms)

    @property
    def shapes(self) -> dict[str, Shape]:
        """What the layout is told."""
        return {key: form.shape for key, form in self.forms.items()}

    @property
    def pinned(self) -> dict[str, Position]:
        """Where boxes were put, in cells of this zoom."""
        return {key: from_full(place, self.zoom) for key, place in self.scene.pinned.items() if key in self.forms}

    def arranged(self, arrange: Arrange) -> Arrangement:
        """Lay it out."""
        return arrange(self.shapes, self.scene.wires, self.pinned)

    def fits(self, other: Draft, arrangement: Arrangement) -> bool:
        """Whether the arrangement of another one is right for this one as well.

        It is where only texts differ, and where what is pinned lies where it should: after a drag nothing else moves.
        """
        pinned = self.pinned
        return (
            self.zoom == other.zoom
            and self.scene.wires == other.scene.wires
            and set(other.pinned) <= set(pinned)
            and all(arrangement.positions.get(key) == place for key, place in pinned.items())
            and self.shapes == other.shapes
        )


class Sheet:
    """Boxes in their places, and indexes of what is where."""

    def __init__(self, draft: Draft, arrangement: Arrangement, wires: WireRows | None = None) -> None:
        """Put every box where an arrangement says.

        Args:
            draft: The boxes.
            arrangement: Where they are.
            wires: The index of an arrangement before this one, to be taken over.
        """
        self.draft = draft
        self.scene, self.zoom, self.forms = draft
        self.wires = wires or WireRows({})
        self.areas: dict[str, Area] = {}
        self._tiles: dict[tuple[int, int], list[str]] = {}
        self._order = {key: at for at, key in enumerate(self.forms)}
        for key in self.forms:
            self._put(key, arrangement.positions[key])
        self._arrange(arrangement)
        self.bounds = self._bounds()

    def _put(self, key: str, place: Position) -> None:
        if key in self.areas:
            for tile in _tiles(self.areas[key]):
                self._tiles[tile].remove(key)
        (x, y), shape = place, self.forms[key].shape
        self.areas[key] = area = Area(x, y, x + shape.width - 1, y + shape.height - 1)
        for tile in _tiles(area):
            self._tiles.setdefault(tile, []).append(key)

    def _arrange(self, arrangement: Arrangement) -> None:
        self.arrangement = arrangement
        self.wires.update(arrangement.paths)
        self.frames = list(self._frames())

    def move(self, arrangement: Arrangement, keys: Iterable[str]) -> None:
        """Put some boxes and their wires somewhere else; the bounds stay until `settle`."""
        for key in keys:
            if key in self.areas:
                self._put(key, arrangement.positions[key])
        self._arrange(arrangement)

    def settle(self) -> None:
        """Measure the bounds after boxes were moved."""
        self.bounds = self._bounds()

    def box(self, key: str) -> Box:
        """A box by its key."""
        return self.scene.boxes[key]

    def boxes_in_row(self, y: int, x1: int, x2: int) -> list[str]:
        """The boxes that have cells there, from back to front."""
        found: dict[str, None] = {}
        row = y // _TILE[1]
        for column in range(x1 // _TILE[0], x2 // _TILE[0] + 1):
            for key in self._tiles.get((column, row), ()):
                area = self.areas[key]
                if area.y1 <= y <= area.y2 and area.x1 <= x2 and area.x2 >= x1:
                    found[key] = None
        return sorted(found, key=self._order.__getitem__) if len(found) > 1 else list(found)

    def box_at(self, x: int, y: int) -> str | None:
        """The box in front at a cell."""
        found = self.boxes_in_row(y, x, x)
        return found[-1] if found else None

    def port_at(self, x: int, y: int, *, wide: bool = False) -> PortHit | None:
        """The port whose glyph is in a cell or beside it.

        Args:
            x: Column of the cell.
            y: Row of the cell.
            wide: Take the whole row of a box for its port, which is what someone who drops a link there means.
        """
        for key in reversed(self.boxes_in_row(y, x - 1, x + 1)):
            area, form = self.areas[key], self.forms[key]
            row = form.rows[y - area.y1]
            middle = (area.x1 + area.x2) // 2
            left = row.left.name if row.left else row.field.name if row.field else ""
            if left and (x <= area.x1 + 1 if not wide else x <= middle or not row.right) and (row.left or wide):
                return PortHit((key, left), "input")
            if row.right and (x >= area.x2 - 1 if not wide else x > middle or not left):
                return PortHit((key, row.right.name), "output")
        return None

    def anchor(self, end: End, side: Side) -> Position | None:
        """The border cell of a port; the title's where this zoom does not show it, None where there is no such box."""
        area, form = self.areas.get(end[0]), self.forms.get(end[0])
        if area is None or form is None:
            return None
        row = form.row_of(end[1], side)
        return (area.x2 if side == "output" else area.x1, area.y1 + (row or 0))

    def shows(self, end: End, side: Side) -> bool:
        """Whether a port has a row of its own at this zoom."""
        form = self.forms.get(end[0])
        return form is not None and form.row_of(end[1], side) is not None

    def _frames(self) -> Iterable[tuple[str, Area]]:
        across, down = _FRAME_MARGIN
        for frame in self.scene.groups:
            areas = [self.areas[key] for key in frame.boxes if key in self.areas]
            if areas:
                x1 = min(area.x1 for area in areas) - across
                x2 = max(area.x2 for area in areas) + across
                yield (
                    frame.name,
                    Area(
                        x1,
                        min(area.y1 for area in areas) - down - 1,
                        max(x2, x1 + width_of(frame.name) + 5),
                        max(area.y2 for area in areas) + down,
                    ),
                )

    def _bounds(self) -> Area:
        areas = [*self.areas.values(), *(area for _, area in self.frames)]
        runs = [run for path in self.arrangement.paths.values() for run in path]
        if not areas:
            return Area(0, 0, 0, 0)
        return Area(
            min(min(area.x1 for area in areas), min((run.x1 for run in runs), default=0)),
            min(min(area.y1 for area in areas), min((run.y1 for run in runs), default=0)),
            max(max(area.x2 for area in areas), max((run.x2 for run in runs), default=0)),
            max(max(area.y2 for area in areas), max((run.y2 for run in runs), default=0)),
        )


def _tiles(area: Area) -> Iterable[tuple[int, int]]:
    across, down = _TILE
    return product(range(area.x1 // across, area.x2 // across + 1), range(area.y1 // down, area.y2 // down + 1))


def is_seen(area: Area, view: Area) -> bool:
    """Whether some cell of an area is in view."""
    return area.x1 <= view.x2 and area.x2 >= view.x1 and area.y1 <= view.y2 and area.y2 >= view.y1
