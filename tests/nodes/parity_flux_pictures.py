"""What is held against diffusers' pipelines of Flux that begin with a picture, and what those make of it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import PIL.Image
import torch
from tests.nodes.parity_cases import PROMPT
from tests.nodes.parity_families import NEGATIVE, pairwise
from tests.nodes.parity_flux import SCHEDULERS
from tests.nodes.parity_inpaint import draw_pair
from tests.nodes.parity_pictures import draw_picture, pipeline

from latentgraph.graph.document import Document, parse_document
from latentgraph.nodes.pixels import from_pil
from latentgraph.nodes.random_state import generator_at, random_states

WORKFLOWS = {"flux_image_to_image": "FluxImg2ImgPipeline", "flux_inpaint": "FluxInpaintPipeline"}


@dataclass(frozen=True)
class Case:
    """A call of FluxImg2ImgPipeline, or of FluxInpaintPipeline where a mask is drawn."""

    workflow: str
    scheduler: str = "own"
    schnell: bool = False
    strength: float = 0.6
    size: tuple[int, int] | None = None
    negative_prompt: str | None = None
    true_cfg_scale: float = 1.0
    guidance_scale: float = 7.0
    steps: int = 4
    batch: int = 1
    a_seed_each: bool = False
    prompt_2: str | None = None
    blur_factor: int = 0
    padding_mask_crop: int | None = None

    def __str__(self) -> str:
        told = [
            f"{one.name} {getattr(self, one.name)}"
            for one in fields(self)[1:]
            if getattr(self, one.name) != one.default
        ]
        return ", ".join(told) or "defaults"


CHOICES: tuple[tuple[Any, ...], ...] = (
    ("own", "linear shift", "Karras"),
    (False, True),
    (0.6, 1.0, 0.37, 0.1),
    (None, (48, 80), (59, 43)),
    (None, NEGATIVE),
    (1.0, 3.0),
    (7.0, 0.0),
    (4, 1, 7),
    (1, 2, 3),
    (False, True),
    (None, "a cat"),
)
"""Of the fields of a Case from the scheduler on. The sizes are, rounded to patches of 4 pixels, of whole 8."""
OF_A_MASK: tuple[tuple[Any, ...], ...] = ((0, 3), (None, 0, 5))


def cases(workflow: str) -> list[Case]:
    """Every two choices of two arguments meet at least four times."""
    choices = CHOICES + (OF_A_MASK if workflow == "flux_inpaint" else ())
    return [Case(workflow, *row) for seed in range(4) for row in pairwise(choices, random.Random(seed))]


def size_of(case: Case) -> tuple[int, int]:
    """That the pipeline is given; about a mask it is told one of whole patches, whose shape the part has."""
    height, width = case.size or (66, 59)
    return (height, width) if case.padding_mask_crop is None else (height // 4 * 4, width // 4 * 4)


def arguments(case: Case) -> dict[str, Any]:
    """Of the workflow, and under the same names of the pipeline."""
    height, width = size_of(case)
    return {
        "prompt": PROMPT,
        "prompt_2": case.prompt_2,
        "negative_prompt": case.negative_prompt,
        "true_cfg_scale": case.true_cfg_scale,
        "height": height,
        "width": width,
        "strength": case.strength,
        "num_inference_steps": case.steps,
        "guidance_scale": case.guidance_scale,
        "max_sequence_length": 16,
        "num_images_per_prompt": case.batch,
    }


def seeds(case: Case) -> list[int]:
    """One for all pictures, or one for each."""
    return list(range(3, 3 + case.batch)) if case.a_seed_each else [3]


def drawn(case: Case, folder: Path) -> dict[str, Any]:
    """Files for the workflow's inputs: a picture of 57 × 70 pixels, and a mask where there is one."""
    if case.workflow == "flux_image_to_image":
        return {"image": str(draw_picture(folder, (70, 57)))}
    picture, mask = draw_pair(folder)
    more = {"blur_factor": case.blur_factor, "padding_mask_crop": case.padding_mask_crop}
    return {"image": str(picture), "mask_image": str(mask), **more}


def run_pipeline(case: Case, folder: Path, given: dict[str, Any]) -> tuple[Any, Any]:
    """The last latents, in patches, and the pictures of diffusers' own pipeline."""
    live, (_, options) = pipeline(WORKFLOWS[case.workflow], folder), SCHEDULERS[case.scheduler]
    own, latents = live.scheduler, list[Any]()
    more: dict[str, Any] = {name: opened(path) for name, path in given.items() if name in ("image", "mask_image")}
    if case.blur_factor:
        more["mask_image"] = live.mask_processor.blur(more["mask_image"], case.blur_factor)
    if case.padding_mask_crop is not None:
        more["padding_mask_crop"] = case.padding_mask_crop

    def look(_pipeline: Any, _turn: int, _timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        latents.append(values["latents"])
        return {}

    try:
        live.scheduler = type(own).from_config(own.config, **options)
        made = live(
            **arguments(case),
            **more,
            generator=generator_at(random_states(seeds(case))),
            output_type="pt" if case.padding_mask_crop is None else "pil",
            callback_on_step_end=look,
        ).images
    finally:
        live.scheduler = own
    return latents[-1], torch.stack([from_pil(one) for one in made]) if isinstance(made, list) else made


def opened(path: str) -> PIL.Image.Image:
    """A picture whose file is closed."""
    with PIL.Image.open(path) as picture:
        return picture.copy()


def document(case: Case) -> Document:
    """The shipped workflow with what it has no inputs for."""
    content = json.loads((files("latentgraph.workflows") / f"{case.workflow}.json").read_text("utf-8"))
    content["nodes"]["scheduler"]["inputs"]["options"] = SCHEDULERS[case.scheduler][1]
    content["nodes"]["random"] = {"type": "random_states", "inputs": {"seeds": seeds(case)}}
    return parse_document(json.dumps(content).encode(), f"{case.workflow}.json")
