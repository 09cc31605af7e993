"""What can be in a picture: the vocabulary, a picture's discrete truth, and how pictures are drawn by lot.

A `Spec` says everything about a picture that words can say. Pixels come from `draw.render`, which
draws the rest (exact place, radius, shade) by lot; captions come from `captions.caption`, which may
leave something unsaid.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import astuple, dataclass, replace

Rgb = tuple[int, int, int]

EDGE = 64
"""Edge of a picture in pixels."""

COLOURS: dict[str, Rgb] = {
    "red": (220, 35, 40),
    "orange": (250, 140, 25),
    "yellow": (250, 225, 50),
    "green": (35, 160, 70),
    "blue": (35, 80, 215),
    "purple": (145, 55, 185),
    "white": (250, 250, 250),
    "black": (15, 15, 15),
}
SHAPES = ("circle", "square", "triangle", "star", "cross", "ring")
SIGN = "skull"
"""The one forbidden thing: it gives the safety checker something to find."""

BACKGROUNDS: dict[str, tuple[Rgb, ...]] = {
    **{name: (rgb,) for name, rgb in COLOURS.items()},
    "gray": ((128, 128, 128),),
    "light": ((200, 225, 250), (250, 220, 225), (215, 245, 215)),
    "dark": ((20, 30, 75), (70, 15, 30), (15, 60, 40)),
}
"""Shades that a background word may mean."""

SIZES: dict[str, tuple[float, float]] = {"small": (10.5, 12.5), "large": (18.0, 23.0)}
ANY_SIZE = (10.5, 23.0)
"""Radii in pixels."""

POSITIONS = ("left", "right", "top", "bottom", "centre")
RELATIONS = ("left of", "right of", "above", "below")
INVERSE = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}
SCENES = ("moon over a hill", "sun over the sea", "house", "tree")

HELD_OUT_PAIRS = frozenset(
    {
        ("orange", "star"),
        ("purple", "triangle"),
        ("green", "ring"),
        ("white", "cross"),
        ("yellow", "square"),
        ("black", "circle"),
    }
)
"""Never trained on: they measure whether the model composes. Each shape and each colour at most once."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One object. `size` None means any; in what a caption says, "" is a colour or shape left out."""

    colour: str
    shape: str
    size: str | None = None


@dataclass(frozen=True, slots=True)
class Spec:
    """The discrete truth of a picture: either a scene, or one or two things on a background."""

    things: tuple[Thing, ...] = ()
    background: str | None = None
    position: str | None = None
    relation: str | None = None
    scene: str | None = None

    @property
    def kind(self) -> str:
        """One of "one", "two", "scene" and "sign"."""
        if self.scene is not None:
            return "scene"
        if self.things[0].shape == SIGN:
            return "sign"
        return "two" if len(self.things) == 2 else "one"


def distance(a: Rgb, b: Rgb) -> float:
    """Euclidean distance of two colours, 0 to 441."""
    return float(sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5)


def stands_out(colour: str, background: str) -> bool:
    """Whether a thing of this colour can be seen on every shade of the background."""
    return all(distance(COLOURS[colour], shade) > 125 for shade in BACKGROUNDS[background])


def is_held_out_pair(spec: Spec) -> bool:
    """Whether any thing is one of the pairs that are never trained on."""
    return any((thing.colour, thing.shape) in HELD_OUT_PAIRS for thing in spec.things)


def turned_round(spec: Spec) -> Spec:
    """The same two things told from the other's side."""
    relation = INVERSE[spec.relation] if spec.relation else None
    return replace(spec, things=spec.things[::-1], relation=relation)


def is_unseen(spec: Spec) -> bool:
    """Whether this combination is kept for evaluation: one in ten, fixed by a digest of the spec.

    The two ways to tell a relation ("a left of b", "b right of a") are one combination.
    """
    if spec.scene is not None:
        return False
    tellings = (repr(astuple(spec)), repr(astuple(turned_round(spec))))
    return hashlib.sha256(min(tellings).encode()).digest()[0] % 10 == 0


def is_trained_on(spec: Spec) -> bool:
    """Whether training may see this spec."""
    return not is_held_out_pair(spec) and not is_unseen(spec)


def _background_for(things: tuple[Thing, ...], rng: random.Random) -> str:
    names = [name for name in BACKGROUNDS if all(stands_out(t.colour, name) for t in things)]
    return rng.choice(names)


def one_thing(rng: random.Random, shape: str | None = None) -> Spec:
    """One thing; half of the pictures have a place that a caption can name."""
    size = rng.choice(["small", "large", None, None])
    thing = Thing(rng.choice(list(COLOURS)), shape or rng.choice(SHAPES), size)
    # A large thing fills the middle: to call it "on the left" would teach little.
    position = None if size == "large" or rng.random() < 0.4 else rng.choice(POSITIONS)
    return Spec((thing,), _background_for((thing,), rng), position)


def two_things(rng: random.Random) -> Spec:
    """Two things of different colours, apart along one axis."""
    first, second = rng.sample(list(COLOURS), 2)
    things = (Thing(first, rng.choice(SHAPES)), Thing(second, rng.choice(SHAPES)))
    return Spec(things, _background_for(things, rng), relation=rng.choice(RELATIONS))


KIND_WEIGHTS = {"one": 0.53, "two": 0.32, "scene": 0.11, "sign": 0.04}


def any_spec(rng: random.Random, kind: str | None = None) -> Spec:
    """A spec by lot, held out or not."""
    kind = kind or rng.choices(list(KIND_WEIGHTS), weights=list(KIND_WEIGHTS.values()))[0]
    if kind == "scene":
        return Spec(scene=rng.choice(SCENES))
    if kind == "two":
        return two_things(rng)
    return one_thing(rng, SIGN if kind == "sign" else None)


def training_spec(rng: random.Random, kind: str | None = None) -> Spec:
    """A spec that training may see."""
    while True:
        spec = any_spec(rng, kind)
        if is_trained_on(spec):
            return spec
