"""Every argument of StableDiffusionPipeline, in pairs, gives bit for bit what the pipeline gives."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.nodes import parity_matrix
from tests.nodes.parity_matrix import Call, all_calls, all_pairs, pairs_in, sampled_calls

from latentgraph.graph.run import Engine

# Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")


@pytest.mark.parametrize("call", sampled_calls(), ids=str)
def test_arguments_give_the_picture_of_the_pipeline(
    call: Call, engine: Engine, tiny_folder: Path, tmp_path: Path
) -> None:
    _hold_against_pipeline(call, engine, tiny_folder, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("call", all_calls(), ids=str)
def test_arguments_give_the_picture_of_the_pipeline_in_every_pair(
    call: Call, engine: Engine, tiny_folder: Path, tmp_path: Path
) -> None:
    _hold_against_pipeline(call, engine, tiny_folder, tmp_path)


def test_every_two_choices_meet_somewhere() -> None:
    calls = all_calls()
    assert len(calls) == len(set(calls)) >= 300
    assert all_pairs() <= {pair for call in calls for pair in pairs_in(call)}


def _hold_against_pipeline(call: Call, engine: Engine, model: Path, folder: Path) -> None:
    wanted = parity_matrix.expected(call, model, folder)
    given = parity_matrix.inputs(call, model, folder)
    values = engine.run(parity_matrix.document(call), given, settings={"device": "cpu"}).result().values
    assert wanted.latents.isfinite().all()
    assert wanted.image.std() > 0
    assert torch.equal(values["latents"].samples, wanted.latents)
    assert torch.equal(values["decoded"].samples, wanted.image)
