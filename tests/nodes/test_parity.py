"""The shipped workflows give bit for bit the pictures of diffusers' StableDiffusionPipeline."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from tests.nodes.parity_cases import Case, all_cases, document, expected, given, sampled_cases

from latentgraph.graph.run import Engine

# Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")


@pytest.mark.parametrize("case", sampled_cases(), ids=str)
def test_a_workflow_gives_the_picture_of_the_pipeline(
    case: Case, engine: Engine, tiny_folder: Path, shapes_folder: Path
) -> None:
    _hold_against_pipeline(case, engine, tiny_folder if case.model == "tiny" else shapes_folder)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_a_workflow_gives_the_picture_of_the_pipeline_in_every_case(
    case: Case, engine: Engine, tiny_folder: Path, shapes_folder: Path
) -> None:
    _hold_against_pipeline(case, engine, tiny_folder if case.model == "tiny" else shapes_folder)


def test_every_three_choices_meet_with_each_scheduler() -> None:
    cases = all_cases()
    choices = ("model", "guidance_scale", "negative_prompt", "batch", "size", "workflow")
    assert len(cases) == len(set(cases)) == 176
    for three in itertools.combinations(choices, 3):
        assert len({(case.scheduler, *(getattr(case, name) for name in three)) for case in cases}) == 11 * 8


def _hold_against_pipeline(case: Case, engine: Engine, folder: Path) -> None:
    wanted = expected(case, folder)
    values = engine.run(document(case), given(case, folder), settings={"device": "cpu"}).result().values
    assert wanted.decoded.std() > 0
    assert values["decoded"].samples.dtype == torch.float32
    assert torch.equal(values["decoded"].samples, wanted.decoded)
    assert torch.equal(values["image"].samples, wanted.image)
    assert values["flags"] == wanted.flags
