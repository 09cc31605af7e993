"""The folder that ships: its format, and a fast subset of its figures. The whole table is exhaustive."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from latentgraph.nodes.training.checker import NEVER
from latentgraph.nodes.training.evaluate import load, vae_figure

FOLDER = Path(__file__).parents[3] / "nodes" / "models" / "shapes"
PARTS = ("feature_extractor", "safety_checker", "scheduler", "text_encoder", "tokenizer", "unet", "vae")


@pytest.fixture(scope="module")
def pipe() -> Any:
    return load(FOLDER)


def test_every_part_is_there_in_the_standard_layout() -> None:
    index = json.loads((FOLDER / "model_index.json").read_text())
    assert index["_class_name"] == "StableDiffusionPipeline"
    assert all((FOLDER / part).is_dir() and index[part][1] for part in PARTS)
    assert {"vocab.json", "merges.txt", "tokenizer.json"} <= {p.name for p in (FOLDER / "tokenizer").iterdir()}
    assert (FOLDER / "README.md").read_text().startswith("---\nlicense: apache-2.0")


def test_the_folder_stays_small() -> None:
    size = sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file())
    assert size < 24e6


def test_it_loads_without_arguments_and_in_float32(pipe: Any) -> None:
    parts = (pipe.unet, pipe.vae, pipe.text_encoder, pipe.safety_checker)
    assert {part.dtype for part in parts} == {torch.float32}
    assert pipe.tokenizer.model_max_length == 77


def test_the_scheduler_is_saved_as_the_pipeline_would_rewrite_it(pipe: Any) -> None:
    saved = json.loads((FOLDER / "scheduler" / "scheduler_config.json").read_text())
    assert saved["prediction_type"] == "v_prediction"
    assert {name: saved[name] for name in pipe.scheduler.config if name in saved} == {
        name: value for name, value in pipe.scheduler.config.items() if name in saved
    }


def test_its_default_picture_has_64_pixels_a_side(pipe: Any) -> None:
    image = pipe("a red circle", num_inference_steps=1, generator=torch.Generator().manual_seed(0)).images[0]
    assert image.size == (64, 64)


def test_one_concept_of_the_checker_is_on(pipe: Any) -> None:
    thresholds = pipe.safety_checker.concept_embeds_weights
    assert (thresholds < 1).sum() == 1
    assert (pipe.safety_checker.special_care_embeds_weights == NEVER).all()


def test_latents_have_unit_variance_at_the_scaling_factor(pipe: Any) -> None:
    import random

    from latentgraph.nodes.training.vae import renders
    from latentgraph.nodes.training.world import training_spec

    rng = random.Random(0)
    images = renders([training_spec(rng) for _ in range(64)], rng).cpu()
    with torch.no_grad():
        latents = pipe.vae.encode(images).latent_dist.mode() * pipe.vae.config.scaling_factor
    # 64 pictures differ a little from the 80,000 that the normalisation was measured on.
    assert latents.mean(dim=(0, 2, 3)).abs().max() < 0.2
    assert (latents.std(dim=(0, 2, 3)) - 1).abs().max() < 0.15


def test_the_autoencoder_reconstructs_to_30_decibel(pipe: Any) -> None:
    assert vae_figure(pipe.vae, count=40).measured > 30
