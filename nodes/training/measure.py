"""What is measured of a pipeline: prompts it has never seen, its pictures, and the judge's verdicts."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from latentgraph.nodes.training.blobs import blobs
from latentgraph.nodes.training.captions import Caption, caption
from latentgraph.nodes.training.draw import Pixels, render
from latentgraph.nodes.training.judge import judge
from latentgraph.nodes.training.world import (
    COLOURS,
    HELD_OUT_PAIRS,
    SCENES,
    SHAPES,
    Spec,
    any_spec,
    is_held_out_pair,
    is_unseen,
    one_thing,
)

Generate = Callable[[Sequence[str], int], list[Pixels]]
"""Makes a picture for each prompt from a seed."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Shares of right answers by what was asked, and the same against shuffled prompts."""

    right: dict[str, float]
    shuffled: dict[str, float]


def _first_that(holds: Callable[[Spec], bool], make: Callable[[], Spec]) -> Spec:
    while True:
        spec = make()
        if holds(spec):
            return spec


def unseen_prompts(count: int, kind: str = "one", seed: int = 100) -> list[Caption]:
    """Complete captions that training never saw; shapes (or scenes) in equal numbers."""
    rng = random.Random(seed)

    def fits(spec: Spec) -> bool:
        return is_unseen(spec) and not is_held_out_pair(spec)

    captions = []
    for i in range(count):
        if kind == "scene":
            spec = Spec(scene=SCENES[i % len(SCENES)])
        elif kind == "one":
            spec = _first_that(fits, partial(one_thing, rng, SHAPES[i % len(SHAPES)]))
        else:
            spec = _first_that(fits, partial(any_spec, rng, kind))
        captions.append(caption(spec, rng, complete=True))
    return captions


def held_out_prompts(count: int, seed: int = 101) -> list[Caption]:
    """Complete captions of the (colour, shape) pairs that training never saw, in equal numbers."""
    rng, pairs = random.Random(seed), sorted(HELD_OUT_PAIRS)
    captions = []
    for i in range(count):
        # Each shape is in one pair alone, so the shape decides the pair.
        spec = _first_that(is_held_out_pair, partial(one_thing, rng, pairs[i % len(pairs)][1]))
        captions.append(caption(spec, rng, complete=True))
    return captions


def _shares(verdicts: list[dict[str, bool]]) -> dict[str, float]:
    names = {name for verdict in verdicts for name in verdict}
    marks = {name: [v[name] for v in verdicts if name in v] for name in sorted(names)}
    return {name: float(np.mean(values)) for name, values in marks.items()}


def score(pictures: list[Pixels], captions: list[Caption]) -> Scores:
    """Judge each picture against its caption, and against its neighbour's as the baseline."""
    turned = captions[1:] + captions[:1]
    right = [judge(picture, c.said) for picture, c in zip(pictures, captions, strict=True)]
    wrong = [judge(picture, c.said) for picture, c in zip(pictures, turned, strict=True)]
    return Scores(_shares(right), _shares(wrong))


def to_pixels(images: Any) -> list[Pixels]:
    """The pipeline's float pictures (B, H, W, 3) in [0, 1] as a list of uint8."""
    return list(np.round(np.asarray(images) * 255).astype(np.uint8))


def generator(pipe: Any, *, steps: int = 25, guidance: float = 5.0, batch: int = 32, **options: Any) -> Generate:
    """A function that runs the pipeline in batches; the safety checker is left out."""

    def generate(prompts: Sequence[str], seed: int) -> list[Pixels]:
        pictures: list[Pixels] = []
        for start in range(0, len(prompts), batch):
            part = list(prompts[start : start + batch])
            negative = options.get("negative_prompt")
            output = pipe(
                part,
                num_inference_steps=steps,
                guidance_scale=guidance,
                negative_prompt=[negative] * len(part) if negative else None,
                generator=torch.Generator().manual_seed(seed + start),
                output_type="np",
            )
            pictures += to_pixels(output.images)
        return pictures

    return generate


def share_of(colour: str, pictures: list[Pixels]) -> float:
    """Share of pixels whose nearest named colour is this one."""
    names = list(COLOURS)
    table = np.array([COLOURS[name] for name in names], dtype=np.float32)
    values = np.stack(pictures).astype(np.float32)[..., None, :]
    return float((((values - table) ** 2).sum(axis=-1).argmin(axis=-1) == names.index(colour)).mean())


def negative_prompt_cut(pipe: Any, seeds: int = 6, colours: Sequence[str] = ("blue", "red", "green")) -> float:
    """By how much naming a colour in the negative prompt cuts its pixels, 0 to 1, over all shapes."""
    prompts = [f"a {shape}" for shape in SHAPES] * seeds
    plain = generator(pipe)(prompts, 7)
    before = sum(share_of(colour, plain) for colour in colours)
    after = sum(share_of(c, generator(pipe, negative_prompt=c)(prompts, 7)) for c in colours)
    return 1 - after / before


def image_to_image_shift(pipe: Any, count: int = 60, strength: float = 0.6, seed: int = 102) -> float:
    """Mean distance in pixels between a sketch's object and the same object in the result."""
    from diffusers import StableDiffusionImg2ImgPipeline

    again = StableDiffusionImg2ImgPipeline.from_pipe(pipe)
    again.set_progress_bar_config(disable=True)
    rng = random.Random(seed)
    captions = [c for c in unseen_prompts(4 * count, seed=seed) if c.said.position is None][:count]
    sketches = [render(c.said, rng) for c in captions]
    output = again(
        [c.text for c in captions],
        image=torch.from_numpy(np.stack(sketches)).permute(0, 3, 1, 2).float() / 255,
        strength=strength,
        num_inference_steps=25,
        guidance_scale=5.0,
        generator=torch.Generator().manual_seed(seed),
        output_type="np",
    )
    shifts = []
    for sketch, result in zip(sketches, to_pixels(output.images), strict=True):
        drawn, made = blobs(sketch)[0], blobs(result)
        # Nothing left of the object counts as a whole picture's edge.
        shifts.append(((made[0].x - drawn.x) ** 2 + (made[0].y - drawn.y) ** 2) ** 0.5 if made else 64.0)
    return float(np.mean(shifts))
