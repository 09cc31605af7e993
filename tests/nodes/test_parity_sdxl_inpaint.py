"""Inpainting with Stable Diffusion XL gives the pictures of diffusers' pipeline, bit for bit, with 4 and 9 channels."""

from __future__ import annotations

import itertools
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
import torch
from tests.nodes.parity_cases import SCHEDULERS
from tests.nodes.parity_families import document
from tests.nodes.parity_inpaint import draw_pair
from tests.nodes.parity_sdxl_inpaint import (
    CHOICES,
    LIBRARY,
    WORKFLOWS,
    InpaintCase,
    arguments,
    build_models,
    pairwise_cases,
    run_pipeline,
    sampled_cases,
    sizes,
)
from tests.nodes.tiny_families import build_tiny_sdxl

from latentgraph.graph.document import Document, parse_document
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.run import Engine
from latentgraph.nodes.pixels import to_pil

# Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tiny models."""
    folder = tmp_path_factory.mktemp("sdxl")
    build_models(folder)
    return folder


def run(
    engine: Engine,
    workflow: Document,
    case: InpaintCase,
    models: Path,
    pair: tuple[Path, Path],
    *,
    model: Path | None = None,
    dtype: str = "float32",
) -> Any:
    """The outputs of a workflow."""
    values = {
        "model": str(model or models / str(case.channels)),
        "image": str(pair[0]),
        "mask_image": str(pair[1]),
        "blur_factor": case.blur_factor,
        "scheduler": SCHEDULERS[case.scheduler][0],
        "seed": 3,
    }
    settings = {"device": "cpu", "dtype": dtype}
    return engine.run(workflow, {**arguments(case), **values}, settings=settings).result().values


def hold(case: InpaintCase, engine: Engine, models: Path, temporary: Path) -> None:
    """Ours is theirs, bit for bit."""
    pair = draw_pair(temporary)
    pictures, latents = run_pipeline(case, models, *pair)
    told = "guidance" if case.channels == 4 else "sizes"
    options = {told: sizes(case), "scheduler": {"options": SCHEDULERS[case.scheduler][1]}}
    made = run(engine, document(WORKFLOWS[case.channels], options), case, models, pair)
    assert latents.std() > 0
    assert torch.equal(made["latents"].samples, latents)
    assert [to_pil(one).tobytes() for one in made["image"].samples] == [one.tobytes() for one in pictures]


@pytest.mark.parametrize("case", sampled_cases(), ids=str)
def test_inpainting_gives_the_picture_of_the_pipeline(
    case: InpaintCase, engine: Engine, models: Path, tmp_path: Path
) -> None:
    hold(case, engine, models, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", pairwise_cases(), ids=str)
def test_inpainting_gives_the_picture_of_the_pipeline_in_every_case(
    case: InpaintCase, engine: Engine, models: Path, tmp_path: Path
) -> None:
    hold(case, engine, models, tmp_path)


def test_every_two_choices_meet_with_each_scheduler() -> None:
    names = list(InpaintCase.__dataclass_fields__)[1:]
    for (a, first), (b, second) in itertools.combinations(zip(names, CHOICES, strict=True), 2):
        met = {(case.scheduler, getattr(case, a), getattr(case, b)) for case in pairwise_cases()}
        assert len(met) == len(SCHEDULERS) * len(first) * len(second)


@pytest.mark.parametrize(("channels", "strength"), [(4, 0.9999), pytest.param(9, 0.55, marks=pytest.mark.exhaustive)])
def test_each_image_with_a_seed_of_its_own_is_that_of_the_pipeline(
    channels: int, strength: float, engine: Engine, models: Path, tmp_path: Path
) -> None:
    case, pair = InpaintCase("Euler ancestral", channels, strength, batch=2), draw_pair(tmp_path)
    seeds = [torch.Generator("cpu").manual_seed(seed) for seed in (3, 8)]
    _, latents = run_pipeline(case, models, *pair, generator=seeds)
    name = WORKFLOWS[channels]
    content = json.loads((files("latentgraph.workflows") / f"{name}.json").read_text("utf-8"))
    content["nodes"]["random"] = {"type": "random_states", "inputs": {"seeds": [3, 8]}}
    made = run(engine, parse_document(json.dumps(content).encode(), f"{name}.json"), case, models, pair)
    assert torch.equal(made["latents"].samples, latents)


@pytest.mark.parametrize("channels", [9, pytest.param(4, marks=pytest.mark.exhaustive)])
def test_in_half_precision_too(channels: int, engine: Engine, models: Path, tmp_path: Path) -> None:
    case, pair = InpaintCase("Euler", channels, size=(48, 80)), draw_pair(tmp_path)
    folder = models / str(channels)
    theirs = LIBRARY.StableDiffusionXLInpaintPipeline.from_pretrained(folder, dtype=torch.bfloat16)
    theirs.set_progress_bar_config(disable=True)
    picture, mask = (PIL.Image.open(path) for path in pair)
    generator = torch.Generator("cpu").manual_seed(3)
    wanted = theirs(**arguments(case), image=picture, mask_image=mask, generator=generator, output_type="latent").images
    made = run(engine, document(WORKFLOWS[channels], {}), case, models, pair, dtype="bfloat16")["latents"].samples
    assert made.dtype == torch.bfloat16
    assert torch.equal(made, wanted)


def test_a_refiner_makes_anew_what_is_masked_as_the_pipeline_does(engine: Engine, models: Path, tmp_path: Path) -> None:
    build_tiny_sdxl(tmp_path / "refiner", refiner=True)
    case, pair = InpaintCase("Euler", strength=0.55, batch=2), draw_pair(tmp_path)
    parts = LIBRARY.DiffusionPipeline.from_pretrained(tmp_path / "refiner").components
    theirs = LIBRARY.StableDiffusionXLInpaintPipeline(
        **parts, requires_aesthetics_score=True, force_zeros_for_empty_prompt=False
    )
    theirs.set_progress_bar_config(disable=True)
    picture, mask = (PIL.Image.open(path) for path in pair)
    generator = torch.Generator("cpu").manual_seed(3)
    wanted = theirs(**arguments(case), image=picture, mask_image=mask, generator=generator, output_type="latent").images
    content = json.loads((files("latentgraph.workflows") / "sdxl_inpaint.json").read_text("utf-8"))
    told = content["nodes"]["guidance"]
    told["type"] = "aesthetic_conditioning"
    del told["inputs"]["pipeline"]
    own = parse_document(json.dumps(content).encode(), "refine.json")
    made = run(engine, own, case, models, pair, model=tmp_path / "refiner")["latents"].samples
    assert torch.equal(made, wanted)


@pytest.mark.parametrize(
    ("workflow", "channels", "told"),
    [
        ("sdxl_inpaint", 9, "family sdxl, but 'denoiser' is of family sdxl/mask; put `inpaint_channels` before"),
        ("sdxl_inpaint_9_channel", 4, "family sdxl/mask, but 'denoiser' is of family sdxl; take a model"),
    ],
)
def test_a_denoiser_of_other_channels_is_told_what_it_wants(
    workflow: str, channels: int, told: str, engine: Engine, models: Path, tmp_path: Path
) -> None:
    case = InpaintCase("Euler", channels)
    with pytest.raises(WorkflowError, match=told):
        run(engine, document(workflow, {}), case, models, draw_pair(tmp_path))
