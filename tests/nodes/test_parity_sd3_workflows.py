"""The workflows of Stable Diffusion 3 give bit for bit the pictures of diffusers' pipelines."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from tests.nodes.parity_sd3 import (
    Case,
    document,
    given,
    pairwise_cases,
    run_pipeline,
    sampled_cases,
)
from tests.nodes.test_workflows import shipped
from tests.nodes.tiny_sd3 import build_tiny_sd3

from latentgraph.graph.run import Engine

# Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "sd3"
    build_tiny_sd3(folder)
    return folder


def run(engine: Engine, workflow: str, case: Case, folder: Path, **more: Any) -> Any:
    """The outputs of a shipped workflow."""
    values = {**given(case, folder), **more}
    return engine.run(document(workflow, case), values, settings={"device": "cpu"}).result().values


def hold(made: Any, wanted: tuple[Any, Any]) -> None:
    """Ours is theirs, bit for bit."""
    images, latents = wanted
    assert images.std() > 0
    assert torch.equal(made["latents"].samples, latents)
    assert torch.equal(made["image"].samples, images)


@pytest.mark.parametrize("case", sampled_cases(), ids=str)
def test_text_to_image_gives_the_picture_of_the_pipeline(case: Case, engine: Engine, model: Path) -> None:
    hold(run(engine, "sd3_text_to_image", case, model), run_pipeline(case, model))


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", pairwise_cases(), ids=str)
def test_text_to_image_gives_the_picture_of_the_pipeline_in_every_case(case: Case, engine: Engine, model: Path) -> None:
    hold(run(engine, "sd3_text_to_image", case, model), run_pipeline(case, model))


def test_a_model_without_t5_goes_as_in_the_pipeline(engine: Engine, tmp_path: Path) -> None:
    build_tiny_sd3(tmp_path / "m", t5=False)
    case = Case("own", prompt_3="a cat", negative_prompt="a star", max_sequence_length=9)
    # diffusers loads such a folder only when it is told that there is no third encoder.
    wanted = run_pipeline(replace(case, use_t5=False), tmp_path / "m")
    hold(run(engine, "sd3_text_to_image", case, tmp_path / "m"), wanted)


def test_a_model_as_3_5_medium_is_built_gives_the_picture_of_the_pipeline(engine: Engine, tmp_path: Path) -> None:
    """With a second attention in some of its blocks, normalised queries and keys, and latents of 16 channels."""
    build_tiny_sd3(
        tmp_path / "m", dual_attention_layers=(0,), qk_norm="rms_norm", in_channels=16, out_channels=16, num_layers=3
    )
    case = Case("own", negative_prompt="a star", batch=2)
    hold(run(engine, "sd3_text_to_image", case, tmp_path / "m"), run_pipeline(case, tmp_path / "m"))


SKIPPED = [
    ({"skip_layer_guidance_stop": 0.9}, Case("own", negative_prompt="a star", batch=2)),
    ({"skip_layer_guidance_start": 0.5, "skip_layer_guidance_stop": 1.0}, Case("shifted by size", size=(48, 80))),
    ({"skip_layer_guidance_scale": 1.5, "skip_layer_guidance_stop": 0.6}, Case("Heun", clip_skip=1)),
    ({"skip_layer_guidance_stop": 0.9}, Case("own", guidance_scale=1.0)),
]


@pytest.mark.parametrize(("told", "case"), [one if n < 2 else pytest.param(*one, marks=pytest.mark.exhaustive)
                                            for n, one in enumerate(SKIPPED)], ids=str)  # fmt: skip
def test_skipped_layers_give_the_picture_of_the_pipeline(
    told: dict[str, Any], case: Case, engine: Engine, model: Path
) -> None:
    layers = document("sd3_skip_layers", case)
    layers.workflow.nodes["denoise"].nodes["skipped"].inputs["layers"] = [1]  # type: ignore[index]
    made = engine.run(layers, {**given(case, model), **told}, settings={"device": "cpu"}).result().values
    wanted = run_pipeline(case, model, skip_guidance_layers=[1], **told)
    hold(made, wanted)
    plain = run(engine, "sd3_text_to_image", case, model)["latents"].samples
    assert torch.equal(plain, wanted[1]) == (case.guidance_scale <= 1)


def test_layers_that_are_not_there_are_told(engine: Engine, model: Path) -> None:
    case = replace(Case("own"), max_sequence_length=8)
    with pytest.raises(Exception, match="there is no layer 7; the denoiser has layers 0 to 1"):
        run(engine, "sd3_skip_layers", case, model, skip_layer_guidance_stop=1.0)


@pytest.mark.parametrize("name", ["sd3_text_to_image", "sd3_skip_layers"])
def test_the_inputs_bear_the_names_of_the_pipeline(name: str) -> None:
    call = inspect.signature(diffusers.StableDiffusion3Pipeline.__call__).parameters
    inputs = shipped(name).workflow.inputs
    assert set(inputs) - set(call) == {"model", "use_t5", "scheduler", "seed"}
    for told in ("guidance_scale", "num_inference_steps", "max_sequence_length"):
        assert inputs[told].default == call[told].default
