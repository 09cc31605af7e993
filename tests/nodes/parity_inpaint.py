"""Pictures with a mask, held against diffusers' inpainting pipeline, and what that makes of them."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.nodes.parity_cases import PROMPT, SCHEDULERS, STEPS
from tests.nodes.parity_pictures import called, draw_picture, pipeline
from tests.nodes.tiny import load_pipeline

WORKFLOWS = {4: "inpaint", 9: "inpaint_9_channel"}
"""By the number of channels that the denoiser takes."""


@dataclass(frozen=True)
class InpaintCase:
    """One call of the inpainting pipeline."""

    scheduler: str
    channels: int
    guidance_scale: float
    batch: int
    strength: float
    padding_mask_crop: int | None
    size: tuple[int, int] | None
    blur_factor: float
    seed: int = 5

    def __str__(self) -> str:
        return (
            f"{self.scheduler}, {self.channels} channels, guidance {self.guidance_scale:g}, batch {self.batch}, "
            f"strength {self.strength:g}, crop {self.padding_mask_crop}, size {self.size}, blur {self.blur_factor:g}"
        )


def all_cases() -> list[InpaintCase]:
    """176 cases: with each scheduler every three of the seven other choices meet in every combination.

    Four choices are combined in full and three follow from them (2^(7-3), resolution IV).
    """
    cases = []
    for scheduler in SCHEDULERS:
        for a, b, c, d in itertools.product((0, 1), repeat=4):
            e, f, g = a ^ b ^ c, b ^ c ^ d, a ^ c ^ d
            cases.append(
                InpaintCase(
                    scheduler,
                    channels=(4, 9)[a],
                    guidance_scale=(7.5, 1.0)[b],
                    batch=(1, 2)[c],
                    strength=(1.0, 0.55)[d],
                    padding_mask_crop=(None, 6)[e],
                    size=(None, (48, 80))[f],
                    blur_factor=(0.0, 3.0)[g],
                )
            )
    return cases


def sampled_cases(seed: int = 0) -> list[InpaintCase]:
    """One case with each scheduler, drawn by lot once and for all."""
    lot = random.Random(seed)
    cases = all_cases()
    lot.shuffle(cases)
    return [next(case for case in cases if case.scheduler == name) for name in SCHEDULERS]


def build_tiny_inpaint(folder: Path, tiny_folder: Path) -> None:
    """A model whose denoiser takes 9 channels, in the standard layout; everything else as in the tiny model."""
    import diffusers
    import torch

    torch.manual_seed(1)
    library: Any = diffusers
    components = load_pipeline(tiny_folder).components
    config = dict(components["unet"].config) | {"in_channels": 9}
    components["unet"] = library.UNet2DConditionModel.from_config(config)
    library.StableDiffusionInpaintPipeline(**components).save_pretrained(folder)
    index = folder / "model_index.json"
    index.write_text(index.read_text("utf-8").replace("CLIPImageProcessorPil", "CLIPImageProcessor"), "utf-8")


def draw_pair(folder: Path) -> tuple[Path, Path]:
    """A picture and a mask of 57 × 70 pixels; the mask has a hole of gray that is less than half."""
    import PIL.Image
    import PIL.ImageDraw

    mask = PIL.Image.new("L", (57, 70), 0)
    canvas = PIL.ImageDraw.Draw(mask)
    canvas.ellipse((12, 20, 44, 51), fill=255)
    canvas.rectangle((20, 30, 27, 37), fill=100)
    mask.save(folder / "mask.png")
    return draw_picture(folder, (70, 57)), folder / "mask.png"


def expected(case: InpaintCase, folder: Path, picture: Path, mask: Path) -> tuple[Any, Any]:
    """Call diffusers' own pipeline: Pillow pictures, and what was decoded."""
    import PIL.Image

    made = pipeline("StableDiffusionInpaintPipeline", folder)
    drawn = PIL.Image.open(mask)
    if case.blur_factor:
        drawn = made.mask_processor.blur(drawn, case.blur_factor)
    height, width = case.size or (None, None)
    return called(
        made,
        case.scheduler,
        case.seed,
        image=PIL.Image.open(picture),
        mask_image=drawn,
        strength=case.strength,
        padding_mask_crop=case.padding_mask_crop,
        height=height,
        width=width,
        guidance_scale=case.guidance_scale,
        num_images_per_prompt=case.batch,
        output_type="pil",
    )


def given(case: InpaintCase, folder: Path, picture: Path, mask: Path) -> dict[str, Any]:
    """The values for the workflow's inputs."""
    class_name, _, eta = SCHEDULERS[case.scheduler]
    height, width = case.size or (None, None)
    return {
        "model": str(folder),
        "prompt": PROMPT,
        "image": str(picture),
        "mask_image": str(mask),
        "blur_factor": case.blur_factor,
        "padding_mask_crop": case.padding_mask_crop,
        "strength": case.strength,
        "height": height,
        "width": width,
        "num_inference_steps": STEPS,
        "guidance_scale": case.guidance_scale,
        "num_images_per_prompt": case.batch,
        "scheduler": class_name,
        "eta": eta,
        "seed": case.seed,
    }
