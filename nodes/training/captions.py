"""What is said about a picture: a small English grammar over `Spec`.

A caption may leave things out. `Caption.said` keeps what it does say, in the order it says it: the
truth that the text encoder is taught to read and that the judge holds a picture against.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from latentgraph.nodes.training.world import (
    BACKGROUNDS,
    COLOURS,
    POSITIONS,
    RELATIONS,
    SCENES,
    SHAPES,
    SIGN,
    SIZES,
    Spec,
    Thing,
    is_unseen,
    turned_round,
)

SIZE_WORDS = {"small": ("small", "small", "little", "tiny"), "large": ("large", "large", "big")}
PLACE_WORDS = {
    "left": ("on the left", "on the left side", "at the left"),
    "right": ("on the right", "on the right side", "at the right"),
    "top": ("at the top", "on top"),
    "bottom": ("at the bottom",),
    "centre": ("in the centre", "in the center", "in the middle"),
}
RELATION_WORDS = {
    "left of": ("left of", "to the left of"),
    "right of": ("right of", "to the right of"),
    "above": ("above", "over"),
    "below": ("below", "under"),
}
PREFIXES = ("a picture of", "a drawing of", "an image of")


@dataclass(frozen=True, slots=True)
class Caption:
    """A sentence and what it says."""

    text: str
    said: Spec


EMPTY = Caption("", Spec())


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _thing(thing: Thing, rng: random.Random) -> str:
    size = rng.choice(SIZE_WORDS[thing.size]) if thing.size else ""
    return _article(" ".join(word for word in (size, thing.colour, thing.shape or "shape") if word))


def _ground(background: str | None, rng: random.Random) -> str:
    if background is None:
        return ""
    if rng.random() < 0.85:
        return f" on {_article(background)} background"
    return f", {background} background"


def leave_out(spec: Spec, rng: random.Random) -> Spec:
    """Drop some of what could be said; the most telling words are dropped least."""
    things = tuple(
        Thing(
            "" if rng.random() < 0.06 else thing.colour,
            "" if rng.random() < 0.03 and thing.shape != SIGN else thing.shape,
            None if rng.random() < 0.15 else thing.size,
        )
        for thing in spec.things
    )
    return replace(
        spec,
        things=things,
        background=None if rng.random() < 0.12 else spec.background,
        position=None if rng.random() < 0.1 else spec.position,
        relation=None if rng.random() < 0.1 else spec.relation,
    )


def _sentence(spec: Spec, rng: random.Random) -> str:
    if spec.scene:
        subject = rng.choice(["a", "the"]) if spec.scene.startswith(("moon", "sun")) else "a"
        return f"{subject} {spec.scene}"
    ground = _ground(spec.background, rng)
    first = _thing(spec.things[0], rng)
    if len(spec.things) == 2:
        relation = rng.choice(RELATION_WORDS[spec.relation]) if spec.relation else "and"
        return f"{first} {relation} {_thing(spec.things[1], rng)}{ground}"
    if spec.position is None:
        return first + ground
    place = rng.choice(PLACE_WORDS[spec.position])
    if rng.random() < 0.3:
        return f"{first} {place}{ground}"
    return f"{first}{ground}, {place}"


def caption(spec: Spec, rng: random.Random, *, complete: bool = False) -> Caption:
    """Say the spec in one of many ways; `complete` leaves nothing out."""
    said = spec if complete else leave_out(spec, rng)
    if is_unseen(said):
        # What is left could be the whole of a spec that is kept for evaluation.
        said = spec
    if len(said.things) == 2 and rng.random() < 0.3:
        said = turned_round(said)
    text = _sentence(said, rng)
    if rng.random() < 0.1:
        text = f"{rng.choice(PREFIXES)} {text}"
    return Caption(text, said)


def sparse_caption(spec: Spec, rng: random.Random) -> Caption:
    """Say a single thing about the picture: a colour, a shape or the background.

    A negative prompt is mostly one word, so the model has to know words on their own.
    """
    if spec.scene:
        return Caption(spec.scene, Spec(scene=spec.scene))
    thing = rng.choice(spec.things)
    colour, shape = Thing(thing.colour, ""), Thing("", thing.shape)
    ways = [
        *[Caption(thing.colour, Spec((colour,)))] * 2,
        Caption(f"{_article(thing.colour)} shape", Spec((colour,))),
        Caption(_article(thing.shape), Spec((shape,))),
        Caption(thing.shape, Spec((shape,))),
    ]
    if spec.background:
        said = Spec(background=spec.background)
        ways += [*[Caption(spec.background, said)] * 2, Caption(f"{_article(spec.background)} background", said)]
    return rng.choice([way for way in ways if way.text])


# What the words of a caption decide, as classes: index 0 is "not said".
HEADS: dict[str, tuple[str, ...]] = {
    "colour": ("", *COLOURS),
    "shape": ("", *SHAPES, SIGN),
    "size": ("", *SIZES),
    "background": ("", *BACKGROUNDS),
    "position": ("", *POSITIONS),
    "second colour": ("", *COLOURS),
    "second shape": ("", *SHAPES, SIGN),
    "relation": ("", *RELATIONS),
    "scene": ("", *SCENES),
    "count": ("0", "1", "2"),
}


def attributes(said: Spec) -> list[int]:
    """The class of each head of `HEADS`, in its order."""
    first, second = (*said.things, Thing("", ""), Thing("", ""))[:2]
    words = {
        "colour": first.colour,
        "shape": first.shape,
        "size": first.size,
        "background": said.background,
        "position": said.position,
        "second colour": second.colour,
        "second shape": second.shape,
        "relation": said.relation,
        "scene": said.scene,
        "count": str(len(said.things)),
    }
    return [classes.index(words[name] or "") for name, classes in HEADS.items()]


def grammar_words() -> list[str]:
    """Every word the grammar can say, each once."""
    phrases = [
        "a an the on , and background shape",
        *COLOURS,
        *SHAPES,
        SIGN,
        *BACKGROUNDS,
        *SCENES,
        *PREFIXES,
        *(word for table in (SIZE_WORDS, PLACE_WORDS, RELATION_WORDS) for words in table.values() for word in words),
    ]
    return sorted({word for phrase in phrases for word in phrase.split()})
