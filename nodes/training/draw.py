"""Draws a spec: Pillow at four times the size, reduced, so that edges are smooth."""

from __future__ import annotations

import math
import random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from latentgraph.nodes.training.world import (
    ANY_SIZE,
    BACKGROUNDS,
    COLOURS,
    EDGE,
    SIZES,
    Rgb,
    Spec,
    Thing,
)

SCALE = 4
"""Pictures are drawn this many times larger than they end."""

Pixels = NDArray[np.uint8]
Fill = Rgb | int


def _jitter(rgb: Rgb, rng: random.Random, by: int = 6) -> Rgb:
    r, g, b = (min(255, max(0, value + rng.randint(-by, by))) for value in rgb)
    return r, g, b


def _polar(x: float, y: float, radius: float, degrees: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return x + radius * math.cos(angle), y + radius * math.sin(angle)


def draw_shape(
    canvas: ImageDraw.ImageDraw, shape: str, x: float, y: float, radius: float, fill: Fill, hole: Fill
) -> None:
    """Draw one shape inside the circle of that radius; `hole` is what shows through it."""
    box = (x - radius, y - radius, x + radius, y + radius)
    if shape == "circle":
        canvas.ellipse(box, fill=fill)
    elif shape == "square":
        side = radius * 0.85
        canvas.rectangle((x - side, y - side, x + side, y + side), fill=fill)
    elif shape == "triangle":
        canvas.polygon([_polar(x, y + radius * 0.2, radius, a) for a in (-90, 30, 150)], fill=fill)
    elif shape == "star":
        radii = (radius, radius * 0.42)
        canvas.polygon([_polar(x, y, radii[i % 2], i * 36 - 90) for i in range(10)], fill=fill)
    elif shape == "cross":
        arm = radius * 0.32
        canvas.rectangle((x - radius, y - arm, x + radius, y + arm), fill=fill)
        canvas.rectangle((x - arm, y - radius, x + arm, y + radius), fill=fill)
    elif shape == "ring":
        canvas.ellipse(box, fill=fill)
        inner = radius * 0.55
        canvas.ellipse((x - inner, y - inner, x + inner, y + inner), fill=hole)
    else:
        _draw_skull(canvas, x, y, radius, fill, hole)


def _draw_skull(canvas: ImageDraw.ImageDraw, x: float, y: float, r: float, fill: Fill, hole: Fill) -> None:
    canvas.ellipse((x - r * 0.9, y - r, x + r * 0.9, y + r * 0.5), fill=fill)
    canvas.rectangle((x - r * 0.5, y + r * 0.2, x + r * 0.5, y + r), fill=fill)
    for side in (-1, 1):
        eye = x + side * r * 0.38
        canvas.ellipse((eye - r * 0.27, y - r * 0.45, eye + r * 0.27, y + r * 0.1), fill=hole)
    canvas.polygon([(x, y + r * 0.05), (x - r * 0.14, y + r * 0.35), (x + r * 0.14, y + r * 0.35)], fill=hole)
    for tooth in (-0.18, 0.18):
        canvas.rectangle((x + r * (tooth - 0.05), y + r * 0.6, x + r * (tooth + 0.05), y + r), fill=hole)


def _radius(thing: Thing, position: str | None, rng: random.Random) -> float:
    low, high = SIZES[thing.size] if thing.size else ANY_SIZE
    # What stands on one side must leave the middle clearly.
    return rng.uniform(low, min(high, 15.0) if position not in (None, "centre") else high)


def _place(radius: float, position: str | None, rng: random.Random) -> tuple[float, float]:
    low, high = radius + 1, EDGE - 1 - radius
    x, y = rng.uniform(low, high), rng.uniform(low, high)
    near = rng.uniform(0, 4)
    middle = EDGE / 2
    if position in ("left", "right"):
        return (low + near if position == "left" else high - near), middle + rng.uniform(-4, 4)
    if position in ("top", "bottom"):
        return middle + rng.uniform(-4, 4), (low + near if position == "top" else high - near)
    if position == "centre":
        return middle + rng.uniform(-2, 2), middle + rng.uniform(-2, 2)
    return x, y


def _place_two(relation: str, radii: tuple[float, float], rng: random.Random) -> list[tuple[float, float]]:
    middle = EDGE / 2
    low = [radius + 1 for radius in radii]
    first_is_low = relation in ("left of", "above")
    along = [
        rng.uniform(low[i], middle - 1.5 - radii[i])
        if (i == 0) == first_is_low
        else rng.uniform(middle + 1.5 + radii[i], EDGE - low[i])
        for i in range(2)
    ]
    across = [middle + rng.uniform(-8, 8) for _ in range(2)]
    return [(a, c) if relation in ("left of", "right of") else (c, a) for a, c in zip(along, across, strict=True)]


def _draw_things(canvas: ImageDraw.ImageDraw, spec: Spec, ground: Rgb, rng: random.Random) -> None:
    if len(spec.things) == 2 and spec.relation:
        radii = (rng.uniform(10.5, 13.5), rng.uniform(10.5, 13.5))
        places = _place_two(spec.relation, radii, rng)
    else:
        radii = (_radius(spec.things[0], spec.position, rng), 0.0)
        places = [_place(radii[0], spec.position, rng)]
    for thing, (x, y), radius in zip(spec.things, places, radii, strict=False):
        colour = _jitter(COLOURS[thing.colour], rng)
        draw_shape(canvas, thing.shape, x * SCALE, y * SCALE, radius * SCALE, colour, ground)


def _draw_scene(canvas: ImageDraw.ImageDraw, scene: str, rng: random.Random) -> None:
    def box(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        return x0 * SCALE, y0 * SCALE, x1 * SCALE, y1 * SCALE

    def disc(x: float, y: float, radius: float, fill: Rgb) -> None:
        canvas.ellipse(box(x - radius, y - radius, x + radius, y + radius), fill=fill)

    x = rng.uniform(20, 44)
    if scene == "moon over a hill":
        night = _jitter((18, 24, 70), rng)
        canvas.rectangle(box(0, 0, EDGE, EDGE), fill=night)
        y = rng.uniform(14, 20)
        disc(x, y, 10, _jitter((245, 240, 190), rng))
        disc(x + 5, y - 3, 8.5, night)
        hill = rng.uniform(16, 48)
        canvas.ellipse(box(hill - 44, rng.uniform(38, 44), hill + 44, 100), fill=_jitter((25, 85, 45), rng))
    elif scene == "sun over the sea":
        canvas.rectangle(box(0, 0, EDGE, EDGE), fill=_jitter((250, 190, 120), rng))
        disc(x, rng.uniform(16, 26), 11, _jitter((250, 235, 70), rng))
        canvas.rectangle(box(0, rng.uniform(40, 46), EDGE, EDGE), fill=_jitter((30, 90, 170), rng))
    else:
        canvas.rectangle(box(0, 0, EDGE, EDGE), fill=_jitter((150, 205, 245), rng))
        canvas.rectangle(box(0, 50, EDGE, EDGE), fill=_jitter((70, 165, 70), rng))
        if scene == "house":
            _draw_house(canvas, x, rng)
        else:
            canvas.rectangle(box(x - 3.5, 34, x + 3.5, 55), fill=_jitter((110, 70, 35), rng))
            disc(x, rng.uniform(23, 26), rng.uniform(14, 16.5), _jitter((25, 110, 45), rng))


def _draw_house(canvas: ImageDraw.ImageDraw, x: float, rng: random.Random) -> None:
    wall, half = _jitter((240, 215, 165), rng), rng.uniform(14, 17)
    roof, door = _jitter((185, 50, 40), rng), _jitter((90, 55, 35), rng)
    canvas.rectangle(((x - half) * SCALE, 30 * SCALE, (x + half) * SCALE, 55 * SCALE), fill=wall)
    corners = [(x - half - 3, 30), (x + half + 3, 30), (x, 13)]
    canvas.polygon([(a * SCALE, b * SCALE) for a, b in corners], fill=roof)
    canvas.rectangle(((x - 4) * SCALE, 42 * SCALE, (x + 4) * SCALE, 55 * SCALE), fill=door)


def render(spec: Spec, rng: random.Random) -> Pixels:
    """Draw the spec; what it leaves open is drawn by lot.

    Returns:
        Pixels, uint8 (H, W, 3), H = W = 64.
    """
    shade = rng.choice(BACKGROUNDS[spec.background]) if spec.background else (0, 0, 0)
    ground = _jitter(shade, rng)
    image = Image.new("RGB", (EDGE * SCALE, EDGE * SCALE), ground)
    canvas = ImageDraw.Draw(image)
    if spec.scene:
        _draw_scene(canvas, spec.scene, rng)
    else:
        _draw_things(canvas, spec, ground, rng)
    return np.asarray(image.reduce(SCALE))
