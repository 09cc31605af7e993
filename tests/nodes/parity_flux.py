"""What is held against diffusers' FluxPipeline, and what that pipeline makes of it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import diffusers
from tests.nodes.parity_cases import PROMPT
from tests.nodes.parity_families import NEGATIVE, loaded_pipeline, pairwise

from latentgraph.graph.document import Document, parse_document
from latentgraph.nodes.random_state import generator_at, random_states

FLOW = {"use_flow_sigmas": True, "prediction_type": "flow_prediction", "use_dynamic_shifting": True}
SCHEDULERS: dict[str, tuple[str | None, dict[str, Any]]] = {
    "own": (None, {}),
    "linear shift": (None, {"use_dynamic_shifting": True, "time_shift_type": "linear"}),
    "Karras": (None, {"use_karras_sigmas": True}),
    "exponential": (None, {"use_exponential_sigmas": True}),
    "terminal": (None, {"shift_terminal": 0.1}),
    "DPM++ 2M": ("DPMSolverMultistepScheduler", FLOW),
    "DPM++ 2S": ("DPMSolverSinglestepScheduler", FLOW),
    "DEIS": ("DEISMultistepScheduler", FLOW),
    "UniPC": ("UniPCMultistepScheduler", FLOW),
}
"""Class and options, by what they are called here; the class of None is the model's own."""


@dataclass(frozen=True)
class Case:
    """A call of FluxPipeline in which the arguments differ from those of the first row, or do not."""

    scheduler: str = "own"
    schnell: bool = False
    prompt_2: str | None = None
    negative_prompt: str | None = None
    negative_prompt_2: str | None = None
    true_cfg_scale: float = 1.0
    guidance_scale: float = 3.5
    size: tuple[int, int] = (64, 64)
    steps: int = 3
    batch: int = 1
    max_sequence_length: int = 16
    sigmas: tuple[float, ...] | None = None
    a_seed_each: bool = False

    def __str__(self) -> str:
        told = [
            f"{one.name} {getattr(self, one.name)}" for one in fields(self) if getattr(self, one.name) != one.default
        ]
        return ", ".join(told) or "defaults"


CHOICES: tuple[tuple[Any, ...], ...] = (
    (False, True),
    (None, "a cat"),
    (None, "", NEGATIVE, NEGATIVE),
    (None, "a black star"),
    (1.0, 4.0, 2.5),
    (3.5, 0.0, 7.1),
    ((64, 64), (48, 80), (61, 47), (96, 128)),
    (3, 1, 5),
    (1, 2, 3),
    (16, 3, 77),
    (None, (1.0, 0.7, 0.25)),
    (False, True),
)
"""Of the fields of a Case after the scheduler."""


def cases(seed: int = 0) -> list[Case]:
    """With each scheduler every two choices of two arguments meet at least once, where it takes both."""
    lot = random.Random(seed)
    rows = [Case(name, *row) for name in SCHEDULERS for row in pairwise(CHOICES, lot)]
    # Other classes take no levels of one's own, and a single level cannot be stretched: diffusers divides by zero.
    rows = [replace(one, sigmas=None) if SCHEDULERS[one.scheduler][0] else one for one in rows]
    return [replace(one, steps=2) if (one.scheduler, one.steps) == ("terminal", 1) else one for one in rows]


def arguments(case: Case) -> dict[str, Any]:
    """Of the workflow, and under the same names of the pipeline."""
    return {
        "prompt": PROMPT,
        "prompt_2": case.prompt_2,
        "negative_prompt": case.negative_prompt,
        "negative_prompt_2": case.negative_prompt_2,
        "true_cfg_scale": case.true_cfg_scale,
        "height": case.size[0],
        "width": case.size[1],
        "num_inference_steps": case.steps,
        "guidance_scale": case.guidance_scale,
        "max_sequence_length": case.max_sequence_length,
        "num_images_per_prompt": case.batch,
    }


def seeds(case: Case) -> list[int]:
    """One for all pictures, or one for each."""
    return list(range(3, 3 + case.batch)) if case.a_seed_each else [3]


def run_pipeline(case: Case, folder: Path) -> tuple[Any, Any]:
    """The last latents, in patches, and the pictures of diffusers' own pipeline."""
    pipeline, (class_name, options) = loaded_pipeline(folder), SCHEDULERS[case.scheduler]
    own, latents = pipeline.scheduler, list[Any]()
    kind = getattr(diffusers, class_name) if class_name else type(own)

    def look(_pipeline: Any, _turn: int, _timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        latents.append(values["latents"])
        return {}

    try:
        pipeline.scheduler = kind.from_config(own.config, **options)
        images = pipeline(
            **arguments(case),
            generator=generator_at(random_states(seeds(case))),
            sigmas=list(case.sigmas) if case.sigmas else None,
            output_type="pt",
            callback_on_step_end=look,
        ).images
    finally:
        pipeline.scheduler = own
    return latents[-1], images


def document(case: Case) -> Document:
    """The shipped workflow with what it has no inputs for."""
    content = json.loads((files("latentgraph.workflows") / "flux_text_to_image.json").read_text("utf-8"))
    class_name, options = SCHEDULERS[case.scheduler]
    content["nodes"]["scheduler"]["inputs"] |= {"class_name": class_name, "options": options}
    content["nodes"]["random"] = {"type": "random_states", "inputs": {"seeds": seeds(case)}}
    if case.sigmas:
        content["nodes"]["schedule"]["inputs"]["sigmas"] = list(case.sigmas)
    return parse_document(json.dumps(content).encode(), "flux_text_to_image.json")
