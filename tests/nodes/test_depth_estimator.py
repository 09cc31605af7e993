"""Depths estimated from the picture: StableDiffusionDepth2ImgPipeline's, and what is told of wrong models."""

from __future__ import annotations

import json
import random
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import diffusers
import PIL.Image
import pytest
import torch
import transformers
from tests.nodes.parity_cases import PROMPT, SCHEDULERS, STEPS
from tests.nodes.parity_pictures import document, draw_picture
from tests.nodes.test_depth import Case, all_cases
from tests.nodes.tiny import load_pipeline

from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.run import Engine
from latentgraph.nodes import estimate_depth, load_depth_estimator
from latentgraph.nodes.values import Image

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:You have passed:FutureWarning"),
    # The pipeline asks for autocast in float32, which there is none of.
    pytest.mark.filterwarnings("ignore:In CPU autocast:UserWarning"),
]
library: Any = diffusers
models: Any = transformers
WORKFLOW = "depth_to_image_estimated"
EDGE = 64


def tiny_estimator() -> Any:
    """A DPT of random weights, whose last layer is moved so far from 0 that its ReLU lets depths through."""
    torch.manual_seed(8)
    made = models.DPTForDepthEstimation(
        models.DPTConfig(
            hidden_size=32, num_hidden_layers=4, num_attention_heads=4, intermediate_size=64, image_size=EDGE,
            patch_size=16, backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[16, 16, 32, 32],
            fusion_hidden_size=16, is_hybrid=False, initializer_range=0.2,
        )
    )  # fmt: skip
    torch.nn.init.constant_(made.head.head[4].bias, 5.0)
    return made.eval()


@pytest.fixture(scope="session")
def estimating_folder(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose denoiser takes 5 channels, with a depth estimator."""
    folder = tmp_path_factory.mktemp("estimating") / "model"
    parts = dict(load_pipeline(tiny_folder).components)
    torch.manual_seed(6)
    parts["unet"] = library.UNet2DConditionModel.from_config(dict(parts["unet"].config) | {"in_channels": 5})
    keep = ("vae", "text_encoder", "tokenizer", "unet", "scheduler")
    library.StableDiffusionDepth2ImgPipeline(
        **{name: parts[name] for name in keep}, depth_estimator=tiny_estimator(), feature_extractor=processor()
    ).save_pretrained(folder)
    return folder


def processor() -> Any:
    """By Pillow, on both sides."""
    return models.DPTImageProcessorPil(size={"height": EDGE, "width": EDGE})


@cache
def pipeline(folder: Path) -> Any:
    """diffusers' own, with the estimator of the folder."""
    made = library.StableDiffusionDepth2ImgPipeline.from_pretrained(folder, feature_extractor=processor())
    made.set_progress_bar_config(disable=True)
    return made


def hold(case: Case, engine: Engine, folder: Path, temporary: Path) -> None:
    """Ours is theirs, bit for bit."""
    class_name, options, eta = SCHEDULERS[case.scheduler]
    picture = draw_picture(temporary, (72, 56))
    pipe = pipeline(folder)
    own = pipe.scheduler
    shared: dict[str, Any] = {
        "strength": case.strength, "num_inference_steps": STEPS, "guidance_scale": case.guidance_scale,
        "negative_prompt": case.negative_prompt, "num_images_per_prompt": case.batch, "eta": eta,
    }  # fmt: skip
    try:
        pipe.scheduler = getattr(library, class_name).from_config(own.config, **options)
        with PIL.Image.open(picture) as opened:
            image, generator = opened.convert("RGB"), torch.Generator("cpu").manual_seed(5)
        wanted = pipe(PROMPT, image=image, generator=generator, output_type="pt", **shared).images
    finally:
        pipe.scheduler = own
    given = shared | {
        "model": str(folder), "prompt": PROMPT, "image": str(picture), "seed": 5, "scheduler": class_name,
    }  # fmt: skip
    run = engine.run(document(WORKFLOW, case.scheduler), given, settings={"device": "cpu"})
    made = run.result().values["decoded"].samples
    assert made.shape == (case.batch, 3, 72, 56)
    assert wanted.std() > 0
    assert torch.equal(made, wanted)


@pytest.mark.parametrize("case", random.Random(2).sample(all_cases(), 5), ids=str)
def test_estimated_depths_give_the_picture_of_the_pipeline(
    case: Case, engine: Engine, estimating_folder: Path, tmp_path: Path
) -> None:
    hold(case, engine, estimating_folder, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", random.Random(3).sample(all_cases(), 32), ids=str)
def test_estimated_depths_give_the_picture_of_the_pipeline_in_many_cases(
    case: Case, engine: Engine, estimating_folder: Path, tmp_path: Path
) -> None:
    hold(case, engine, estimating_folder, tmp_path)


def test_each_picture_has_depths_of_its_own(estimating_folder: Path) -> None:
    torch.manual_seed(1)
    estimator = load_depth_estimator(str(estimating_folder)).depth_estimator
    made = estimate_depth(estimator, Image(torch.rand(2, 3, 40, 48))).samples
    assert made.shape == (2, EDGE, EDGE)
    assert not torch.equal(made[0], made[1])
    assert bool((made.std(dim=(1, 2)) > 0).all())


def problem(engine: Engine, model: Path, temporary: Path) -> str:
    """What the check says."""
    given = {"model": str(model), "image": str(draw_picture(temporary, (64, 64)))}
    with pytest.raises(WorkflowError) as caught:
        engine.run(document(WORKFLOW, "PNDM"), given).result()
    return str(caught.value)


def test_a_model_without_a_depth_estimator_is_told_before_it_runs(
    engine: Engine, tiny_folder: Path, tmp_path: Path
) -> None:
    said = problem(engine, tiny_folder, tmp_path)
    assert "has no depth estimator of the class DPTForDepthEstimation" in said
    assert "give the depths as a picture to `read_depth`" in said


def test_an_estimator_without_its_feature_extractor_and_one_in_a_pickle_are_told(
    engine: Engine, estimating_folder: Path, tmp_path: Path
) -> None:
    alone, pickled = tmp_path / "alone", tmp_path / "pickled"
    for folder in (alone, pickled):
        shutil.copytree(estimating_folder, folder)
    index = json.loads((alone / "model_index.json").read_text())
    (alone / "model_index.json").write_text(json.dumps(index | {"feature_extractor": [None, None]}))
    assert "has a depth_estimator but no feature_extractor" in problem(engine, alone, tmp_path)
    weights = pickled / "depth_estimator" / "model.safetensors"
    weights.rename(weights.with_name("pytorch_model.bin"))
    assert "pickle" in problem(engine, pickled, tmp_path)
