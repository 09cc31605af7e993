"""A few steps: the pictures of diffusers' latent consistency pipelines, and of turbo models in its plain one."""

from __future__ import annotations

import itertools
import json
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
from tests.nodes.parity_cases import PROMPT
from tests.nodes.parity_pictures import draw_picture
from tests.nodes.tiny import load_pipeline
from tests.nodes.tiny_families import build_tiny_sdxl

from latentgraph.graph.document import Document, parse_document
from latentgraph.graph.run import Engine
from latentgraph.nodes import configure_scheduler, load_model, schedule_lcm
from latentgraph.nodes.handles import Scheduler

library: Any = diffusers
MODELS = ("noise", "velocity, clipped")
pytestmark = [
    # Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
    pytest.mark.filterwarnings("ignore:__array:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:You have passed:FutureWarning"),
]


@dataclass(frozen=True)
class Case:
    """One call of a latent consistency pipeline."""

    picture: bool
    steps: int
    original_steps: int | None
    guidance_scale: float
    batch: int
    strength: float
    model: str

    def __str__(self) -> str:
        start = f"picture at {self.strength:g}" if self.picture else "noise"
        return (f"{self.model} from {start}, {self.steps} of {self.original_steps}, guidance {self.guidance_scale:g}, "
                f"batch {self.batch}")  # fmt: skip


def all_cases() -> list[Case]:
    """64 cases: every combination of six choices, and with each one strength, for those that start from a picture."""
    return [
        Case(bool(a), (1, 4)[b], (None, 20)[c], (8.5, 1.0)[d], (1, 2)[e], (0.8, 0.35)[a ^ b ^ c ^ d ^ e ^ f], MODELS[f])
        for a, b, c, d, e, f in itertools.product((0, 1), repeat=6)
    ]


