"""Arguments of StableDiffusionPipeline, combined so that every two choices meet somewhere."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import diffusers
import torch
from safetensors.torch import save_file
from tests.nodes.parity_cases import SCHEDULERS

from latentgraph.graph.document import Document, parse_document

library: Any = diffusers
WORKFLOW = "text_to_image_every_argument"
LEAST_CASES = 300
TIMESTEPS = (981, 751, 501, 251, 1)
SIGMAS = (12.0, 5.0, 2.0, 0.7, 0.0)
CHOICES: Mapping[str, tuple[Any, ...]] = {
    "scheduler": tuple(SCHEDULERS),
    "prompts": (("a green star",), ("a green star", "a red circle on a white background")),
    "negative": (None, "one", "each"),
    "images": (1, 2),
    "size": (None, (48, 80), (64, 40)),
    "guidance": (7.5, 1.0, 2.0, 12.0),
    "rescale": (0.0, 0.7, 1.0),
    "clip_skip": (None, 0, 1, 2),
    "levels": ("steps 3", "steps 5", "timesteps", "sigmas"),
    "seeds": ("one", "each"),
    "latents": ("drawn", "given"),
    "embeddings": ("encoded", "given"),
}
"""What each argument may be."""
REFUSED = (("DPM++ 2M Karras", "timesteps"), ("UniPC", "sigmas"))
"""Levels that a scheduler has a parameter for and refuses with these options."""


@dataclass(frozen=True)
class Call:
    """One call of the pipeline."""

    scheduler: str
    prompts: tuple[str, ...]
    negative: str | None
    """No negative prompt, one for all prompts, or one for each."""
    images: int
    """For each prompt."""
    size: tuple[int, int] | None
    guidance: float
    rescale: float
    clip_skip: int | None
    levels: str
    seeds: str
    latents: str
    embeddings: str

    def __str__(self) -> str:
        return ", ".join(f"{one.name} {getattr(self, one.name)}" for one in fields(self))

    @property
    def batch(self) -> int:
        """Images made at once."""
        return len(self.prompts) * self.images

    @property
    def negatives(self) -> list[str]:
        """Negative prompts, one for each prompt."""
        each = {"each": ["a blue square", "a photo"], "one": ["a blue square"] * 2, None: ["", ""]}
        return each[self.negative][: len(self.prompts)]


def takes(scheduler: str, levels: str) -> bool:
    """Whether a scheduler takes timesteps or noise levels of one's own."""
    if levels.startswith("steps"):
        return True
    if (scheduler, levels) in REFUSED:
        return False
    return levels in library_parameters(SCHEDULERS[scheduler][0])


@cache
def library_parameters(class_name: str) -> frozenset[str]:
    """Of `set_timesteps`."""
    code = getattr(library, class_name).set_timesteps.__code__
    return frozenset(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])


def possible(call: Mapping[str, Any]) -> bool:
    """Whether the pipeline takes such a call; what is not chosen yet stands in nobody's way."""
    return "levels" not in call or "scheduler" not in call or takes(call["scheduler"], call["levels"])


def all_pairs() -> set[tuple[tuple[str, Any], tuple[str, Any]]]:
    """Every two choices that can meet."""
    return {
        ((one, a), (two, b))
        for one, two in itertools.combinations(CHOICES, 2)
        for a in CHOICES[one]
        for b in CHOICES[two]
        if possible({one: a, two: b})
    }


def pairs_in(call: Call) -> set[tuple[tuple[str, Any], tuple[str, Any]]]:
    """The choices that meet in a call."""
    return {((a, getattr(call, a)), (b, getattr(call, b))) for a, b in itertools.combinations(CHOICES, 2)}


@cache
def all_calls(seed: int = 0) -> tuple[Call, ...]:
    """At least 300 calls, of which the first ones hold every pair; each is the best of a few drawn by lot."""
    lot = random.Random(seed)
    calls: dict[Call, None] = {}
    missing = all_pairs()
    while missing or len(calls) < LEAST_CASES:
        start = dict(lot.choice(sorted(missing, key=repr))) if missing else {}
        drawn = [_drawn(start, lot) for _ in range(20)]
        best = max(drawn, key=lambda call: len(pairs_in(call) & missing))
        missing -= pairs_in(best)
        calls[best] = None
    return tuple(calls)


def _drawn(start: Mapping[str, Any], lot: random.Random) -> Call:
    while True:
        chosen = {name: lot.choice(choices) for name, choices in CHOICES.items()} | dict(start)
        if possible(chosen):
            return Call(**chosen)


def sampled_calls(count: int = 15) -> list[Call]:
    """The first ones, which hold most pairs."""
    return list(all_calls()[:count])


@dataclass(frozen=True)
class Expected:
    """What diffusers' pipeline makes."""

    latents: Any
    image: Any
    """Before the safety checker, float (B, 3, H, W) in [0, 1]."""


