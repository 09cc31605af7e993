"""The workflows of Stable Diffusion 2 and XL give bit for bit the pictures of diffusers' pipelines."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.nodes import parity_cases
from tests.nodes.parity_families import (
    NEGATIVE,
    Case,
    arguments,
    document,
    loaded_pipeline,
    pairwise_cases,
    run_pipeline,
    scheduler_of,
    sizes,
)
from tests.nodes.tiny_families import build_tiny_sd2, build_tiny_sdxl

from latentgraph.graph.run import Engine

# Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
SCHEDULERS = parity_cases.SCHEDULERS


@pytest.fixture(scope="module")
def sd2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "sd2"
    build_tiny_sd2(folder)
    return folder


@pytest.fixture(scope="module")
def sdxl_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "sdxl"
    build_tiny_sdxl(folder)
    return folder


@pytest.fixture(scope="module")
def refiner_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "refiner"
    build_tiny_sdxl(folder, seed=1, refiner=True)
    return folder


def run(engine: Engine, workflow: str, case: Case, options: dict[str, Any], **given: Any) -> Any:
    """The outputs of a shipped workflow."""
    class_name, more, _ = SCHEDULERS[case.scheduler]
    for node in given.pop("schedulers", ["scheduler"]):
        options = {node: {"options": more}, **options}
    values = {**arguments(case), "scheduler": class_name, "seed": 3, **given}
    return engine.run(document(workflow, options), values, settings={"device": "cpu"}).result().values


def sampled(cases: list[Case], count: int, seed: int = 1) -> list[Case]:
    """A few, drawn by lot once and for all."""
    return random.Random(seed).sample(cases, count)


@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name in ("PNDM", "DDIM eta 0.7", "DPM++ 2M Karras")
                         else pytest.mark.exhaustive) for name in SCHEDULERS])  # fmt: skip
@pytest.mark.parametrize("guidance_scale", [7.5, pytest.param(1.0, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("batch", [2, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_text_to_image_gives_the_picture_of_stable_diffusion_2_which_predicts_velocity(
    name: str, guidance_scale: float, batch: int, engine: Engine, sd2_folder: Path
) -> None:
    case = Case(name, negative_prompt=NEGATIVE, guidance_scale=guidance_scale, batch=batch)
    class_name, options, _ = SCHEDULERS[name]
    pipeline = loaded_pipeline(sd2_folder)
    own = pipeline.scheduler
    same = {key: value for key, value in arguments(case).items() if not key.endswith("_2")}
    same = {key: value for key, value in same.items() if key not in ("clip_skip", "guidance_rescale")}
    try:
        pipeline.scheduler = scheduler_of(name, own)
        wanted = pipeline(**same, generator=torch.Generator("cpu").manual_seed(3), output_type="pt").images
    finally:
        pipeline.scheduler = own
    given = {**same, "model": str(sd2_folder), "scheduler": class_name, "seed": 3}
    values = engine.run(document("text_to_image", {"scheduler": {"options": options}}), given,
                        settings={"device": "cpu"}).result().values  # fmt: skip
    assert wanted.std() > 0
    assert torch.equal(values["image"].samples, wanted)


def hold_sdxl(case: Case, engine: Engine, folder: Path) -> None:
    wanted = run_pipeline(case, folder)
    values = run(engine, "sdxl_text_to_image", case, {"guidance": sizes(case)}, model=str(folder))
    assert wanted.std() > 0
    assert torch.equal(values["image"].samples, wanted)


@pytest.mark.parametrize("case", sampled(pairwise_cases(), 12), ids=str)
def test_sdxl_text_to_image_gives_the_picture_of_the_pipeline(case: Case, engine: Engine, sdxl_folder: Path) -> None:
    hold_sdxl(case, engine, sdxl_folder)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", pairwise_cases(), ids=str)
def test_sdxl_text_to_image_gives_the_picture_of_the_pipeline_in_every_case(
    case: Case, engine: Engine, sdxl_folder: Path
) -> None:
    hold_sdxl(case, engine, sdxl_folder)


HANDOVERS = [
    Case("Euler", negative_prompt=NEGATIVE, batch=2),
    Case("Heun", clip_skip=1, size=(48, 80)),
    Case("DPM++ 2M Karras", negative_prompt=NEGATIVE, guidance_rescale=0.7),
    Case("PNDM", prompt_2="a cat", batch=2, guidance_scale=1.0),
    Case("SDE-DPM++", negative_prompt_2="a star"),
    Case("Euler ancestral", prompt_2="a cat", negative_prompt=""),
    Case("DDIM eta 0.7", negative_prompt=NEGATIVE, negative_prompt_2="a star", batch=2),
    Case("UniPC", clip_skip=1, guidance_rescale=0.7),
]


@pytest.mark.parametrize("case", [one if n < 4 else pytest.param(one, marks=pytest.mark.exhaustive)
                                  for n, one in enumerate(HANDOVERS)], ids=str)  # fmt: skip
@pytest.mark.parametrize("handover", [0.8, pytest.param(0.5, marks=pytest.mark.exhaustive)])
def test_base_and_refiner_give_the_picture_of_the_two_pipelines_in_turn(
    case: Case, handover: float, engine: Engine, sdxl_folder: Path, refiner_folder: Path
) -> None:
    generator = torch.Generator("cpu").manual_seed(3)
    steps = {"num_inference_steps": 10}
    latents = run_pipeline(
        case, sdxl_folder, denoising_end=handover, generator=generator, output_type="latent", **steps
    )
    wanted = run_refiner(case, refiner_folder, latents, denoising_start=handover, generator=generator, **steps)
    values = run(engine, "sdxl_base_and_refiner", case, {}, schedulers=["scheduler", "refiner_scheduler"],
                 model=str(sdxl_folder), refiner=str(refiner_folder), handover=handover, **steps)  # fmt: skip
    assert wanted.std() > 0
    assert torch.equal(values["image"].samples, wanted)


def run_refiner(case: Case, folder: Path, image: Any, **more: Any) -> Any:
    """The pictures of the refiner's own pipeline; height and width follow from the latents."""
    pipeline = loaded_pipeline(folder)
    own = pipeline.scheduler
    given = {key: value for key, value in arguments(case).items() if key not in ("height", "width")}
    # The workflow gives the refiner the first prompts: it has the second encoder alone, which reads those.
    try:
        pipeline.scheduler = scheduler_of(case.scheduler, own)
        return pipeline(**{**given, "image": image, "output_type": "pt", **more}).images
    finally:
        pipeline.scheduler = own
