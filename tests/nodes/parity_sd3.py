"""What is held against diffusers' pipelines of Stable Diffusion 3, and what those pipelines make of it."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import diffusers
import torch
from tests.nodes.parity_families import pairwise

from latentgraph.graph.document import Document, parse_document

LIBRARY: Any = diffusers  # Untyped.
PROMPT = "a green star on a white background"
SIGMAS = (1.0, 0.7, 0.2)
FLOW = {"use_flow_sigmas": True, "prediction_type": "flow_prediction"}
SCHEDULERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "own": ("FlowMatchEulerDiscreteScheduler", {}),
    "shifted by size": ("FlowMatchEulerDiscreteScheduler", {"use_dynamic_shifting": True}),
    "Karras": ("FlowMatchEulerDiscreteScheduler", {"use_karras_sigmas": True}),
    "Heun": ("FlowMatchHeunDiscreteScheduler", {}),
    "DPM++ 2M": ("DPMSolverMultistepScheduler", {**FLOW, "flow_shift": 3.0}),
    "UniPC": ("UniPCMultistepScheduler", {**FLOW, "flow_shift": 2.0}),
}
"""By what they are called: class, and further options."""
SHIFTED = ("own", "shifted by size", "Karras")
"""Those that can be given noise levels or a shift."""


@dataclass(frozen=True)
class Case:
    """A call of the pipeline in which the arguments differ from their defaults, or do not."""

    scheduler: str
    prompt_2: str | None = None
    prompt_3: str | None = None
    negative_prompt: str | None = None
    negative_prompt_2: str | None = None
    negative_prompt_3: str | None = None
    guidance_scale: float = 7.0
    clip_skip: int | None = None
    max_sequence_length: int = 16
    seeds: tuple[int, ...] = (3,)
    batch: int = 1
    size: tuple[int, int] | None = None
    levels: str = "steps"
    use_t5: bool = True

    def __str__(self) -> str:
        told = [
            f"{one.name} {getattr(self, one.name)}" for one in fields(self) if getattr(self, one.name) != one.default
        ]
        return ", ".join(told)


CHOICES: tuple[tuple[Any, ...], ...] = (
    (None, "a cat"),
    (None, "a black square, a photo"),
    (None, "", "a blue circle"),
    (None, "a black star"),
    (None, "a photo"),
    (7.0, 1.0, 3.5),
    (None, 0, 1),
    (16, 40),
    ((3,), (3, 11)),
    (1, 2),
    (None, (48, 80), (96, 64)),
    ("steps", "sigmas", "mu"),
    (True, False),
)
"""Of the fields of a Case after the scheduler."""


def pairwise_cases(seed: int = 0) -> list[Case]:
    """With each scheduler every two choices of two arguments meet at least once, drawn greedily by lot.

    Two seeds want two images, and some schedulers take no levels; such rows are brought into line.
    """
    lot = random.Random(seed)
    return [_valid(name, row) for name in SCHEDULERS for row in pairwise(CHOICES, lot)]


def _valid(name: str, row: tuple[Any, ...]) -> Case:
    case = Case(name, *row)
    levels = case.levels if name in SHIFTED else "steps"
    return replace(case, batch=max(len(case.seeds), case.batch), levels=levels)


def sampled_cases(count: int = 8, seed: int = 5) -> list[Case]:
    """A few, drawn by lot once and for all, with the model's own scheduler among them."""
    lot, cases = random.Random(seed), pairwise_cases()
    return [lot.choice([one for one in cases if one.scheduler == name]) for name in SCHEDULERS] + lot.sample(
        [one for one in cases if one.scheduler in SHIFTED], count - len(SCHEDULERS)
    )


def arguments(case: Case) -> dict[str, Any]:
    """Of the workflow, and under the same names of the pipeline."""
    height, width = case.size or (None, None)
    texts = {name: getattr(case, name) for name in ("prompt_2", "prompt_3", "negative_prompt_2", "negative_prompt_3")}
    return {
        **texts,
        "prompt": PROMPT,
        "negative_prompt": case.negative_prompt or "",
        "height": height,
        "width": width,
        "num_inference_steps": len(SIGMAS),
        "guidance_scale": case.guidance_scale,
        "clip_skip": case.clip_skip or 0,
        "max_sequence_length": case.max_sequence_length,
        "num_images_per_prompt": case.batch,
        "mu": 0.8 if case.levels == "mu" else None,
    }


def run_pipeline(
    case: Case, folder: Path, pipeline_class: str = "StableDiffusion3Pipeline", **more: Any
) -> tuple[Any, Any]:
    """The pictures of diffusers' own pipeline, and the latents of its last step."""
    pipeline = loaded_pipeline(folder, case.use_t5, pipeline_class)
    class_name, options = SCHEDULERS[case.scheduler]
    own, kept = pipeline.scheduler, []
    generators = [torch.Generator("cpu").manual_seed(seed) for seed in case.seeds]
    if case.levels == "sigmas":
        more["sigmas"] = list(SIGMAS)

    def keep(pipe: Any, turn: int, timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        kept.append(values["latents"])
        return values

    try:
        pipeline.scheduler = getattr(diffusers, class_name).from_config(own.config, **options)
        told = {**arguments(case), "negative_prompt": case.negative_prompt, "clip_skip": case.clip_skip, **more}
        images = pipeline(
            **told,
            generator=generators if len(generators) > 1 else generators[0],
            output_type="pt",
            callback_on_step_end=keep,
        ).images
    finally:
        pipeline.scheduler = own
    return images, kept[-1]


@cache
def loaded_pipeline(folder: Path, use_t5: bool, pipeline_class: str) -> Any:
    """The pipeline that a folder was saved from, with its third text encoder or without."""
    without = {} if use_t5 else {"text_encoder_3": None, "tokenizer_3": None}
    pipeline = getattr(LIBRARY, pipeline_class).from_pretrained(folder, **without)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def document(workflow: str, case: Case) -> Document:
    """The shipped workflow with what it has no inputs for: options, noise levels, a seed for each image."""
    content = json.loads((files("latentgraph.workflows") / f"{workflow}.json").read_text("utf-8"))
    nodes = content["nodes"]
    nodes["scheduler"]["inputs"]["options"] = SCHEDULERS[case.scheduler][1]
    nodes["random"] = {"type": "random_states", "inputs": {"seeds": list(case.seeds)}}
    if "picture" in nodes and len(case.seeds) > 1:
        nodes["noise"]["inputs"]["images_per_prompt"] = 1  # The picture is encoded for each of them.
    if case.levels == "sigmas":
        nodes["schedule"]["inputs"]["sigmas"] = list(SIGMAS)
    return parse_document(json.dumps(content).encode(), f"{workflow}.json")


def given(case: Case, folder: Path) -> dict[str, Any]:
    """The values for the workflow's inputs."""
    values = {**arguments(case), "model": str(folder), "use_t5": case.use_t5}
    return {**values, "scheduler": SCHEDULERS[case.scheduler][0]}
