"""What is held against diffusers' pipeline, and what diffusers' own pipeline makes of it."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from latentgraph.graph.document import Document, parse_document

SCHEDULERS: Mapping[str, tuple[str, dict[str, Any], float]] = {
    "PNDM": ("PNDMScheduler", {}, 0.0),
    "DDIM": ("DDIMScheduler", {}, 0.0),
    "DDIM eta 0.7": ("DDIMScheduler", {}, 0.7),
    "Euler": ("EulerDiscreteScheduler", {}, 0.0),
    "Euler ancestral": ("EulerAncestralDiscreteScheduler", {}, 0.0),
    "LMS": ("LMSDiscreteScheduler", {}, 0.0),
    "Heun": ("HeunDiscreteScheduler", {}, 0.0),
    "DPM++ 2M Karras": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}, 0.0),
    "SDE-DPM++": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}, 0.0),
    "UniPC": ("UniPCMultistepScheduler", {}, 0.0),
    "LCM": ("LCMScheduler", {}, 0.0),
}
"""By what they are called: class, further options, eta."""
PROMPT = "a green star on a white background"
STEPS = 6
"""Enough for the multistep schedulers to reach their full order."""


@dataclass(frozen=True)
class Case:
    """One call of the pipeline, and the workflow that should do the same."""

    scheduler: str
    model: str
    guidance_scale: float
    negative_prompt: str | None
    batch: int
    size: tuple[int, int] | None
    workflow: str
    seed: int = field(default=3)

    def __str__(self) -> str:
        size = "x".join(map(str, self.size)) if self.size else "own size"
        negative = "negative" if self.negative_prompt else "no negative"
        return (
            f"{self.scheduler}, {self.model}, guidance {self.guidance_scale:g}, {negative}, "
            f"batch {self.batch}, {size}, {self.workflow}"
        )


def all_cases() -> list[Case]:
    """176 cases: with each scheduler every three of the other choices meet in every combination.

    Four choices are combined in full and two follow from them (a fractional factorial design, 2^(6-2), resolution IV).
    """
    cases = []
    for scheduler in SCHEDULERS:
        for a, b, c, d in itertools.product((0, 1), repeat=4):
            e, f = a ^ b ^ c, b ^ c ^ d
            cases.append(
                Case(
                    scheduler,
                    model=("tiny", "shapes")[a],
                    guidance_scale=(7.5, 1.0)[b],
                    negative_prompt=(None, "a blue circle")[c],
                    batch=(1, 3)[d],
                    size=(None, (48, 80))[e],
                    workflow=("text_to_image", "text_to_image_open_step")[f],
                )
            )
    return cases


def sampled_cases(count: int = 25, seed: int = 0) -> list[Case]:
    """Two cases with each scheduler, drawn by lot once and for all, and some more."""
    lot = random.Random(seed)
    cases = all_cases()
    lot.shuffle(cases)
    first = [[case for case in cases if case.scheduler == name][:2] for name in SCHEDULERS]
    chosen = list(itertools.chain.from_iterable(first))
    return chosen + [case for case in cases if case not in chosen][: count - len(chosen)]


@dataclass(frozen=True)
class Expected:
    """What diffusers' pipeline gives; images are float (B, 3, H, W) in [0, 1]."""

    image: Any
    decoded: Any
    """Before the safety checker made flagged images black: two black images are equal whatever they were."""
    flags: list[bool]


def expected(case: Case, folder: Path) -> Expected:
    """Call diffusers' own pipeline."""
    import diffusers
    import torch

    class_name, options, eta = SCHEDULERS[case.scheduler]
    pipeline = _pipeline(folder)
    own = pipeline.scheduler
    decoded: list[Any] = []
    hook = pipeline.safety_checker.register_forward_pre_hook(
        lambda module, args, kwargs: decoded.append((kwargs["images"] * 0.5 + 0.5).clamp(0, 1)), with_kwargs=True
    )
    height, width = case.size or (None, None)
    try:
        pipeline.scheduler = getattr(diffusers, class_name).from_config(own.config, **options)
        made = pipeline(
            PROMPT,
            negative_prompt=case.negative_prompt,
            height=height,
            width=width,
            num_inference_steps=STEPS,
            guidance_scale=case.guidance_scale,
            num_images_per_prompt=case.batch,
            eta=eta,
            generator=torch.Generator("cpu").manual_seed(case.seed),
            output_type="pt",
        )
    finally:
        pipeline.scheduler = own
        hook.remove()
    return Expected(made.images, decoded[0], made.nsfw_content_detected)


@cache
def _pipeline(folder: Path) -> Any:
    import diffusers

    library: Any = diffusers  # Untyped.
    pipeline = library.StableDiffusionPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def document(case: Case) -> Document:
    """The shipped workflow, with the scheduler's further options and one more output written in."""
    _, options, _ = SCHEDULERS[case.scheduler]
    content = json.loads((files("latentgraph.workflows") / f"{case.workflow}.json").read_text("utf-8"))
    content["outputs"]["decoded"] = {"from": "decoded.image"}
    if options:
        content["nodes"]["scheduler"]["inputs"]["options"] = options
    return parse_document(json.dumps(content).encode(), f"{case.workflow}.json")


def given(case: Case, folder: Path) -> dict[str, Any]:
    """The values for the workflow's inputs."""
    class_name, _, eta = SCHEDULERS[case.scheduler]
    height, width = case.size or (None, None)
    return {
        "model": "builtin:shapes" if case.model == "shapes" else str(folder),
        "prompt": PROMPT,
        "negative_prompt": case.negative_prompt or "",
        "height": height,
        "width": width,
        "num_inference_steps": STEPS,
        "guidance_scale": case.guidance_scale,
        "num_images_per_prompt": case.batch,
        "scheduler": class_name,
        "eta": eta,
        "seed": case.seed,
    }
