"""Graphs made up from a seed: boxes of any size with wires of every awkward kind."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from latentgraph.tui.editor.canvas.geometry import Position, Shape, Wire


@dataclass(frozen=True)
class Graph:
    """What the layout is given."""

    shapes: dict[str, Shape]
    wires: list[Wire]


def random_shape(chance: random.Random, place: Literal["first", "last", ""] = "", many: bool = False) -> Shape:
    """A box with its ports in the rows from 1 on, as the canvas draws them."""
    inputs = 0 if place == "first" else chance.randint(0, 30 if many else 6)
    outputs = 0 if place == "last" else chance.randint(0 if place == "" else 1, 5)
    rows = max(inputs, outputs) + chance.randint(0, 5)
    return Shape(
        chance.choice([12, 24, 24, 24, 30]),
        rows + 2,
        {f"in{row}": row + 1 for row in range(inputs)},
        {f"out{row}": row + 1 for row in range(outputs)},
        place,
    )


def random_graph(seed: int, size: int | None = None, crowded: bool = True) -> Graph:
    """One to 60 boxes; mostly forward wires, some back, some to the same box, some parallel, some fanned out.

    Args:
        crowded: Whether some boxes have up to 30 inputs.
    """
    chance = random.Random(seed)
    count = size or chance.randint(1, 60)
    ends = chance.random() < 0.5
    shapes = {"inputs": random_shape(chance, "first")} if ends else {}
    shapes |= {f"n{number}": random_shape(chance, many=crowded and chance.random() < 0.05) for number in range(count)}
    if ends:
        shapes[">outputs"] = random_shape(chance, "last")
    return Graph(shapes, _wires(chance, shapes))


def random_pins(seed: int, shapes: dict[str, Shape], free: dict[str, Position]) -> dict[str, Position]:
    """Some boxes, or all of them, away from where they lie, with room for wires between them."""
    chance = random.Random(seed)
    pinned: dict[str, Position] = {}
    for key in chance.sample(list(shapes), chance.randint(1, len(shapes))):
        for _ in range(40):
            x, y = free[key]
            place = (max(1, x + chance.randint(-60, 60)), max(0, y + chance.randint(-30, 30)))
            if all(apart(shapes, key, place, other, where) for other, where in pinned.items()):
                pinned[key] = place
                break
    return pinned


def apart(shapes: dict[str, Shape], one: str, a: Position, two: str, b: Position) -> bool:
    """Whether twelve columns or four rows lie between two boxes."""
    beside = a[0] + shapes[one].width + 12 <= b[0] or b[0] + shapes[two].width + 12 <= a[0]
    return beside or a[1] + shapes[one].height + 4 <= b[1] or b[1] + shapes[two].height + 4 <= a[1]


def _wires(chance: random.Random, shapes: dict[str, Shape]) -> list[Wire]:
    keys = list(shapes)
    back = chance.choice([0.0, 0.0, 0.05, 0.3])
    density = chance.choice([0.2, 0.6, 0.9])
    near = chance.choice([3, 10, len(keys)])
    hubs = [key for key in chance.sample(keys, min(2, len(keys))) if shapes[key].outputs]
    wires = []
    for index, key in enumerate(keys):
        for port in shapes[key].inputs:
            if chance.random() > density:
                continue
            low, high = max(0, index - near), index
            if chance.random() < back:
                low, high = 0, len(keys)
            sources = [other for other in keys[low:high] if shapes[other].outputs]
            if hubs and chance.random() < 0.15:
                sources = [chance.choice(hubs)] if keys.index(hubs[0]) < index or back else sources
            if sources:
                source = chance.choice(sources)
                wires.append(Wire((source, chance.choice(list(shapes[source].outputs))), (key, port)))
    chance.shuffle(wires)
    return wires