def expected(call: Call, folder: Path, given: Path) -> Expected:
    """Call diffusers' own pipeline, with `clip_skip` mended."""
    pipeline = _pipeline(folder)
    own = pipeline.scheduler
    class_name, options, eta = SCHEDULERS[call.scheduler]
    streams = [torch.Generator("cpu").manual_seed(one) for one in seeds_of(call)]
    height, width = call.size or (None, None)
    arguments: dict[str, Any] = {
        "height": height,
        "width": width,
        "guidance_scale": call.guidance,
        "guidance_rescale": call.rescale,
        "clip_skip": call.clip_skip,
        "num_images_per_prompt": call.images,
        "eta": eta,
        "generator": streams if call.seeds == "each" else streams[0],
        **_levels(call),
        **_texts(call, given),
    }
    if call.latents == "given":
        arguments["latents"] = given_latents(call)
    try:
        pipeline.scheduler = getattr(library, class_name).from_config(own.config, **options)
        latents = pipeline(**arguments, output_type="latent").images
    finally:
        pipeline.scheduler = own
    with torch.no_grad():
        colours = pipeline.vae.decode(latents / pipeline.vae.config.scaling_factor, return_dict=False)[0]
    return Expected(latents, (colours * 0.5 + 0.5).clamp(0, 1))


def _levels(call: Call) -> dict[str, Any]:
    if call.levels == "timesteps":
        return {"timesteps": list(TIMESTEPS)}
    if call.levels == "sigmas":
        return {"sigmas": list(SIGMAS)}
    return {"num_inference_steps": int(call.levels.split()[1])}


def _texts(call: Call, given: Path) -> dict[str, Any]:
    if call.embeddings == "given":
        return {"prompt_embeds": given_embeddings(call, 1), "negative_prompt_embeds": given_embeddings(call, 2)}
    # diffusers wants the negative prompts to be of the prompts' type.
    several = len(call.prompts) > 1
    return {
        "prompt": list(call.prompts) if several else call.prompts[0],
        "negative_prompt": None
        if call.negative is None
        else call.negatives
        if several
        else call.negatives[0],
    }  # fmt: skip


def seeds_of(call: Call) -> list[int]:
    """One, or one for each image."""
    return list(range(11, 11 + (call.batch if call.seeds == "each" else 1)))


def given_latents(call: Call) -> torch.Tensor:
    """Noise that is not drawn; of the tiny model's own size where none is asked for."""
    height, width = call.size or (64, 64)
    return torch.randn((call.batch, 4, height // 2, width // 2), generator=torch.Generator().manual_seed(5))


def given_embeddings(call: Call, seed: int) -> torch.Tensor:
    """Embeddings that no text stands behind."""
    return torch.randn((len(call.prompts), 77, 32), generator=torch.Generator().manual_seed(seed))


@cache
def _pipeline(folder: Path) -> Any:
    pipeline = library.StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    # diffusers 0.42.1 looks for the final norm where transformers had it before 5.6 (its issue 14124).
    pipeline.text_encoder.__dict__["text_model"] = SimpleNamespace(
        final_layer_norm=pipeline.text_encoder.final_layer_norm
    )
    return pipeline


def document(call: Call) -> Document:
    """The shipped workflow, with the scheduler's further options and one more output written in."""
    _, options, _ = SCHEDULERS[call.scheduler]
    content = json.loads((files("latentgraph.workflows") / f"{WORKFLOW}.json").read_text("utf-8"))
    content["outputs"]["decoded"] = {"from": "decoded.image"}
    if options:
        content["nodes"]["scheduler"]["inputs"]["options"] = options
    return parse_document(json.dumps(content).encode(), f"{WORKFLOW}.json")


def inputs(call: Call, model: Path, folder: Path) -> dict[str, Any]:
    """The values for the workflow's inputs; files that it is to read are written into `folder`."""
    class_name, _, eta = SCHEDULERS[call.scheduler]
    height, width = call.size or (None, None)
    values: dict[str, Any] = {
        "model": str(model),
        "prompt": "\n".join(call.prompts),
        "negative_prompt": "\n".join(call.negatives) if call.negative == "each" else call.negatives[0],
        "height": height,
        "width": width,
        "guidance_scale": call.guidance,
        "guidance_rescale": call.rescale,
        "clip_skip": call.clip_skip or 0,
        "num_images_per_prompt": call.images,
        "scheduler": class_name,
        "eta": eta,
        "seeds": ", ".join(map(str, seeds_of(call))),
    }
    values |= {name: str(one).strip("[]") if isinstance(one, list) else one for name, one in _levels(call).items()}
    if call.latents == "given":
        values["latents"] = _written(given_latents(call), folder / "latents.safetensors")
    if call.embeddings == "given":
        values["prompt_embeds"] = _written(given_embeddings(call, 1), folder / "positive.safetensors")
        values["negative_prompt_embeds"] = _written(given_embeddings(call, 2), folder / "negative.safetensors")
    return values


def _written(tensor: torch.Tensor, path: Path) -> str:
    save_file({"values": tensor}, path)
    return str(path)
