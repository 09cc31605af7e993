"""Making pictures larger: the pictures of diffusers' StableDiffusionUpscalePipeline, and what is said of wrong ones."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import diffusers
import PIL.Image
import pytest
import torch
from tests.nodes.parity_cases import PROMPT, SCHEDULERS, STEPS
from tests.nodes.parity_pictures import document, draw_picture
from tests.nodes.tiny import load_pipeline

from latentgraph.graph.check import check
from latentgraph.graph.document import read_document
from latentgraph.graph.errors import NodeFailedError
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:You have passed:FutureWarning"),
]
library: Any = diffusers
FOLDER = Path(str(files("latentgraph.workflows")))


@dataclass(frozen=True)
class Case:
    """One call of the pipeline."""

    scheduler: str
    guidance_scale: float
    noise_level: int
    batch: int
    size: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.scheduler}, {self.guidance_scale:g}, level {self.noise_level}, {self.batch}, {self.size}"


def all_cases() -> list[Case]:
    """88 cases: with each scheduler a half of every combination."""
    return [
        Case(name, (9.0, 1.0)[a], (20, 0)[b], (1, 2)[c], ((32, 32), (24, 40))[a ^ b ^ c])
        for name, (a, b, c) in itertools.product(SCHEDULERS, itertools.product((0, 1), repeat=3))
    ]


@pytest.fixture(scope="session")
def upscaler_folder(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose denoiser takes 7 channels and a level of noise; the rest as in the tiny model."""
    folder = tmp_path_factory.mktemp("upscaler") / "model"
    parts = dict(load_pipeline(tiny_folder).components)
    torch.manual_seed(7)
    config = dict(parts["unet"].config) | {"in_channels": 7, "num_class_embeds": 1000}
    parts["unet"] = library.UNet2DConditionModel.from_config(config)
    parts["vae"].register_to_config(scaling_factor=0.08333)
    keep = ("vae", "text_encoder", "tokenizer", "unet", "scheduler")
    noisy = library.DDPMScheduler(beta_start=0.0001, beta_end=0.02, beta_schedule="scaled_linear")
    made = library.StableDiffusionUpscalePipeline(**{name: parts[name] for name in keep}, low_res_scheduler=noisy)
    made.save_pretrained(folder)
    return folder


@cache
def pipeline(folder: Path) -> Any:
    """diffusers' own."""
    made = library.StableDiffusionUpscalePipeline.from_pretrained(folder)
    made.set_progress_bar_config(disable=True)
    return made


def hold(case: Case, engine: Engine, folder: Path, temporary: Path) -> None:
    """Ours is theirs, bit for bit."""
    class_name, options, eta = SCHEDULERS[case.scheduler]
    picture = draw_picture(temporary, case.size)
    pipe = pipeline(folder)
    own = pipe.scheduler
    try:
        pipe.scheduler = getattr(library, class_name).from_config(own.config, **options)
        with PIL.Image.open(picture) as opened:
            wanted = pipe(
                PROMPT,
                image=opened.convert("RGB"),
                noise_level=case.noise_level,
                num_inference_steps=STEPS,
                guidance_scale=case.guidance_scale,
                num_images_per_prompt=case.batch,
                eta=eta,
                generator=torch.Generator("cpu").manual_seed(5),
                output_type="pt",
            ).images
    finally:
        pipe.scheduler = own
    given = {
        "model": str(folder), "prompt": PROMPT, "image": str(picture), "noise_level": case.noise_level, "eta": eta,
        "num_inference_steps": STEPS, "guidance_scale": case.guidance_scale, "num_images_per_prompt": case.batch,
        "scheduler": class_name, "seed": 5,
    }  # fmt: skip
    run = engine.run(document("upscale_x4", case.scheduler), given, settings={"device": "cpu"})
    made = run.result().values["decoded"].samples
    assert wanted.shape[-2:] == (case.size[0] * 2, case.size[1] * 2)
    assert wanted.std() > 0
    assert torch.equal(made, wanted)


@pytest.mark.parametrize("case", random.Random(1).sample(all_cases(), 6), ids=str)
def test_a_picture_made_larger_is_that_of_the_pipeline(
    case: Case, engine: Engine, upscaler_folder: Path, tmp_path: Path
) -> None:
    hold(case, engine, upscaler_folder, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_a_picture_made_larger_is_that_of_the_pipeline_in_every_case(
    case: Case, engine: Engine, upscaler_folder: Path, tmp_path: Path
) -> None:
    hold(case, engine, upscaler_folder, tmp_path)


def test_a_model_of_another_kind_is_found_by_the_check(upscaler_folder: Path, tiny_folder: Path) -> None:
    def said(workflow: str, model: Path) -> list[tuple[str, str, str]]:
        problems = check(read_document(FOLDER / f"{workflow}.json"), Registry.load(), {"model": str(model)}).errors
        return [(one.code, one.node, one.message) for one in problems]

    assert said("upscale_x4", upscaler_folder) == []
    assert "does not make pictures larger" in said("upscale_x4", tiny_folder)[0][2]
    assert "makes pictures larger" in said("text_to_image", upscaler_folder)[0][2]


def test_a_picture_of_odd_size_and_a_level_beyond_the_scheduler_are_told(
    engine: Engine, upscaler_folder: Path, tmp_path: Path
) -> None:
    given = {"model": str(upscaler_folder), "image": str(draw_picture(tmp_path, (31, 32))), "num_inference_steps": 2}
    with pytest.raises(NodeFailedError, match=r"multiples of 2; these are 1 of 32 × 31 pixels"):
        engine.run(document("upscale_x4", "PNDM"), given).result()
    given |= {"image": str(draw_picture(tmp_path, (32, 32))), "noise_level": 1000}
    with pytest.raises(NodeFailedError, match="noise_level is 1000; the scheduler knows levels below 1000"):
        engine.run(document("upscale_x4", "PNDM"), given).result()
