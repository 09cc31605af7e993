"""Scores a picture against what was asked of it, with templates and without any learned model.

`blobs` finds what stands out from the background, takes its median colour, and compares its outline,
centred and scaled, with each shape's. On true renders the judge is right in practically all cases; a
test holds that.
"""

from __future__ import annotations

import random
from functools import cache

import numpy as np
from numpy.typing import NDArray

from latentgraph.nodes.training.blobs import Blob, blobs, ground_of, nearest
from latentgraph.nodes.training.draw import Pixels, render
from latentgraph.nodes.training.world import BACKGROUNDS, EDGE, SCENES, Spec, Thing, any_spec


def place_of(blob: Blob) -> str:
    """The position a caption would name; ties go to the axis that is further out."""
    x, y = blob.x - EDGE / 2, blob.y - EDGE / 2
    if max(abs(x), abs(y)) < 7:
        return "centre"
    if abs(x) > abs(y):
        return "left" if x < 0 else "right"
    return "top" if y < 0 else "bottom"


def relation_holds(relation: str, first: Blob, second: Blob) -> bool:
    """Whether the first thing stands so to the second."""
    x, y = second.x - first.x, second.y - first.y
    along = {"left of": x, "right of": -x, "above": y, "below": -y}[relation]
    return along > abs(y if relation in ("left of", "right of") else x)


@cache
def _scene_bank() -> tuple[NDArray[np.float32], list[str]]:
    rng = random.Random(20)
    specs = [Spec(scene=scene) for scene in SCENES for _ in range(40)]
    specs += [any_spec(rng, kind) for kind in ("one", "two") for _ in range(80)]
    pictures = [render(spec, rng).astype(np.float32) for spec in specs]
    return np.stack(pictures), [spec.scene or "" for spec in specs]


def scene_of(pixels: Pixels) -> str | None:
    """The scene whose nearest of 40 renders is near enough, if any."""
    bank, names = _scene_bank()
    errors = ((bank - pixels.astype(np.float32)) ** 2).mean(axis=(1, 2, 3)) ** 0.5
    best = int(errors.argmin())
    return names[best] if errors[best] < 42 and names[best] else None


def _judge_thing(wanted: Thing, blob: Blob | None) -> dict[str, bool]:
    marks = {}
    if wanted.colour:
        marks["colour"] = blob is not None and blob.colour == wanted.colour
    if wanted.shape:
        marks["shape"] = blob is not None and blob.shape == wanted.shape
    if wanted.size:
        small = blob is not None and blob.radius < 15
        marks["size"] = blob is not None and small == (wanted.size == "small")
    return marks


def _judge_two(said: Spec, found: list[Blob]) -> dict[str, bool]:
    if len(found) != 2:
        return {"colour": False, "shape": False, "relation": False}
    orders = []
    for pair in (found, found[::-1]):
        marks = [_judge_thing(thing, blob) for thing, blob in zip(said.things, pair, strict=True)]
        both = {name: all(m.get(name, True) for m in marks) for name in ("colour", "shape")}
        both["relation"] = said.relation is None or relation_holds(said.relation, *pair)
        orders.append(both)
    return max(orders, key=lambda marks: (marks["colour"], sum(marks.values())))


def judge(pixels: Pixels, said: Spec) -> dict[str, bool]:
    """Right or wrong for each thing that was said.

    Args:
        pixels: uint8 (64, 64, 3).
        said: What was asked for; what it leaves unsaid is not judged.

    Returns:
        Some of "background", "colour", "shape", "size", "position", "relation", "scene"; and "all".
    """
    if said.scene:
        right = scene_of(pixels) == said.scene
        return {"scene": right, "all": right}
    marks: dict[str, bool] = {}
    if said.background:
        marks["background"] = nearest(ground_of(pixels), BACKGROUNDS) == said.background
    found = blobs(pixels)
    if len(said.things) == 2:
        marks |= _judge_two(said, found)
    else:
        blob = found[0] if found else None
        marks |= _judge_thing(said.things[0], blob)
        if said.position:
            marks["position"] = blob is not None and place_of(blob) == said.position
    return marks | {"all": all(marks.values())}
