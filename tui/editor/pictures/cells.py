"""Pictures out of characters: four pixels a cell, in the two colours that come closest to them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

QUADRANTS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
"""By the sum of 1, 2, 4 and 8 for upper left, upper right, lower left and lower right in the first colour."""
HALVES = 8
"""One of two complements is enough: the colours change places."""


def fitted(width: int, height: int, columns: int, rows: int) -> tuple[int, int]:
    """Columns and rows that a picture of so many pixels fills at most; a cell is twice as high as wide."""
    if min(width, height, columns, rows) < 1:
        return 0, 0
    factor = min(columns / width, rows * 2 / height)
    return max(1, min(columns, round(width * factor))), max(1, min(rows, round(height * factor / 2)))


def paint(picture: Image, columns: int, rows: int) -> list[Strip]:
    """A picture stretched over so many cells."""
    if columns < 1 or rows < 1:
        return []
    masks, first, second = _closest(_pixels(picture, columns, rows))
    return [Strip(_row(masks[y], first[y], second[y]), columns) for y in range(rows)]


def _pixels(picture: Image, columns: int, rows: int) -> NDArray[Any]:
    """The four pixels of each cell, float32 (rows, columns, 4, 3)."""
    import numpy
    from PIL.Image import Resampling

    size = (columns * 2, rows * 2)
    # Enlarged by far, the edges of a picture's own pixels are what one wants to see.
    crisp = picture.width * 2 <= size[0] and picture.height <= size[1]
    scaled = picture.convert("RGB").resize(size, Resampling.NEAREST if crisp else Resampling.LANCZOS)
    values = numpy.asarray(scaled, dtype=numpy.float32)
    return values.reshape(rows, 2, columns, 2, 3).transpose(0, 2, 1, 3, 4).reshape(rows, columns, 4, 3)


def _closest(pixels: NDArray[Any]) -> tuple[Any, Any, Any]:
    """For each cell which pixels have the first colour, and both colours, such that the error is the smallest."""
    import numpy

    total = pixels.sum(axis=2)
    best = numpy.full(pixels.shape[:2], -1.0, dtype=numpy.float32)
    masks = numpy.zeros(pixels.shape[:2], dtype=numpy.int64)
    first = numpy.zeros_like(total)
    second = total / 4
    for mask in range(HALVES):
        chosen = [bit for bit in range(4) if mask >> bit & 1]
        inside = pixels[:, :, chosen].sum(axis=2)
        outside = total - inside
        # The squares of the means, weighed by their pixels, are what a partition explains of the sum of squares.
        explained = (inside**2).sum(axis=2) / max(1, len(chosen)) + (outside**2).sum(axis=2) / (4 - len(chosen))
        better = explained > best * (1 + 1e-6) + 1e-3
        best = numpy.where(better, explained, best)
        masks = numpy.where(better, mask, masks)
        first = numpy.where(better[:, :, None], inside / max(1, len(chosen)), first)
        second = numpy.where(better[:, :, None], outside / (4 - len(chosen)), second)
    return masks.tolist(), _bytes(first), _bytes(second)


def _bytes(colours: NDArray[Any]) -> Any:
    return colours.round().clip(0, 255).astype("uint8").tolist()


def _row(masks: list[int], first: list[list[int]], second: list[list[int]]) -> list[Segment]:
    return [
        Segment(QUADRANTS[mask], _style(tuple(ink) if mask else None, tuple(paper)))
        for mask, ink, paper in zip(masks, first, second, strict=True)
    ]


@lru_cache(maxsize=4096)
def _style(ink: tuple[int, ...] | None, paper: tuple[int, ...]) -> Style:
    foreground = Color.from_rgb(*ink) if ink is not None else None
    return Style(color=foreground, bgcolor=Color.from_rgb(*paper))
