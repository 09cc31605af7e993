"""Pictures to start from, held against diffusers' image-to-image pipeline, and what that makes of them."""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from tests.nodes.parity_cases import PROMPT, SCHEDULERS, STEPS

from latentgraph.graph.document import Document, parse_document


@dataclass(frozen=True)
class PictureCase:
    """One call of the image-to-image pipeline."""

    scheduler: str
    model: str
    guidance_scale: float
    negative_prompt: str | None
    batch: int
    strength: float
    size: tuple[int, int]
    seed: int = 5

    def __str__(self) -> str:
        return (
            f"{self.scheduler}, {self.model}, guidance {self.guidance_scale:g}, negative {self.negative_prompt}, "
            f"batch {self.batch}, strength {self.strength:g}, {self.size[0]}x{self.size[1]}"
        )


def all_cases() -> list[PictureCase]:
    """176 cases: with each scheduler every three of the six other choices meet in every combination."""
    cases = []
    for scheduler in SCHEDULERS:
        for a, b, c, d in itertools.product((0, 1), repeat=4):
            e, f = a ^ b ^ c, b ^ c ^ d
            cases.append(
                PictureCase(
                    scheduler,
                    model=("tiny", "shapes")[a],
                    guidance_scale=(7.5, 1.0)[b],
                    negative_prompt=(None, "a blue circle")[c],
                    batch=(1, 2)[d],
                    strength=(0.55, 1.0)[e],
                    size=((64, 64), (50, 67))[f],
                )
            )
    return cases


def sampled_cases(seed: int = 0) -> list[PictureCase]:
    """One case with each scheduler, drawn by lot once and for all."""
    lot = random.Random(seed)
    cases = all_cases()
    lot.shuffle(cases)
    return [next(case for case in cases if case.scheduler == name) for name in SCHEDULERS]


def draw_picture(folder: Path, size: tuple[int, int], name: str = "picture") -> Path:
    """Random soft blots of colour in a PNG of (height, width) pixels."""
    import PIL.Image
    import torch

    rough = torch.rand((1, 3, 9, 9), generator=torch.Generator().manual_seed(size[0]))
    soft = torch.nn.functional.interpolate(rough, size, mode="bicubic").clamp(0, 1)[0].permute(1, 2, 0)
    path = folder / f"{name}-{size[0]}-{size[1]}.png"
    PIL.Image.fromarray((soft.numpy() * 255).round().astype("uint8")).save(path)
    return path


@cache
def pipeline(class_name: str, folder: Path) -> Any:
    """A pipeline of diffusers with the components in `folder`."""
    import diffusers

    made = getattr(diffusers, class_name).from_pretrained(folder)
    made.set_progress_bar_config(disable=True)
    return made


def called(pipeline: Any, scheduler: str, seed: int, **arguments: Any) -> tuple[Any, Any]:
    """What the pipeline gives, and what it decodes before its safety checker looks, float (B, 3, H, W) in [0, 1]."""
    import diffusers
    import torch

    class_name, options, eta = SCHEDULERS[scheduler]
    own = pipeline.scheduler
    decoded: list[Any] = []
    hook = pipeline.safety_checker.register_forward_pre_hook(
        lambda module, args, kwargs: decoded.append((kwargs["images"] * 0.5 + 0.5).clamp(0, 1)), with_kwargs=True
    )
    try:
        pipeline.scheduler = getattr(diffusers, class_name).from_config(own.config, **options)
        made = pipeline(
            PROMPT,
            num_inference_steps=STEPS,
            eta=eta,
            generator=torch.Generator("cpu").manual_seed(seed),
            **{"output_type": "pt"} | arguments,
        )
    finally:
        pipeline.scheduler = own
        hook.remove()
    return made.images, decoded[0]


def expected(case: PictureCase, folder: Path, picture: Path) -> Any:
    """Call diffusers' own pipeline."""
    import PIL.Image

    _, decoded = called(
        pipeline("StableDiffusionImg2ImgPipeline", folder),
        case.scheduler,
        case.seed,
        image=PIL.Image.open(picture),
        strength=case.strength,
        negative_prompt=case.negative_prompt,
        guidance_scale=case.guidance_scale,
        num_images_per_prompt=case.batch,
    )
    return decoded


def document(name: str, scheduler: str) -> Document:
    """A shipped workflow, with the scheduler's further options and one more output written in."""
    _, options, _ = SCHEDULERS[scheduler]
    content = json.loads((files("latentgraph.workflows") / f"{name}.json").read_text("utf-8"))
    content["outputs"]["decoded"] = {"from": "decoded.image"}
    if options:
        content["nodes"]["scheduler"]["inputs"]["options"] = options
    return parse_document(json.dumps(content).encode(), f"{name}.json")


def given(case: PictureCase, folder: Path, picture: Path) -> dict[str, Any]:
    """The values for the workflow's inputs."""
    class_name, _, eta = SCHEDULERS[case.scheduler]
    return {
        "model": "builtin:shapes" if case.model == "shapes" else str(folder),
        "prompt": PROMPT,
        "negative_prompt": case.negative_prompt or "",
        "image": str(picture),
        "strength": case.strength,
        "num_inference_steps": STEPS,
        "guidance_scale": case.guidance_scale,
        "num_images_per_prompt": case.batch,
        "scheduler": class_name,
        "eta": eta,
        "seed": case.seed,
    }
