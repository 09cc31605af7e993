"""What `tests.bench.peak_memory` runs: each workflow, and the call of diffusers that does the same.

A new ability is one more entry; a model that is not there yet is one more builder in `peak_memory_models`, and what its
pipeline needs beside its folder and its call one more function in `peak_memory_diffusers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True)
class Pair:
    """A workflow and a pipeline that make the same picture of the same files."""

    pipeline: str
    """Class in diffusers."""
    model: str = "sd1"
    """Folder with the model."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Inputs of the workflow, and arguments of the pipeline by the same names. A string that begins with `@` is a file
    or folder among the models, which the pipeline gets as an opened picture."""
    ours: Mapping[str, Any] = field(default_factory=dict)
    """Further inputs of the workflow."""
    theirs: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of the pipeline."""
    special: str = ""
    """Function of `peak_memory_diffusers` that makes the pipeline; empty: its `from_pretrained`."""


COMMON: Final[Mapping[str, Any]] = {
    "prompt": "a red circle on a white background",
    "negative_prompt": "a cat",
    "num_inference_steps": 2,
    "guidance_scale": 5.0,
}
"""Of every pair; its own values come before these."""
SEED: Final = 3
_PICTURE: Final = {"image": "@picture.png"}
_MASKED: Final = {**_PICTURE, "mask_image": "@mask.png", "strength": 1.0}

PAIRS: Final[Mapping[str, Pair]] = {
    "text_to_image": Pair("StableDiffusionPipeline"),
    "text_to_image_every_argument": Pair(
        "StableDiffusionPipeline",
        values={"guidance_rescale": 0.5, "num_images_per_prompt": 2},
        ours={"seeds": f"{SEED},{SEED + 1}"},
        theirs={"seeds": [SEED, SEED + 1]},
    ),
    "image_to_image": Pair("StableDiffusionImg2ImgPipeline", values={**_PICTURE, "strength": 1.0}),
    "inpaint": Pair("StableDiffusionInpaintPipeline", values=_MASKED),
    "inpaint_9_channel": Pair("StableDiffusionInpaintPipeline", "sd1_inpaint", values=_MASKED),
    "controlnet": Pair(
        "StableDiffusionControlNetPipeline",
        values={**_PICTURE, "controlnet_conditioning_scale": 0.5},
        ours={"controlnet": "@controlnet"},
        special="with_controlnets",
    ),
    "controlnet_two": Pair(
        "StableDiffusionControlNetPipeline",
        ours={
            **_PICTURE, "second_image": "@other.png", "controlnet": "@controlnet", "second_controlnet": "@controlnet_2",
        },
        theirs={"image": ["@picture.png", "@other.png"], "controlnet_conditioning_scale": [0.5, 0.5]},
        special="with_controlnets",
    ),
    "depth_to_image": Pair(
        "StableDiffusionDepth2ImgPipeline",
        "sd1_depth",
        values={**_PICTURE, "strength": 1.0},
        ours={"depth_map": "@gray.png"},
        special="with_depths",
    ),
    "upscale_x4": Pair("StableDiffusionUpscalePipeline", "upscaler", values={"image": "@small.png", "noise_level": 20}),
    "lora": Pair("StableDiffusionPipeline", ours={"lora": "@lora.safetensors", "scale": 0.8}, special="with_lora"),
    "textual_inversion": Pair(
        "StableDiffusionPipeline",
        values={"prompt": "a <mine> on a white background"},
        ours={"embedding": "@embedding.safetensors"},
        special="with_embedding",
    ),
    "sdxl_text_to_image": Pair("StableDiffusionXLPipeline", "sdxl"),
    "sdxl_image_to_image": Pair("StableDiffusionXLImg2ImgPipeline", "sdxl", values={**_PICTURE, "strength": 1.0}),
    "sdxl_inpaint": Pair("StableDiffusionXLInpaintPipeline", "sdxl", values={**_MASKED, "strength": 0.99}),
    "sdxl_base_and_refiner": Pair(
        "StableDiffusionXLPipeline",
        "sdxl",
        values={"num_inference_steps": 4},
        ours={"refiner": "@sdxl_refiner", "handover": 0.5},
        special="with_refiner",
    ),
}  # fmt: skip
"""By the name of the workflow."""