@pytest.fixture(scope="session")
def lcm_folders(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Models whose denoiser is told the guidance; the second predicts velocity, and its scheduler clips."""
    parts = dict(load_pipeline(tiny_folder).components)
    torch.manual_seed(11)
    parts["unet"] = library.UNet2DConditionModel.from_config(dict(parts["unet"].config) | {"time_cond_proj_dim": 32})
    folders = {}
    options = {"prediction_type": "v_prediction", "clip_sample": True}
    for name, more in zip(MODELS, ({}, options), strict=True):
        parts["scheduler"] = library.LCMScheduler(beta_schedule="scaled_linear", beta_end=0.012, **more)
        folders[name] = tmp_path_factory.mktemp("lcm") / "model"
        made = library.LatentConsistencyModelPipeline(**parts)
        made.save_pretrained(folders[name])
        index = folders[name] / "model_index.json"
        index.write_text(index.read_text("utf-8").replace("CLIPImageProcessorPil", "CLIPImageProcessor"), "utf-8")
    return folders


def shipped(name: str) -> Document:
    """A shipped workflow, with one more output written in."""
    content = json.loads((files("latentgraph.workflows") / f"{name}.json").read_text("utf-8"))
    content["outputs"]["decoded"] = {"from": "decoded.image"}
    return parse_document(json.dumps(content).encode(), f"{name}.json")


@cache
def pipeline(folder: Path, picture: bool) -> Any:
    """diffusers' own."""
    kind = library.LatentConsistencyModelImg2ImgPipeline if picture else library.LatentConsistencyModelPipeline
    made = kind.from_pretrained(folder, safety_checker=None)
    made.set_progress_bar_config(disable=True)
    return made


def hold(case: Case, engine: Engine, folders: dict[str, Path], temporary: Path) -> None:
    """Ours is theirs, bit for bit."""
    folder, path = folders[case.model], draw_picture(temporary, (50, 67))
    call: dict[str, Any] = {
        "num_inference_steps": case.steps, "guidance_scale": case.guidance_scale,
        "num_images_per_prompt": case.batch, "original_inference_steps": case.original_steps,
    }  # fmt: skip
    given = call | {"model": str(folder), "prompt": PROMPT, "seed": 5}
    if case.picture:
        call |= {"strength": case.strength}
        given |= {"strength": case.strength, "image": str(path)}
        with PIL.Image.open(path) as opened:
            call["image"] = opened.convert("RGB")
    else:
        call |= {"height": 64, "width": 48}
        given |= {"height": 64, "width": 48}
    wanted = pipeline(folder, case.picture)(
        PROMPT, generator=torch.Generator("cpu").manual_seed(5), output_type="pt", **call
    ).images
    name = "lcm_image_to_image" if case.picture else "lcm_text_to_image"
    made = engine.run(shipped(name), given, settings={"device": "cpu"}).result().values["decoded"].samples
    assert wanted.std() > 0
    assert torch.equal(made, wanted)


@pytest.mark.parametrize("case", random.Random(3).sample(all_cases(), 8), ids=str)
def test_a_few_steps_give_the_picture_of_the_pipeline(
    case: Case, engine: Engine, lcm_folders: dict[str, Path], tmp_path: Path
) -> None:
    hold(case, engine, lcm_folders, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_a_few_steps_give_the_picture_of_the_pipeline_in_every_case(
    case: Case, engine: Engine, lcm_folders: dict[str, Path], tmp_path: Path
) -> None:
    hold(case, engine, lcm_folders, tmp_path)


def test_the_scheduler_of_a_latent_consistency_model_stays_as_its_file_says(lcm_folders: dict[str, Path]) -> None:
    # The constructor of StableDiffusionPipeline would set clip_sample to False; that of this pipeline does not.
    folder = lcm_folders["velocity, clipped"]
    own = pipeline(folder, picture=False).scheduler.config
    assert own["clip_sample"] is load_model(str(folder)).scheduler.config["clip_sample"] is True


@pytest.mark.parametrize("options", [{"timesteps": [999, 679, 19]}, {"num_inference_steps": 3, "strength": 0.5}])
def test_the_timesteps_are_those_of_the_scheduler(options: dict[str, Any], lcm_folders: dict[str, Path]) -> None:
    for class_name in ("LCMScheduler", "TCDScheduler"):
        scheduler = configure_scheduler(load_model(str(lcm_folders["noise"])).scheduler, class_name)
        turns, _ = schedule_lcm(scheduler, **options)
        live = getattr(library, class_name).from_config(dict(scheduler.config))
        live.set_timesteps(**options)
        assert [int(turn.value) for turn in turns] == live.timesteps.tolist()


def test_steps_that_cannot_be_taken_are_told(tiny_folder: Path, lcm_folders: dict[str, Path]) -> None:
    own: Scheduler = load_model(str(lcm_folders["noise"])).scheduler

    def told(scheduler: Scheduler = own, **options: Any) -> str:
        with pytest.raises(ValueError, match=r"steps|models") as refused:
            schedule_lcm(scheduler, **options)
        return str(refused.value)

    assert told(load_model(str(tiny_folder)).scheduler) == (
        "PNDMScheduler is none for latent consistency models; "
        "put `configure_scheduler` before, with the class LCMScheduler"
    )
    assert told(num_inference_steps=51) == "51 steps are more than the 50 noise levels to choose from; take fewer"
    assert told(num_inference_steps=6, strength=0.1) == (
        "6 steps are more than the 5 noise levels to choose from; take fewer, or a greater strength"
    )
    assert told(original_inference_steps=1001) == (
        "original_inference_steps is 1001; the model was trained on 1000 timesteps"
    )
    assert told(timesteps=[999, 19], strength=0.5) == (
        "give timesteps or a strength, not both: leave out the first timesteps yourself"
    )
    for timesteps in ([19, 999], [1000, 19], [19, -1], []):
        assert told(timesteps=timesteps) == f"the timesteps are {timesteps}; they fall, and lie between 999 and 0"


@pytest.mark.parametrize(("steps", "batch"), [(1, 1), (1, 2), (4, 1)])
def test_a_turbo_model_gives_the_picture_of_the_pipeline(
    steps: int, batch: int, engine: Engine, tiny_folder: Path
) -> None:
    pipe = load_pipeline(tiny_folder)
    pipe.set_progress_bar_config(disable=True)
    pipe.safety_checker = None
    kind = library.EulerAncestralDiscreteScheduler
    pipe.scheduler = kind.from_config(pipe.scheduler.config, timestep_spacing="trailing")
    wanted = pipe(
        PROMPT,
        num_inference_steps=steps,
        guidance_scale=0.0,
        num_images_per_prompt=batch,
        generator=torch.Generator("cpu").manual_seed(5),
        output_type="pt",
    ).images
    given = {"model": str(tiny_folder), "prompt": PROMPT, "seed": 5, "num_images_per_prompt": batch,
             "num_inference_steps": steps}  # fmt: skip
    made = engine.run(shipped("turbo"), given, settings={"device": "cpu"}).result().values["decoded"].samples
    assert wanted.std() > 0
    assert torch.equal(made, wanted)


@pytest.mark.parametrize(
    ("scheduler", "guidance_scale", "steps", "told"),
    [("LCMScheduler", 8.0, 4, True), ("EulerAncestralDiscreteScheduler", 0.0, 1, False)],
)
def test_models_of_stable_diffusion_xl_draw_in_a_few_steps_too(
    scheduler: str, guidance_scale: float, steps: int, told: bool, engine: Engine, tmp_path: Path
) -> None:
    build_tiny_sdxl(tmp_path / "base")
    parts = dict(library.StableDiffusionXLPipeline.from_pretrained(tmp_path / "base").components)
    if told:
        parts["unet"] = library.UNet2DConditionModel.from_config(
            dict(parts["unet"].config) | {"time_cond_proj_dim": 16}
        )
    parts["scheduler"] = getattr(library, scheduler).from_config(parts["scheduler"].config, timestep_spacing="trailing")
    pipe = library.StableDiffusionXLPipeline(**parts)
    pipe.save_pretrained(tmp_path / "few")
    pipe.set_progress_bar_config(disable=True)
    wanted = pipe(
        PROMPT,
        num_inference_steps=steps,
        guidance_scale=guidance_scale,
        generator=torch.Generator("cpu").manual_seed(5),
        output_type="pt",
    ).images
    given = {"model": str(tmp_path / "few"), "prompt": PROMPT, "seed": 5, "num_inference_steps": steps,
             "guidance_scale": guidance_scale}  # fmt: skip
    made = engine.run(shipped("sdxl_text_to_image"), given, settings={"device": "cpu"}).result()
    assert wanted.std() > 0
    assert torch.equal(made.values["decoded"].samples, wanted)
