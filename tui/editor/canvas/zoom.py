"""Three sizes at which boxes are drawn; text is never scaled, boxes say less."""

from __future__ import annotations

from enum import IntEnum

from latentgraph.tui.editor.canvas.geometry import Position


class Zoom(IntEnum):
    """How much of a box is shown; a larger one shows more."""

    OVERVIEW = 0
    """A filled pill with its title."""
    COMPACT = 1
    """Title and ports."""
    FULL = 2
    """Title, ports and values."""


_SCALES: dict[Zoom, tuple[float, float]] = {
    Zoom.OVERVIEW: (0.62, 0.45),
    Zoom.COMPACT: (0.9, 0.62),
    Zoom.FULL: (1.0, 1.0),
}
"""How far apart boxes are at a zoom, across and down, against full zoom."""


def from_full(position: Position, zoom: Zoom) -> Position:
    """Where something that lies at `position` at full zoom lies at `zoom`."""
    across, down = _SCALES[zoom]
    return round(position[0] * across), round(position[1] * down)


def to_full(position: Position, zoom: Zoom) -> Position:
    """The way back: `from_full` of it is `position` again."""
    across, down = _SCALES[zoom]
    return round(position[0] / across), round(position[1] / down)
