"""Pictures with a mask, held against diffusers' inpainting pipeline of Stable Diffusion XL."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import diffusers
import torch
from tests.nodes.parity_cases import PROMPT, SCHEDULERS, STEPS
from tests.nodes.parity_families import NEGATIVE, loaded_pipeline, pairwise, scheduler_of
from tests.nodes.tiny_families import build_tiny_sdxl

LIBRARY: Any = diffusers  # Untyped.
WORKFLOWS = {4: "sdxl_inpaint", 9: "sdxl_inpaint_9_channel"}
"""By the number of channels that the denoiser takes."""


@dataclass(frozen=True)
class InpaintCase:
    """A call of StableDiffusionXLInpaintPipeline in which the arguments differ from their defaults, or do not."""

    scheduler: str
    channels: int = 4
    strength: float = 0.9999
    padding_mask_crop: int | None = None
    size: tuple[int, int] | None = None
    blur_factor: float = 0.0
    negative_prompt: str | None = None
    guidance_scale: float = 7.5
    guidance_rescale: float = 0.0
    batch: int = 1
    denoising_end: float | None = None
    sizes: bool = False
    """Whether the denoiser is told other sizes than those that are worked in."""

    def __str__(self) -> str:
        told = [
            f"{one.name} {getattr(self, one.name)}" for one in fields(self) if getattr(self, one.name) != one.default
        ]
        return ", ".join(told)


CHOICES: tuple[tuple[Any, ...], ...] = (
    (4, 9),
    (0.9999, 1.0, 0.55),
    (None, 6),
    (None, (48, 80)),
    (0.0, 3.0),
    (None, NEGATIVE),
    (7.5, 1.0),
    (0.0, 0.7),
    (1, 2),
    (None, 0.8),
    (False, True),
)
"""Of the fields of an InpaintCase after the scheduler."""


@cache
def pairwise_cases(seed: int = 0) -> list[InpaintCase]:
    """With each scheduler every two choices of two arguments meet at least once, drawn greedily by lot."""
    lot = random.Random(seed)
    return [InpaintCase(name, *row) for name in SCHEDULERS for row in pairwise(CHOICES, lot)]


def sampled_cases(count: int = 7, seed: int = 1) -> list[InpaintCase]:
    """Cases with as many different schedulers, drawn by lot once and for all."""
    lot, cases = random.Random(seed), list(pairwise_cases())
    lot.shuffle(cases)
    names = lot.sample(list(SCHEDULERS), count)
    return [next(case for case in cases if case.scheduler == name) for name in names]


def build_models(folder: Path) -> None:
    """Base models by the number of channels that their denoisers take."""
    build_tiny_sdxl(folder / "4")
    torch.manual_seed(1)
    components = LIBRARY.DiffusionPipeline.from_pretrained(folder / "4").components
    config = dict(components["unet"].config) | {"in_channels": 9}
    components["unet"] = LIBRARY.UNet2DConditionModel.from_config(config)
    LIBRARY.StableDiffusionXLInpaintPipeline(**components).save_pretrained(folder / "9")


def arguments(case: InpaintCase) -> dict[str, Any]:
    """Of the workflow, and under the same names of the pipeline."""
    height, width = case.size or (None, None)
    return {
        "prompt": PROMPT,
        "negative_prompt": case.negative_prompt,
        "padding_mask_crop": case.padding_mask_crop,
        "strength": case.strength,
        "height": height,
        "width": width,
        "num_inference_steps": STEPS,
        "denoising_end": case.denoising_end,
        "guidance_scale": case.guidance_scale,
        "guidance_rescale": case.guidance_rescale,
        "num_images_per_prompt": case.batch,
        "eta": SCHEDULERS[case.scheduler][2],
    }


def sizes(case: InpaintCase) -> dict[str, Any]:
    """What the denoiser is told beside the size that is worked in."""
    told = {"original_size": [40, 72], "crops_coords_top_left": [3, 5], "negative_target_size": [128, 96]}
    return told if case.sizes else {}


def run_pipeline(case: InpaintCase, folder: Path, picture: Path, mask: Path, **more: Any) -> tuple[Any, torch.Tensor]:
    """Pillow pictures of diffusers' own pipeline, and the latents after its last step."""
    import PIL.Image

    pipeline, drawn = inpaint_pipeline(folder / str(case.channels)), PIL.Image.open(mask)
    if case.blur_factor:
        drawn = pipeline.mask_processor.blur(drawn, case.blur_factor)
    left: list[torch.Tensor] = []
    given = {**arguments(case), **{name: tuple(pair) for name, pair in sizes(case).items()}}
    given |= {"image": PIL.Image.open(picture), "mask_image": drawn}
    given |= {"generator": torch.Generator("cpu").manual_seed(3), **more}

    def keep(pipe: Any, turn: int, timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        left.append(values["latents"])
        return values

    own = pipeline.scheduler
    try:
        pipeline.scheduler = scheduler_of(case.scheduler, own)
        pictures = pipeline(**given, callback_on_step_end=keep).images
    finally:
        pipeline.scheduler = own
    return pictures, left[-1]


@cache
def inpaint_pipeline(folder: Path) -> Any:
    """The inpainting pipeline with the parts in a folder."""
    made = LIBRARY.StableDiffusionXLInpaintPipeline(**loaded_pipeline(folder).components)
    made.set_progress_bar_config(disable=True)
    return made
