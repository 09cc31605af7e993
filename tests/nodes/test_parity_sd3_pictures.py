"""Image to image with Stable Diffusion 3 gives bit for bit the pictures of StableDiffusion3Img2ImgPipeline."""

from __future__ import annotations

import inspect
import random
from dataclasses import dataclass, replace
from pathlib import Path

import diffusers
import PIL.Image
import pytest
import torch
from tests.nodes.parity_families import pairwise
from tests.nodes.parity_pictures import draw_picture
from tests.nodes.parity_sd3 import SHIFTED, Case, document, given, run_pipeline
from tests.nodes.test_workflows import shipped
from tests.nodes.tiny_sd3 import build_tiny_sd3

from latentgraph.graph.run import Engine

WORKFLOW, PIPELINE = "sd3_image_to_image", "StableDiffusion3Img2ImgPipeline"


@dataclass(frozen=True)
class PictureCase(Case):
    """A call of the pipeline with a picture."""

    strength: float = 0.6
    picture: tuple[int, int] = (64, 64)


def picture_case(scheduler: str, row: tuple[object, ...]) -> PictureCase:
    """With as many images as seeds, and no levels for a scheduler that takes none."""
    names = ("negative_prompt", "guidance_scale", "seeds", "batch", "size", "levels", "use_t5", "strength", "picture")
    case = PictureCase(scheduler, **dict(zip(names, row, strict=True)))  # type: ignore[arg-type]
    levels = case.levels if scheduler in SHIFTED else "steps"
    return replace(case, batch=max(len(case.seeds), case.batch), levels=levels)


CHOICES = (
    (None, "a blue circle"),
    (7.0, 1.0),
    ((3,), (3, 11)),
    (1, 2),
    (None, (48, 80), (96, 64)),
    ("steps", "sigmas", "mu"),
    (True, False),
    (0.6, 1.0, 0.35, 0.1),
    ((64, 64), (40, 72), (120, 72)),
)
EVERY = [
    picture_case(name, row)
    for name in (*SHIFTED, "Heun")
    for row in pairwise(CHOICES, random.Random(f"pictures {name}"))
]
"""With each scheduler every two choices of two arguments meet at least once."""
SAMPLE = [random.Random(seed).choice([one for one in EVERY if one.scheduler == name])
          for name in (*SHIFTED, "Heun") for seed in (0, 1)]  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "sd3"
    build_tiny_sd3(folder)
    return folder


def hold(case: PictureCase, engine: Engine, model: Path, temporary: Path) -> None:
    """Ours is theirs, bit for bit."""
    picture = draw_picture(temporary, case.picture)
    height, width = case.size or case.picture
    # diffusers encodes a picture for each generator, and fails where there are fewer pictures.
    pictures = [PIL.Image.open(picture)] * len(case.seeds)
    images, latents = run_pipeline(
        case, model, PIPELINE, image=pictures, strength=case.strength, height=height, width=width
    )
    values = {**given(case, model), "image": str(picture), "strength": case.strength}
    made = engine.run(document(WORKFLOW, case), values, settings={"device": "cpu"}).result().values
    assert images.std() > 0
    assert torch.equal(made["latents"].samples, latents)
    assert torch.equal(made["image"].samples, images)


@pytest.mark.parametrize("case", SAMPLE, ids=str)
def test_image_to_image_gives_the_picture_of_the_pipeline(
    case: PictureCase, engine: Engine, model: Path, tmp_path: Path
) -> None:
    hold(case, engine, model, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", EVERY, ids=str)
def test_image_to_image_gives_the_picture_of_the_pipeline_in_every_case(
    case: PictureCase, engine: Engine, model: Path, tmp_path: Path
) -> None:
    hold(case, engine, model, tmp_path)


@pytest.mark.filterwarnings("ignore:.*are no whole patches")
def test_a_picture_that_is_no_whole_patches_is_made_smaller(engine: Engine, model: Path, tmp_path: Path) -> None:
    case = Case("own", max_sequence_length=8)
    values = {**given(case, model), "image": str(draw_picture(tmp_path, (50, 67)))}
    made = engine.run(document(WORKFLOW, case), values, settings={"device": "cpu"}).result().values["image"]
    assert made.samples.shape[-2:] == (48, 64)


def test_the_inputs_bear_the_names_of_the_pipeline() -> None:
    call = inspect.signature(getattr(diffusers, PIPELINE).__call__).parameters
    inputs = shipped(WORKFLOW).workflow.inputs
    assert set(inputs) - set(call) == {"model", "use_t5", "scheduler", "seed"}
    for told in ("guidance_scale", "num_inference_steps", "strength", "max_sequence_length"):
        assert inputs[told].default == call[told].default
