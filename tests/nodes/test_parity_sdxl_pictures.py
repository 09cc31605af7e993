"""Image to image with Stable Diffusion XL, base and refiner, gives bit for bit the pictures of diffusers' pipeline."""

from __future__ import annotations

import itertools
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import diffusers
import PIL.Image
import pytest
import torch
from tests.nodes.parity_cases import SCHEDULERS
from tests.nodes.parity_families import document
from tests.nodes.parity_pictures import draw_picture
from tests.nodes.parity_sdxl_pictures import (
    CHOICES,
    WORKFLOWS,
    PictureCase,
    arguments,
    build_models,
    pairwise_cases,
    run_pipeline,
    sampled_cases,
    sizes,
)

from latentgraph.graph.document import Document, parse_document
from latentgraph.graph.run import Engine

pytestmark = [
    # Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
    pytest.mark.filterwarnings("ignore:__array:DeprecationWarning"),
    # diffusers' own use of what it deprecates.
    pytest.mark.filterwarnings("ignore:.*upcast_vae:FutureWarning"),
]
LIBRARY: Any = diffusers  # Untyped.


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tiny models."""
    folder = tmp_path_factory.mktemp("sdxl")
    build_models(folder)
    return folder


def run(engine: Engine, workflow: Document, case: PictureCase, folder: Path, picture: Path, dtype: str = "") -> Any:
    """The outputs of a workflow."""
    values = {"model": str(folder), "image": str(picture), "scheduler": SCHEDULERS[case.scheduler][0], "seed": 3}
    settings = {"device": "cpu", **({"dtype": dtype} if dtype else {})}
    return engine.run(workflow, {**arguments(case), **values}, settings=settings).result().values


def hold(case: PictureCase, engine: Engine, models: Path, temporary: Path) -> None:
    """Ours is theirs, bit for bit."""
    picture = draw_picture(temporary, case.size)
    folder = models / (f"{case.model}-spread" if case.spread else case.model)
    wanted = run_pipeline(case, folder, PIL.Image.open(picture))
    options = {"guidance": sizes(case), "scheduler": {"options": SCHEDULERS[case.scheduler][1]}}
    made = run(engine, document(WORKFLOWS[case.model], options), case, folder, picture)["image"].samples
    assert wanted.std() > 0
    assert torch.equal(made, wanted)


@pytest.mark.parametrize("case", sampled_cases(), ids=str)
def test_image_to_image_gives_the_picture_of_the_pipeline(
    case: PictureCase, engine: Engine, models: Path, tmp_path: Path
) -> None:
    hold(case, engine, models, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", pairwise_cases(), ids=str)
def test_image_to_image_gives_the_picture_of_the_pipeline_in_every_case(
    case: PictureCase, engine: Engine, models: Path, tmp_path: Path
) -> None:
    hold(case, engine, models, tmp_path)


def test_every_two_choices_meet_with_each_scheduler() -> None:
    names = list(PictureCase.__dataclass_fields__)[1:]
    for (a, first), (b, second) in itertools.combinations(zip(names, CHOICES, strict=True), 2):
        met = {(case.scheduler, getattr(case, a), getattr(case, b)) for case in pairwise_cases()}
        assert len(met) == len(SCHEDULERS) * len(first) * len(second)


# float16 is slow on a CPU.
@pytest.mark.parametrize("dtype", ["bfloat16", pytest.param("float16", marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("folder", ["base", pytest.param("base-spread", marks=pytest.mark.exhaustive),
                                    pytest.param("refiner", marks=pytest.mark.exhaustive)])  # fmt: skip
def test_in_half_precision_the_vae_computes_in_float32_where_the_pipeline_has_it_so(
    folder: str, dtype: str, engine: Engine, models: Path, tmp_path: Path
) -> None:
    case = PictureCase("Euler", folder.removesuffix("-spread"), size=(50, 67))
    picture = draw_picture(tmp_path, case.size)
    theirs = LIBRARY.StableDiffusionXLImg2ImgPipeline.from_pretrained(
        models / folder, dtype=getattr(torch, dtype), requires_aesthetics_score=case.model == "refiner"
    )
    theirs.set_progress_bar_config(disable=True)
    given = {**arguments(case), "image": PIL.Image.open(picture), "generator": torch.Generator("cpu").manual_seed(3)}
    wanted = theirs(**given, output_type="pt").images
    made = run(engine, document(WORKFLOWS[case.model], {}), case, models / folder, picture, dtype)["image"].samples
    assert wanted.std() > 0
    assert made.dtype == torch.float32
    assert torch.equal(made, wanted.float())


def edited(name: str, nodes: dict[str, Any], links: dict[str, str]) -> Document:
    """A shipped workflow with other nodes, and links that go elsewhere."""
    text = (files("latentgraph.workflows") / f"{name}.json").read_text("utf-8")
    for old, new in links.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    content = json.loads(text)
    content["nodes"] |= nodes
    return parse_document(json.dumps(content).encode(), f"{name}.json")


def test_each_image_with_a_seed_of_its_own_is_that_of_the_pipeline(
    engine: Engine, models: Path, tmp_path: Path
) -> None:
    case, picture = PictureCase("Euler ancestral", batch=2), draw_picture(tmp_path, (64, 64))
    seeds = [torch.Generator("cpu").manual_seed(seed) for seed in (3, 8)]
    wanted = run_pipeline(case, models / "base", PIL.Image.open(picture), generator=seeds, output_type="latent")
    nodes = {
        "random": {"type": "random_states", "inputs": {"seeds": [3, 8]}},
        # Each of the two pictures that encode_image gives has its own noise.
        "noise": {"type": "draw_noise_like", "inputs": {"latents": {"from": "encoded.latents"},
                                                        "random": {"from": "encoded.random"}}},
    }  # fmt: skip
    made = run(engine, edited("sdxl_image_to_image", nodes, {}), case, models / "base", picture)["latents"].samples
    assert torch.equal(made, wanted)


def test_a_refiner_that_takes_over_a_picture_adds_no_noise_to_it(engine: Engine, models: Path, tmp_path: Path) -> None:
    case, picture = PictureCase("Heun", "refiner"), draw_picture(tmp_path, (64, 64))
    wanted = run_pipeline(case, models / "refiner", PIL.Image.open(picture), denoising_start=0.4, output_type="latent")
    nodes = {
        "steps": {"type": "part_of_schedule", "inputs": {"timesteps": {"from": "schedule.timesteps"},
                                                         "state": {"from": "schedule.state"}, "denoising_start": 0.4}},
    }  # fmt: skip
    links = {"start.latents": "encoded.latents", "noise.random": "encoded.random"}
    made = run(engine, edited("sdxl_refine", nodes, links), case, models / "refiner", picture)["latents"].samples
    assert torch.equal(made, wanted)
