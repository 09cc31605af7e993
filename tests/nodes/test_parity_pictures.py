"""Image to image gives bit for bit the pictures of diffusers' StableDiffusionImg2ImgPipeline."""

from __future__ import annotations

import itertools
import json
from importlib.resources import files
from pathlib import Path

import PIL.Image
import pytest
import torch
from tests.nodes.parity_cases import PROMPT
from tests.nodes.parity_pictures import (
    PictureCase,
    all_cases,
    document,
    draw_picture,
    expected,
    given,
    pipeline,
    sampled_cases,
)

from latentgraph.graph.document import parse_document
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


def test_each_image_with_a_seed_of_its_own_is_that_of_the_pipeline(
    engine: Engine, tiny_folder: Path, tmp_path: Path
) -> None:
    picture = draw_picture(tmp_path, (64, 64))
    wanted = pipeline("StableDiffusionImg2ImgPipeline", tiny_folder)(
        PROMPT,
        image=PIL.Image.open(picture),
        num_inference_steps=6,
        strength=0.5,
        num_images_per_prompt=2,
        guidance_scale=5.0,
        generator=[torch.Generator("cpu").manual_seed(seed) for seed in (3, 8)],
        output_type="latent",
    ).images
    content = json.loads((files("latentgraph.workflows") / "image_to_image.json").read_text("utf-8"))
    content["nodes"]["random"] = {"type": "random_states", "inputs": {"seeds": [3, 8]}}
    # Each of the two pictures that encode_image gives has its own noise.
    del content["nodes"]["noise"]["inputs"]["images_per_prompt"]
    own = parse_document(json.dumps(content).encode(), "image_to_image.json")
    given = {"model": str(tiny_folder), "prompt": PROMPT, "image": str(picture), "num_inference_steps": 6}
    run = engine.run(own, given | {"strength": 0.5, "num_images_per_prompt": 2}, settings={"device": "cpu"})
    assert torch.equal(run.result().values["latents"].samples, wanted)


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
