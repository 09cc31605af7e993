"""Inpainting with Stable Diffusion XL gives the pictures of diffusers' pipeline, bit for bit, with 4 and 9 channels."""

from __future__ import annotations

import itertools
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.nodes.parity_cases import SCHEDULERS
from tests.nodes.parity_families import document
from tests.nodes.parity_inpaint import draw_pair
from tests.nodes.parity_sdxl_inpaint import (
    CHOICES,
    WORKFLOWS,
    InpaintCase,
    arguments,
    build_models,
    pairwise_cases,
    run_pipeline,
    sampled_cases,
    sizes,
)

from latentgraph.graph.document import Document, parse_document
from latentgraph.graph.run import Engine
from latentgraph.nodes.pixels import to_pil

# Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tiny models."""
    folder = tmp_path_factory.mktemp("sdxl")
    build_models(folder)
    return folder


def run(engine: Engine, workflow: Document, case: InpaintCase, models: Path, pair: tuple[Path, Path]) -> Any:
    """The outputs of a workflow."""
    values = {
        "model": str(models / str(case.channels)),
        "image": str(pair[0]),
        "mask_image": str(pair[1]),
        "blur_factor": case.blur_factor,
        "scheduler": SCHEDULERS[case.scheduler][0],
        "seed": 3,
    }
    return engine.run(workflow, {**arguments(case), **values}, settings={"device": "cpu"}).result().values


def hold(case: InpaintCase, engine: Engine, models: Path, temporary: Path) -> None:
    """Ours is theirs, bit for bit."""
    pair = draw_pair(temporary)
    pictures, latents = run_pipeline(case, models, *pair)
    told = "guidance" if case.channels == 4 else "sizes"
    options = {told: sizes(case), "scheduler": {"options": SCHEDULERS[case.scheduler][1]}}
    made = run(engine, document(WORKFLOWS[case.channels], options), case, models, pair)
    assert latents.std() > 0
    assert torch.equal(made["latents"].samples, latents)
    assert [to_pil(one).tobytes() for one in made["image"].samples] == [one.tobytes() for one in pictures]


@pytest.mark.parametrize("case", sampled_cases(), ids=str)
def test_inpainting_gives_the_picture_of_the_pipeline(
    case: InpaintCase, engine: Engine, models: Path, tmp_path: Path
) -> None:
    hold(case, engine, models, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", pairwise_cases(), ids=str)
def test_inpainting_gives_the_picture_of_the_pipeline_in_every_case(
    case: InpaintCase, engine: Engine, models: Path, tmp_path: Path
) -> None:
    hold(case, engine, models, tmp_path)


def test_every_two_choices_meet_with_each_scheduler() -> None:
    names = list(InpaintCase.__dataclass_fields__)[1:]
    for (a, first), (b, second) in itertools.combinations(zip(names, CHOICES, strict=True), 2):
        met = {(case.scheduler, getattr(case, a), getattr(case, b)) for case in pairwise_cases()}
        assert len(met) == len(SCHEDULERS) * len(first) * len(second)


@pytest.mark.parametrize(("channels", "strength"), [(4, 0.9999), (9, 0.55)])
def test_each_image_with_a_seed_of_its_own_is_that_of_the_pipeline(
    channels: int, strength: float, engine: Engine, models: Path, tmp_path: Path
) -> None:
    case, pair = InpaintCase("Euler ancestral", channels, strength, batch=2), draw_pair(tmp_path)
    seeds = [torch.Generator("cpu").manual_seed(seed) for seed in (3, 8)]
    _, latents = run_pipeline(case, models, *pair, generator=seeds)
    name = WORKFLOWS[channels]
    content = json.loads((files("latentgraph.workflows") / f"{name}.json").read_text("utf-8"))
    content["nodes"]["random"] = {"type": "random_states", "inputs": {"seeds": [3, 8]}}
    made = run(engine, parse_document(json.dumps(content).encode(), f"{name}.json"), case, models, pair)
    assert torch.equal(made["latents"].samples, latents)
