"""Finds the things in a picture: connected regions that stand out, with their colour, outline and place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from latentgraph.nodes.training.draw import Pixels, draw_shape
from latentgraph.nodes.training.world import COLOURS, EDGE, SHAPES, SIGN, Rgb, distance

Mask = NDArray[np.bool_]

TEMPLATE_EDGE = 32
CONTRAST = 50.0
"""Distance from the background's colour from which a pixel belongs to a thing."""
SMALLEST = 40
"""Pixels: less is a speck, not a thing."""
LIKENESS = 0.6
"""Intersection over union below which an outline is none of the shapes."""


@dataclass(frozen=True, slots=True)
class Blob:
    """One connected region that stands out."""

    colour: str
    shape: str | None
    x: float
    y: float
    """Middle of its box, in pixels from the left and from the top."""
    radius: float
    """Half of its box's longer side, in pixels."""


def nearest(rgb: Rgb, names: dict[str, tuple[Rgb, ...]]) -> str:
    """The name that has the shade nearest to this colour."""
    return min(names, key=lambda name: min(distance(rgb, shade) for shade in names[name]))


def _median(pixels: NDArray[np.float32]) -> Rgb:
    r, g, b = (int(value) for value in np.median(pixels, axis=0))
    return r, g, b


def ground_of(pixels: Pixels) -> Rgb:
    """Median colour of the two outermost rows and columns."""
    frame = np.ones((EDGE, EDGE), dtype=bool)
    frame[2:-2, 2:-2] = False
    return _median(pixels[frame].astype(np.float32))


def regions(mask: Mask) -> list[Mask]:
    """The connected regions (4 neighbours) of at least `SMALLEST` pixels, largest first."""
    labels = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        padded = np.pad(labels, 1)
        around = [padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]]
        spread = np.where(mask, np.maximum.reduce([labels, *around]), 0)
        if np.array_equal(spread, labels):
            break
        labels = spread
    names, counts = np.unique(labels[labels > 0], return_counts=True)
    order = np.argsort(-counts)
    return [labels == names[i] for i in order if counts[i] >= SMALLEST]


def _framed(mask: Mask) -> tuple[Mask, float, float, float]:
    """The mask cut to its box, made square, scaled to the templates' edge; and the box."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    x, y = (left + right) / 2, (top + bottom) / 2
    radius = max(right - left, bottom - top) / 2
    image = Image.fromarray(mask.astype(np.uint8) * 255)
    box = (x - radius, y - radius, x + radius, y + radius)
    square = image.transform(
        (TEMPLATE_EDGE, TEMPLATE_EDGE),
        Image.Transform.EXTENT,
        box,
        Image.Resampling.BILINEAR,
    )
    return np.asarray(square) > 127, x, y, radius


@cache
def templates() -> dict[str, Mask]:
    """The outline of each shape, bool (32, 32)."""
    outlines = {}
    for shape in (*SHAPES, SIGN):
        image = Image.new("L", (EDGE * 4, EDGE * 4))
        draw_shape(ImageDraw.Draw(image), shape, EDGE * 2, EDGE * 2, EDGE * 1.6, 255, 0)
        outlines[shape] = _framed(np.asarray(image) > 127)[0]
    return outlines


def shape_of(outline: Mask) -> str | None:
    """The shape whose template overlaps the outline (bool, 32 x 32) best."""
    likeness = {s: (outline & t).sum() / (outline | t).sum() for s, t in templates().items()}
    best = max(likeness, key=lambda shape: likeness[shape])
    return best if likeness[best] >= LIKENESS else None


def _blob(region: Mask, pixels: NDArray[np.float32], ground: Rgb) -> Blob:
    colour = _median(pixels[region])
    outline, x, y, radius = _framed(region)
    return Blob(nearest(colour, {n: (c,) for n, c in COLOURS.items()}), shape_of(outline), x, y, radius)


def blobs(pixels: Pixels) -> list[Blob]:
    """What stands out from the background, largest first.

    Args:
        pixels: uint8 (64, 64, 3).
    """
    ground, values = ground_of(pixels), pixels.astype(np.float32)
    away = np.linalg.norm(values - np.asarray(ground, dtype=np.float32), axis=2)
    found = []
    for region in regions(away > CONTRAST):
        # An edge pixel belongs to the nearer of thing and background: cut at half the contrast.
        contrast = distance(_median(values[region]), ground)
        inside = region & (away > contrast / 2)
        if inside.sum() >= SMALLEST:
            found.append(_blob(inside, values, ground))
    return found
