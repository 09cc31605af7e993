"""What the layout is told about boxes and wires, and what it answers: whole cells, no widgets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Position = tuple[int, int]
End = tuple[str, str]
"""A port of a box: the box's key and the port's name."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A box as the layout sees it: its size, and the row of each port counted from the box's top."""

    width: int
    height: int
    inputs: Mapping[str, int] = field(default_factory=dict)
    outputs: Mapping[str, int] = field(default_factory=dict)
    place: Literal["first", "last", ""] = ""


@dataclass(frozen=True, slots=True)
class Wire:
    """A connection from an output port to an input port; wires of one output are drawn as one tree, a net."""

    source: End
    target: End


@dataclass(frozen=True, slots=True)
class Segment:
    """A straight run of cells, both ends included: `x1 <= x2`, `y1 <= y2`, and one of the two pairs is equal."""

    x1: int
    y1: int
    x2: int
    y2: int

    @property
    def horizontal(self) -> bool:
        """Whether the run lies in one row; a single cell does."""
        return self.y1 == self.y2

    def cells(self) -> list[Position]:
        """Every cell of the run, from the left or from the top."""
        if self.y1 == self.y2:
            return [(x, self.y1) for x in range(self.x1, self.x2 + 1)]
        return [(self.x1, y) for y in range(self.y1, self.y2 + 1)]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Where every box's top left cell lies and which cells every wire takes, from its source to its target."""

    positions: dict[str, Position]
    paths: dict[Wire, tuple[Segment, ...]]
    width: int
    height: int


def segment(a: Position, b: Position) -> Segment:
    """The run between two cells of one row or one column, whichever comes first."""
    return Segment(min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))


def wire_start(shape: Shape, position: Position, port: str) -> Position:
    """The first cell of a wire that leaves an output: the one right of the box's border."""
    return position[0] + shape.width, position[1] + shape.outputs[port]


def wire_end(shape: Shape, position: Position, port: str) -> Position:
    """The last cell of a wire that reaches an input: the one left of the box's border."""
    return position[0] - 1, position[1] + shape.inputs[port]
