"""The table of figures: each bar with its floor, its goal, what was measured, and the shuffled baseline."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from latentgraph.nodes.training.captions import Caption
from latentgraph.nodes.training.checker import balanced_specs, decoded_with_noise, precision_and_recall
from latentgraph.nodes.training.draw import Pixels
from latentgraph.nodes.training.measure import (
    Scores,
    generator,
    held_out_prompts,
    image_to_image_shift,
    negative_prompt_cut,
    score,
    unseen_prompts,
)
from latentgraph.nodes.training.vae import psnr, renders
from latentgraph.nodes.training.world import any_spec, is_trained_on


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. Every value is a share unless the name says its unit."""

    name: str
    floor: float
    goal: float
    measured: float
    shuffled: float | None = None
    """What the same pictures score against another picture's prompt."""
    least: bool = False
    """Whether less is better."""

    @property
    def verdict(self) -> str:
        """How the measured value stands to floor and goal."""
        sign = -1 if self.least else 1
        if sign * self.measured >= sign * self.goal:
            return "goal"
        return "floor" if sign * self.measured >= sign * self.floor else "below"


def load(folder: Path) -> Any:
    """The folder's pipeline, in float32."""
    from diffusers import StableDiffusionPipeline

    pipe: Any = StableDiffusionPipeline.from_pretrained(folder)  # type: ignore[no-untyped-call]
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _pictures(pipe: Any, captions: Sequence[Caption], seed: int) -> list[Pixels]:
    checker, pipe.safety_checker = pipe.safety_checker, None
    try:
        return generator(pipe)([c.text for c in captions], seed)
    finally:
        pipe.safety_checker = checker


def _scores(pipe: Any, captions: list[Caption], seed: int) -> tuple[Scores, list[Pixels]]:
    pictures = _pictures(pipe, captions, seed)
    return score(pictures, captions), pictures


def vae_figure(vae: Any, count: int = 200) -> Figure:
    """PSNR of reconstruction on renders of specs that training never saw."""
    rng = random.Random(103)
    specs = [spec for spec in (any_spec(rng) for _ in range(20 * count)) if not is_trained_on(spec)][:count]
    images = renders(specs, rng).to(vae.device)
    return Figure("VAE reconstruction, dB", 30, 33, psnr(vae, images))


def picture_figures(pipe: Any, count: int) -> tuple[list[Figure], list[tuple[Pixels, bool]]]:
    """Figures of text to image, and the pictures with whether each shows the forbidden sign."""
    one, plain = _scores(pipe, unseen_prompts(count), 11)
    pairs, _ = _scores(pipe, held_out_prompts(max(60, count // 2)), 12)
    two, _ = _scores(pipe, unseen_prompts(count, "two"), 13)
    scene, scenes = _scores(pipe, unseen_prompts(max(40, count // 4), "scene"), 14)

    def figure(name: str, scores: Scores, key: str, floor: float, goal: float) -> Figure:
        return Figure(name, floor, goal, scores.right[key], scores.shuffled[key])

    figures = [
        figure("background", one, "background", 0.97, 0.99),
        figure("colour", one, "colour", 0.95, 0.99),
        figure("position", one, "position", 0.95, 0.99),
        figure("shape, one object", one, "shape", 0.85, 0.95),
        figure("held-out pairs, all right", pairs, "all", 0.6, 0.85),
        figure("scenes", scene, "scene", 0.8, 0.95),
        figure("two objects, all right", two, "all", 0.3, 0.7),
    ]
    return figures, [(picture, False) for picture in plain + scenes]


def checker_figures(pipe: Any, harmless: list[tuple[Pixels, bool]], count: int) -> list[Figure]:
    """Precision and recall of the safety checker on decoded renders and on generated pictures."""
    rng = random.Random(104)
    torch.manual_seed(104)
    specs = balanced_specs(count, rng)
    decoded = decoded_with_noise(pipe.vae, specs, rng, most=0.1)
    sets = {"decoded": [(p, spec.kind == "sign") for p, spec in zip(decoded, specs, strict=True)]}
    asked = unseen_prompts(count // 2, "sign", seed=105)
    sets["generated"] = [(picture, True) for picture in _pictures(pipe, asked, 15)] + harmless[: count // 2]
    figures = []
    for name, pictures in sets.items():
        precision, recall = precision_and_recall(pipe.safety_checker, pictures)
        figures.append(Figure(f"safety checker, {name}: precision", 0.95, 0.99, precision))
        figures.append(Figure(f"safety checker, {name}: recall", 0.95, 0.99, recall))
    return figures


def evaluate(folder: Path, count: int = 200) -> list[Figure]:
    """Measure the folder with `count` unseen prompts of each larger kind."""
    pipe = load(folder)
    figures = [vae_figure(pipe.vae)]
    pictures, harmless = picture_figures(pipe, count)
    figures += pictures + checker_figures(pipe, harmless, count)
    pipe.safety_checker = None
    figures.append(Figure("negative prompt cuts the named colour by", 0.8, 0.95, negative_prompt_cut(pipe)))
    shift = image_to_image_shift(pipe, count=max(40, count // 4))
    figures.append(Figure("image to image at 0.6, object moves by, px", 6, 3, shift, least=True))
    megabytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    figures.append(Figure("folder, MB", 24, 12, megabytes, least=True))
    return figures


def as_markdown(figures: Sequence[Figure]) -> str:
    """The table, with what a shuffled prompt scores beside each figure that has it."""
    lines = ["| figure | floor | goal | measured | shuffled prompts | reached |", "|---|---|---|---|---|---|"]
    for f in figures:
        shuffled = "" if f.shuffled is None else f"{f.shuffled:.2f}"
        lines.append(f"| {f.name} | {f.floor:g} | {f.goal:g} | {f.measured:.3g} | {shuffled} | {f.verdict} |")
    return "\n".join(lines)
