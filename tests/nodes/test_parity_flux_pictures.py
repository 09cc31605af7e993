"""Flux that begins with a picture gives bit for bit the latents and pictures of diffusers' pipelines."""

from __future__ import annotations

import random
from pathlib import Path

import diffusers
import pytest
import torch
from tests.nodes.parity_flux import SCHEDULERS
from tests.nodes.parity_flux_pictures import WORKFLOWS, Case, arguments, cases, document, drawn, run_pipeline
from tests.nodes.tiny_flux import build_tiny_flux

from latentgraph.graph.run import Engine
from latentgraph.nodes.flux_patches import packed

pytestmark = pytest.mark.filterwarnings("ignore:.*are no whole patches")
EVERY = [case for workflow in WORKFLOWS for case in cases(workflow)]
SAMPLE = [case for workflow in WORKFLOWS for case in random.Random(0).sample(cases(workflow), 5)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """`dev`, and by True `schnell`."""
    made = {schnell: tmp_path_factory.mktemp("models") / str(schnell) for schnell in (False, True)}
    for schnell, folder in made.items():
        build_tiny_flux(folder, guided=not schnell)
    return made


def hold(case: Case, engine: Engine, folder: Path, tmp_path: Path) -> None:
    given = drawn(case, tmp_path)
    latents, images = run_pipeline(case, folder, given)
    given |= {**arguments(case), "model": str(folder)}
    values = engine.run(document(case), given, settings={"device": "cpu"}).result().values
    assert images.std() > 0
    assert torch.equal(packed(values["latents"].samples), latents)
    assert torch.equal(values["image"].samples, images)


@pytest.mark.parametrize("case", SAMPLE, ids=str)
def test_the_workflow_gives_latents_and_picture_of_the_pipeline(
    case: Case, engine: Engine, folders: dict[bool, Path], tmp_path: Path
) -> None:
    hold(case, engine, folders[case.schnell], tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", EVERY, ids=str)
def test_the_workflow_gives_latents_and_picture_of_the_pipeline_in_every_case(
    case: Case, engine: Engine, folders: dict[bool, Path], tmp_path: Path
) -> None:
    hold(case, engine, folders[case.schnell], tmp_path)


def test_without_a_size_the_picture_keeps_its_own_in_whole_patches(
    engine: Engine, folders: dict[bool, Path], tmp_path: Path
) -> None:
    case = Case("flux_image_to_image")
    given = {**arguments(case), **drawn(case, tmp_path), "model": str(folders[False]), "height": None, "width": None}
    made = engine.run(document(case), given, settings={"device": "cpu"}).result().values["image"]
    assert made.samples.shape == (1, 3, 68, 56)


def test_no_other_class_of_scheduler_can_mix_a_picture_with_noise() -> None:
    # Why the cases above have FlowMatchEulerDiscreteScheduler alone: the pipelines ask for what no other has.
    others = [name for name, _ in SCHEDULERS.values() if name]
    assert not any(hasattr(getattr(diffusers, name), "scale_noise") for name in others)
