"""What is held against diffusers' pipelines of Stable Diffusion 2 and XL, and what those pipelines make of it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

import diffusers
import torch
from tests.nodes.parity_cases import PROMPT, SCHEDULERS, STEPS

from latentgraph.graph.document import Document, parse_document

LIBRARY: Any = diffusers  # Untyped.
NEGATIVE = "a blue circle"


@dataclass(frozen=True)
class Case:
    """A call of StableDiffusionXLPipeline in which the arguments differ from their defaults, or do not."""

    scheduler: str
    prompt_2: str | None = None
    negative_prompt: str | None = None
    negative_prompt_2: str | None = None
    guidance_scale: float = 5.0
    guidance_rescale: float = 0.0
    clip_skip: int = 0
    batch: int = 1
    size: tuple[int, int] | None = None
    sizes: str = ""
    """`positive` and `negative`: whether that side is told other sizes than the picture's."""

    def __str__(self) -> str:
        told = [
            f"{one.name} {getattr(self, one.name)}" for one in fields(self) if getattr(self, one.name) != one.default
        ]
        return ", ".join(told)


CHOICES: tuple[tuple[Any, ...], ...] = (
    (None, "a cat"),
    (None, "", NEGATIVE),
    (None, "a black star"),
    (5.0, 1.0),
    (0.0, 0.7),
    (0, 1),
    (1, 2),
    (None, (48, 80)),
    ("", "positive", "positive negative", "negative"),
)
"""Of the fields of a Case after the scheduler."""


def pairwise_cases(seed: int = 0) -> list[Case]:
    """With each scheduler every two choices of two arguments meet at least once, drawn greedily by lot."""
    lot = random.Random(seed)
    return [Case(name, *row) for name in SCHEDULERS for row in pairwise(CHOICES, lot)]


def pairwise(choices: tuple[tuple[Any, ...], ...], lot: random.Random) -> list[tuple[Any, ...]]:
    """Rows in which every two choices of two columns meet at least once."""
    places = range(len(choices))
    open_pairs = {
        (a, x, b, y) for a in places for b in places if a < b for x, y in product(choices[a], choices[b])
    }  # fmt: skip
    rows = []
    while open_pairs:
        drawn = [tuple(lot.choice(one) for one in choices) for _ in range(60)]
        best = max(drawn, key=lambda row: len(_pairs(row) & open_pairs))
        open_pairs -= _pairs(best)
        rows.append(best)
    return rows


def _pairs(row: tuple[Any, ...]) -> set[tuple[Any, ...]]:
    places = range(len(row))
    return {(a, row[a], b, row[b]) for a in places for b in places if a < b}


def arguments(case: Case) -> dict[str, Any]:
    """Of the workflow, and under the same names of the pipeline."""
    height, width = case.size or (None, None)
    return {
        "prompt": PROMPT,
        "prompt_2": case.prompt_2,
        "negative_prompt": case.negative_prompt,
        "negative_prompt_2": case.negative_prompt_2,
        "height": height,
        "width": width,
        "num_inference_steps": STEPS,
        "guidance_scale": case.guidance_scale,
        "guidance_rescale": case.guidance_rescale,
        "clip_skip": case.clip_skip,
        "num_images_per_prompt": case.batch,
        "eta": SCHEDULERS[case.scheduler][2],
    }


def sizes(case: Case) -> dict[str, Any]:
    """What the denoiser is told beside the picture's own size."""
    told: dict[str, Any] = {}
    if "positive" in case.sizes:
        told |= {"original_size": [40, 72], "crops_coords_top_left": [3, 5], "target_size": [96, 64]}
    if "negative" in case.sizes:
        told |= {
            "negative_original_size": [512, 640],
            "negative_crops_coords_top_left": [7, 1],
            "negative_target_size": [128, 96],
        }
    return told


def run_pipeline(case: Case, folder: Path, seed: int = 3, **more: Any) -> Any:
    """The pictures or latents of diffusers' own pipeline."""
    pipeline = loaded_pipeline(folder)
    own = pipeline.scheduler
    given = {**arguments(case), **{name: tuple(pair) for name, pair in sizes(case).items()}, **more}
    try:
        pipeline.scheduler = scheduler_of(case.scheduler, own)
        return pipeline(**{"generator": torch.Generator("cpu").manual_seed(seed), "output_type": "pt", **given}).images
    finally:
        pipeline.scheduler = own


def scheduler_of(name: str, own: Any) -> Any:
    """A scheduler of the table, configured from a model's own."""
    class_name, options, _ = SCHEDULERS[name]
    return getattr(diffusers, class_name).from_config(own.config, **options)


@cache
def loaded_pipeline(folder: Path) -> Any:
    """The pipeline that a folder was saved from."""
    pipeline = LIBRARY.DiffusionPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def document(workflow: str, options: dict[str, dict[str, Any]]) -> Document:
    """The shipped workflow with further values at some nodes."""
    content = json.loads((files("latentgraph.workflows") / f"{workflow}.json").read_text("utf-8"))
    for node, values in options.items():
        content["nodes"][node]["inputs"] |= values
    return parse_document(json.dumps(content).encode(), f"{workflow}.json")
