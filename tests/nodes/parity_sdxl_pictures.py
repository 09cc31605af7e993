"""Pictures to start from, held against diffusers' image-to-image pipeline of Stable Diffusion XL."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import torch
from tests.nodes.parity_cases import PROMPT, SCHEDULERS, STEPS
from tests.nodes.parity_families import NEGATIVE, loaded_pipeline, pairwise, scheduler_of
from tests.nodes.tiny import edit_json
from tests.nodes.tiny_families import build_tiny_sdxl

WORKFLOWS = {"base": "sdxl_image_to_image", "refiner": "sdxl_refine"}
"""By the model that they are for."""
SPREAD = {"latents_mean": [-1.6, 1.1, 0.2, 0.0], "latents_std": [8.4, 5.0, 5.9, 2.3]}
"""Of a VAE that says where each channel lies and how far it spreads."""


@dataclass(frozen=True)
class PictureCase:
    """A call of StableDiffusionXLImg2ImgPipeline in which the arguments differ from their defaults, or do not."""

    scheduler: str
    model: str = "base"
    spread: bool = False
    strength: float = 0.55
    size: tuple[int, int] = (64, 64)
    prompt_2: str | None = None
    negative_prompt: str | None = None
    guidance_scale: float = 5.0
    guidance_rescale: float = 0.0
    clip_skip: int = 0
    batch: int = 1
    denoising_end: float | None = None
    sizes: str = ""
    """`positive` and `negative`: whether that side is told other sizes than the picture's."""

    def __str__(self) -> str:
        told = [
            f"{one.name} {getattr(self, one.name)}" for one in fields(self) if getattr(self, one.name) != one.default
        ]
        return ", ".join(told)


CHOICES: tuple[tuple[Any, ...], ...] = (
    ("base", "refiner"),
    (False, True),
    (0.55, 1.0),
    ((64, 64), (50, 67)),
    (None, "a cat"),
    (None, "", NEGATIVE),
    (5.0, 1.0),
    (0.0, 0.7),
    (0, 1),
    (1, 2),
    (None, 0.8),
    ("", "positive", "positive negative", "negative"),
)
"""Of the fields of a PictureCase after the scheduler."""


@cache
def pairwise_cases(seed: int = 0) -> list[PictureCase]:
    """With each scheduler every two choices of two arguments meet at least once, drawn greedily by lot."""
    lot = random.Random(seed)
    return [PictureCase(name, *row) for name in SCHEDULERS for row in pairwise(CHOICES, lot)]


def sampled_cases(seed: int = 1) -> list[PictureCase]:
    """One case with each scheduler, drawn by lot once and for all."""
    lot, cases = random.Random(seed), list(pairwise_cases())
    lot.shuffle(cases)
    return [next(case for case in cases if case.scheduler == name) for name in SCHEDULERS]


def build_models(folder: Path) -> None:
    """Base and refiner, each with a plain VAE and with one that says how its channels spread."""
    for model in WORKFLOWS:
        build_tiny_sdxl(folder / model, refiner=model == "refiner")
        shutil.copytree(folder / model, folder / f"{model}-spread")
        edit_json(folder / f"{model}-spread" / "vae" / "config.json", **SPREAD)


def arguments(case: PictureCase) -> dict[str, Any]:
    """Of the workflow, and under the same names of the pipeline."""
    told = {
        "prompt": PROMPT,
        "negative_prompt": case.negative_prompt,
        "strength": case.strength,
        "num_inference_steps": STEPS,
        "guidance_scale": case.guidance_scale,
        "guidance_rescale": case.guidance_rescale,
        "clip_skip": case.clip_skip,
        "num_images_per_prompt": case.batch,
        "eta": SCHEDULERS[case.scheduler][2],
    }
    base = {"prompt_2": case.prompt_2, "denoising_end": case.denoising_end}
    return told | base if case.model == "base" else told


def sizes(case: PictureCase) -> dict[str, Any]:
    """What the denoiser is told beside the picture's own size."""
    told: dict[str, Any] = {}
    if "positive" in case.sizes:
        told |= {"original_size": [40, 72], "crops_coords_top_left": [3, 5]}
    if "negative" in case.sizes:
        told |= {"negative_original_size": [512, 640], "negative_crops_coords_top_left": [7, 1]}
    if case.model == "base" and told:
        told |= {"target_size": [96, 64], "negative_target_size": [128, 96]}
    return told


def run_pipeline(case: PictureCase, folder: Path, image: Any, **more: Any) -> Any:
    """The pictures or latents of diffusers' own pipeline, which a base model's parts are put into."""
    pipeline = picture_pipeline(folder)
    own = pipeline.scheduler
    given = {**arguments(case), **{name: tuple(pair) for name, pair in sizes(case).items()}}
    given |= {"generator": torch.Generator("cpu").manual_seed(3), "output_type": "pt", "image": image, **more}
    try:
        pipeline.scheduler = scheduler_of(case.scheduler, own)
        return pipeline(**given).images
    finally:
        pipeline.scheduler = own


def picture_pipeline(folder: Path) -> Any:
    """The image-to-image pipeline with the parts in a folder."""
    import diffusers

    library: Any = diffusers
    found = loaded_pipeline(folder)
    if isinstance(found, library.StableDiffusionXLImg2ImgPipeline):
        return found
    made = library.StableDiffusionXLImg2ImgPipeline(**found.components)
    made.set_progress_bar_config(disable=True)
    return made
