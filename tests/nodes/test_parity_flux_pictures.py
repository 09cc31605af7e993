"""Image to image with Flux gives bit for bit the latents and pictures of FluxImg2ImgPipeline."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import diffusers
import PIL.Image
import pytest
import torch
from tests.nodes.parity_cases import PROMPT
from tests.nodes.parity_families import NEGATIVE, pairwise
from tests.nodes.parity_flux import SCHEDULERS
from tests.nodes.parity_pictures import draw_picture, pipeline
from tests.nodes.tiny_flux import build_tiny_flux

from latentgraph.graph.document import Document, parse_document
from latentgraph.graph.run import Engine
from latentgraph.nodes.flux_patches import packed
from latentgraph.nodes.random_state import generator_at, start_random_states

pytestmark = pytest.mark.filterwarnings("ignore:.*are no whole patches")


@dataclass(frozen=True)
class Case:
    """A call of FluxImg2ImgPipeline."""

    scheduler: str = "own"
    schnell: bool = False
    strength: float = 0.6
    picture: tuple[int, int] = (64, 64)
    size: tuple[int, int] | None = None
    negative_prompt: str | None = None
    true_cfg_scale: float = 1.0
    guidance_scale: float = 7.0
    steps: int = 4
    batch: int = 1
    a_seed_each: bool = False
    prompt_2: str | None = None

    def __str__(self) -> str:
        told = [
            f"{one.name} {getattr(self, one.name)}" for one in fields(self) if getattr(self, one.name) != one.default
        ]
        return ", ".join(told) or "defaults"


CHOICES: tuple[tuple[Any, ...], ...] = (
    ("own", "linear shift", "Karras"),
    (False, True),
    (0.6, 1.0, 0.37, 0.1),
    ((64, 64), (50, 67)),
    (None, (48, 80), (61, 47)),
    (None, NEGATIVE),
    (1.0, 3.0),
    (7.0, 0.0),
    (4, 1, 7),
    (1, 2, 3),
    (False, True),
    (None, "a cat"),
)
EVERY = [Case(*row) for seed in range(4) for row in pairwise(CHOICES, random.Random(seed))]
"""Every two choices of two arguments meet at least four times."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """`dev`, and by True `schnell`."""
    made = {schnell: tmp_path_factory.mktemp("models") / str(schnell) for schnell in (False, True)}
    for schnell, folder in made.items():
        build_tiny_flux(folder, guided=not schnell)
    return made


def arguments(case: Case) -> dict[str, Any]:
    """Of the workflow, and under the same names of the pipeline."""
    height, width = case.size or case.picture
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


def run_pipeline(case: Case, folder: Path, picture: Path, output_type: str) -> Any:
    """The pictures or latents of diffusers' own pipeline."""
    live, (_, options) = pipeline("FluxImg2ImgPipeline", folder), SCHEDULERS[case.scheduler]
    own = live.scheduler
    generator = generator_at(start_random_states(seeds(case)))
    try:
        live.scheduler = type(own).from_config(own.config, **options)
        with PIL.Image.open(picture) as image:
            return live(**arguments(case), image=image, generator=generator, output_type=output_type).images
    finally:
        live.scheduler = own


def document(case: Case) -> Document:
    """The shipped workflow with what it has no inputs for."""
    content = json.loads((files("latentgraph.workflows") / "flux_image_to_image.json").read_text("utf-8"))
    content["nodes"]["scheduler"]["inputs"]["options"] = SCHEDULERS[case.scheduler][1]
    content["nodes"]["random"] = {"type": "random_states", "inputs": {"seeds": seeds(case)}}
    return parse_document(json.dumps(content).encode(), "flux_image_to_image.json")


def hold(case: Case, engine: Engine, folder: Path, tmp_path: Path) -> None:
    picture = draw_picture(tmp_path, case.picture)
    latents, images = (run_pipeline(case, folder, picture, kind) for kind in ("latent", "pt"))
    given = {**arguments(case), "model": str(folder), "image": str(picture)}
    if case.size is None:
        del given["height"], given["width"]
    values = engine.run(document(case), given, settings={"device": "cpu"}).result().values
    assert images.std() > 0
    assert torch.equal(packed(values["latents"].samples), latents)
    assert torch.equal(values["image"].samples, images)


@pytest.mark.parametrize("case", random.Random(0).sample(EVERY, 6), ids=str)
def test_image_to_image_gives_latents_and_picture_of_the_pipeline(
    case: Case, engine: Engine, folders: dict[bool, Path], tmp_path: Path
) -> None:
    hold(case, engine, folders[case.schnell], tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", EVERY, ids=str)
def test_image_to_image_gives_latents_and_picture_of_the_pipeline_in_every_case(
    case: Case, engine: Engine, folders: dict[bool, Path], tmp_path: Path
) -> None:
    hold(case, engine, folders[case.schnell], tmp_path)


def test_no_other_class_of_scheduler_can_mix_a_picture_with_noise() -> None:
    # Why the cases above have FlowMatchEulerDiscreteScheduler alone: the pipeline asks for what no other has.
    others = [name for name, _ in SCHEDULERS.values() if name]
    assert not any(hasattr(getattr(diffusers, name), "scale_noise") for name in others)
