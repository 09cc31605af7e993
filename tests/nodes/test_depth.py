"""Depth to image: the pictures of diffusers' StableDiffusionDepth2ImgPipeline, and what is said of wrong ones."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import diffusers
import PIL.Image
import pytest
import torch
from tests.nodes.parity_cases import PROMPT, SCHEDULERS, STEPS
from tests.nodes.parity_pictures import document, draw_picture
from tests.nodes.tiny import load_pipeline

from latentgraph.graph.errors import NodeFailedError, WorkflowError
from latentgraph.graph.run import Engine
from latentgraph.nodes.depth import depth_map, lightness
from latentgraph.nodes.pixels import from_pil

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:You have passed:FutureWarning"),
]
library: Any = diffusers


@dataclass(frozen=True)
class Case:
    """One call of the pipeline."""

    scheduler: str
    guidance_scale: float
    negative_prompt: str
    batch: int
    strength: float

    def __str__(self) -> str:
        return f"{self.scheduler}, {self.guidance_scale:g}, {self.negative_prompt!r}, {self.batch}, {self.strength:g}"


def all_cases() -> list[Case]:
    """88 cases: with each scheduler a half of every combination."""
    choices = itertools.product((0, 1), repeat=3)
    return [
        Case(name, (7.5, 1.0)[a], ("", "a blue circle")[b], (1, 2)[c], (0.8, 0.4)[a ^ b ^ c])
        for name, (a, b, c) in itertools.product(SCHEDULERS, choices)
    ]


@pytest.fixture(scope="session")
def depth_folder(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose denoiser takes 5 channels; everything else as in the tiny model."""
    folder = tmp_path_factory.mktemp("depth") / "model"
    parts = dict(load_pipeline(tiny_folder).components)
    config = dict(parts["unet"].config) | {"in_channels": 5}
    torch.manual_seed(6)
    parts["unet"] = library.UNet2DConditionModel.from_config(config)
    keep = ("vae", "text_encoder", "tokenizer", "unet", "scheduler")
    made = library.StableDiffusionDepth2ImgPipeline(
        **{name: parts[name] for name in keep}, depth_estimator=None, feature_extractor=None
    )
    made.save_pretrained(folder)
    return folder


@cache
def pipeline(folder: Path) -> Any:
    """diffusers' own, without an estimator: the depths are given."""
    made = library.StableDiffusionDepth2ImgPipeline.from_pretrained(
        folder, depth_estimator=None, feature_extractor=None
    )
    made.set_progress_bar_config(disable=True)
    return made


def gray(folder: Path) -> Path:
    """A gray picture, soft."""
    path = folder / "depth.png"
    with PIL.Image.open(draw_picture(folder, (72, 56), "depth")) as colours:
        colours.convert("L").save(path)
    return path


def hold(case: Case, engine: Engine, folder: Path, temporary: Path) -> None:
    """Ours is theirs, bit for bit."""
    class_name, options, eta = SCHEDULERS[case.scheduler]
    picture, depth = draw_picture(temporary, (64, 64)), gray(temporary)
    with PIL.Image.open(depth) as opened:
        depths = from_pil(opened)[:1]
    pipe = pipeline(folder)
    own = pipe.scheduler
    try:
        pipe.scheduler = getattr(library, class_name).from_config(own.config, **options)
        with PIL.Image.open(picture) as opened:
            wanted = pipe(
                PROMPT,
                image=opened.convert("RGB"),
                depth_map=depths,
                strength=case.strength,
                num_inference_steps=STEPS,
                guidance_scale=case.guidance_scale,
                negative_prompt=case.negative_prompt,
                num_images_per_prompt=case.batch,
                eta=eta,
                generator=torch.Generator("cpu").manual_seed(5),
                output_type="pt",
            ).images
    finally:
        pipe.scheduler = own
    given = {
        "model": str(folder), "prompt": PROMPT, "negative_prompt": case.negative_prompt, "image": str(picture),
        "depth_map": str(depth), "strength": case.strength, "num_inference_steps": STEPS, "eta": eta, "seed": 5,
        "guidance_scale": case.guidance_scale, "num_images_per_prompt": case.batch, "scheduler": class_name,
    }  # fmt: skip
    run = engine.run(document("depth_to_image", case.scheduler), given, settings={"device": "cpu"})
    made = run.result().values["decoded"].samples
    assert wanted.std() > 0
    assert torch.equal(made, wanted)


@pytest.mark.parametrize("case", random.Random(1).sample(all_cases(), 6), ids=str)
def test_depth_to_image_gives_the_picture_of_the_pipeline(
    case: Case, engine: Engine, depth_folder: Path, tmp_path: Path
) -> None:
    hold(case, engine, depth_folder, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_depth_to_image_gives_the_picture_of_the_pipeline_in_every_case(
    case: Case, engine: Engine, depth_folder: Path, tmp_path: Path
) -> None:
    hold(case, engine, depth_folder, tmp_path)


def test_depths_go_from_the_farthest_to_the_nearest() -> None:
    ramp = torch.linspace(0.2, 0.6, 64).repeat(1, 8, 1)
    made = depth_map(ramp, (4, 32))
    assert made.shape == (1, 1, 4, 32)
    assert (made.amin().item(), made.amax().item()) == (-1.0, 1.0)
    assert bool((made.diff(dim=-1) > 0).all())


def test_of_colours_the_lightness_counts() -> None:
    green = torch.tensor([0.0, 1.0, 0.0]).view(1, 3, 1, 1)
    assert lightness(green).item() == pytest.approx(0.587)
    assert torch.equal(lightness(torch.full((1, 3, 1, 1), 0.3)), torch.full((1, 1, 1), 0.3))


def test_a_picture_of_one_shade_and_a_model_without_depths_are_told(
    engine: Engine, depth_folder: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    flat, picture = tmp_path / "flat.png", draw_picture(tmp_path, (64, 64))
    PIL.Image.new("L", (64, 64), 90).save(flat)
    given = {"model": str(depth_folder), "image": str(picture), "depth_map": str(flat), "num_inference_steps": 2}
    with pytest.raises(NodeFailedError, match="a depth picture is of one shade throughout"):
        engine.run(document("depth_to_image", "PNDM"), given).result()
    values = given | {"model": str(tiny_folder), "depth_map": str(gray(tmp_path))}
    with pytest.raises(WorkflowError, match="leave out `depth_channels`"):
        engine.run(document("depth_to_image", "PNDM"), values).result()
    plain = {"model": str(depth_folder), "image": str(picture), "num_inference_steps": 2}
    with pytest.raises(WorkflowError, match="put `depth_channels` before"):
        engine.run(document("image_to_image", "PNDM"), plain).result()
