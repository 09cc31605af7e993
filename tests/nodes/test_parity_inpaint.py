"""Inpainting gives the pictures of diffusers' StableDiffusionInpaintPipeline, bit for bit, with 4 and 9 channels."""

from __future__ import annotations

import itertools
import json
from importlib.resources import files
from pathlib import Path

import PIL.Image
import pytest
import torch
from tests.nodes.parity_cases import PROMPT
from tests.nodes.parity_inpaint import (
    WORKFLOWS,
    InpaintCase,
    all_cases,
    build_tiny_inpaint,
    draw_pair,
    expected,
    given,
    sampled_cases,
)
from tests.nodes.parity_pictures import document, pipeline

from latentgraph.graph.document import parse_document
from latentgraph.graph.run import Engine
from latentgraph.nodes.pixels import to_pil

# Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")


@pytest.fixture(scope="module")
def folders(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Tiny models by the number of channels that their denoisers take."""
    nine = tmp_path_factory.mktemp("models") / "nine"
    build_tiny_inpaint(nine, tiny_folder)
    return {4: tiny_folder, 9: nine}


@pytest.mark.parametrize("case", sampled_cases(), ids=str)
def test_inpainting_gives_the_picture_of_the_pipeline(
    case: InpaintCase, engine: Engine, folders: dict[int, Path], tmp_path: Path
) -> None:
    _hold_against_pipeline(case, engine, folders[case.channels], tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_inpainting_gives_the_picture_of_the_pipeline_in_every_case(
    case: InpaintCase, engine: Engine, folders: dict[int, Path], tmp_path: Path
) -> None:
    _hold_against_pipeline(case, engine, folders[case.channels], tmp_path)


def test_every_three_choices_meet_with_each_scheduler() -> None:
    cases = all_cases()
    choices = ("channels", "guidance_scale", "batch", "strength", "padding_mask_crop", "size", "blur_factor")
    assert len(cases) == len(set(cases)) == 176
    for three in itertools.combinations(choices, 3):
        assert len({(case.scheduler, *(getattr(case, name) for name in three)) for case in cases}) == 11 * 8


@pytest.mark.parametrize(("channels", "strength"), [(4, 1.0), (4, 0.55), (9, 1.0), (9, 0.55)])
def test_each_image_with_a_seed_of_its_own_is_that_of_the_pipeline(
    channels: int, strength: float, engine: Engine, folders: dict[int, Path], tmp_path: Path
) -> None:
    picture, mask = draw_pair(tmp_path)
    wanted = pipeline("StableDiffusionInpaintPipeline", folders[channels])(
        PROMPT,
        image=PIL.Image.open(picture),
        mask_image=PIL.Image.open(mask),
        num_inference_steps=4,
        strength=strength,
        num_images_per_prompt=2,
        guidance_scale=5.0,
        generator=[torch.Generator("cpu").manual_seed(seed) for seed in (3, 8)],
        output_type="latent",
    ).images
    name = WORKFLOWS[channels]
    content = json.loads((files("latentgraph.workflows") / f"{name}.json").read_text("utf-8"))
    content["nodes"]["random"] = {"type": "random_states", "inputs": {"seeds": [3, 8]}}
    own = parse_document(json.dumps(content).encode(), f"{name}.json")
    given = {"model": str(folders[channels]), "prompt": PROMPT, "image": str(picture), "mask_image": str(mask)}
    more = {"num_inference_steps": 4, "strength": strength, "num_images_per_prompt": 2}
    run = engine.run(own, given | more, settings={"device": "cpu"})
    assert torch.equal(run.result().values["latents"].samples, wanted)


def _hold_against_pipeline(case: InpaintCase, engine: Engine, folder: Path, temporary: Path) -> None:
    picture, mask = draw_pair(temporary)
    pictures, decoded = expected(case, folder, picture, mask)
    workflow = document(WORKFLOWS[case.channels], case.scheduler)
    run = engine.run(workflow, given(case, folder, picture, mask), settings={"device": "cpu"})
    made = run.result().values
    assert decoded.std() > 0
    assert torch.equal(made["decoded"].samples, decoded)
    assert [to_pil(one).tobytes() for one in made["image"].samples] == [one.tobytes() for one in pictures]
