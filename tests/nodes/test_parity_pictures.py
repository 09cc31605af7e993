"""Image to image gives bit for bit the pictures of diffusers' StableDiffusionImg2ImgPipeline."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from tests.nodes.parity_pictures import PictureCase, all_cases, document, draw_picture, expected, given, sampled_cases

from latentgraph.graph.run import Engine

pytestmark = [
    # Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
    pytest.mark.filterwarnings("ignore:__array:DeprecationWarning"),
    # One picture for several images is what num_images_per_prompt means.
    pytest.mark.filterwarnings("ignore:You have passed:FutureWarning"),
]


@pytest.mark.parametrize("case", sampled_cases(), ids=str)
def test_image_to_image_gives_the_picture_of_the_pipeline(
    case: PictureCase, engine: Engine, tiny_folder: Path, shapes_folder: Path, tmp_path: Path
) -> None:
    _hold_against_pipeline(case, engine, tiny_folder if case.model == "tiny" else shapes_folder, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_image_to_image_gives_the_picture_of_the_pipeline_in_every_case(
    case: PictureCase, engine: Engine, tiny_folder: Path, shapes_folder: Path, tmp_path: Path
) -> None:
    _hold_against_pipeline(case, engine, tiny_folder if case.model == "tiny" else shapes_folder, tmp_path)


def test_every_three_choices_meet_with_each_scheduler() -> None:
    cases = all_cases()
    choices = ("model", "guidance_scale", "negative_prompt", "batch", "strength", "size")
    assert len(cases) == len(set(cases)) == 176
    for three in itertools.combinations(choices, 3):
        assert len({(case.scheduler, *(getattr(case, name) for name in three)) for case in cases}) == 11 * 8


def _hold_against_pipeline(case: PictureCase, engine: Engine, folder: Path, temporary: Path) -> None:
    picture = draw_picture(temporary, case.size)
    wanted = expected(case, folder, picture)
    run = engine.run(
        document("image_to_image", case.scheduler), given(case, folder, picture), settings={"device": "cpu"}
    )
    made = run.result().values["decoded"].samples
    assert wanted.std() > 0
    assert made.dtype == torch.float32
    assert torch.equal(made, wanted)
