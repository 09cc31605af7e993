"""The checker sees what diffusers shows it, and what it flags is treated as chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import diffusers
import pytest
import torch

from latentgraph.graph.context import RunContext
from latentgraph.nodes.handles import SafetyChecker
from latentgraph.nodes.load import Model, load_model
from latentgraph.nodes.safety import safety_check
from latentgraph.nodes.values import Image

library: Any = diffusers


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> Model:
    """The parts of a tiny model."""
    return load_model(str(tiny_folder))


@pytest.fixture
def pipeline(tiny_folder: Path) -> Any:
    """The same model as diffusers loads it."""
    return library.StableDiffusionPipeline.from_pretrained(tiny_folder)


def colours() -> torch.Tensor:
    """What a VAE might give for three images, about [-1, 1]."""
    return torch.randn((3, 3, 32, 32), generator=torch.Generator().manual_seed(0)) * 0.8


def thresholds(pipeline: Any, value: float) -> None:
    """Set every concept's threshold: similarity above it is flagged, and no similarity is below -1."""
    pipeline.safety_checker.concept_embeds_weights.data.fill_(value)


def handle(pipeline: Any) -> SafetyChecker:
    """The pipeline's checker as a value."""
    return SafetyChecker.of_pair(pipeline.safety_checker, pipeline.feature_extractor)


def as_diffusers_does(pipeline: Any) -> tuple[torch.Tensor, list[bool]]:
    """The end of the pipeline's call."""
    image, flags = pipeline.run_safety_checker(colours(), "cpu", torch.float32)
    shown = [not flag for flag in flags]
    return pipeline.image_processor.postprocess(image, output_type="pt", do_denormalize=shown), flags


def decoded() -> Image:
    """The same images as our decoder gives them."""
    return Image((colours() * 0.5 + 0.5).clamp(0, 1))


def between_the_scores(pipeline: Any) -> float:
    """A threshold that one of the three images is above and another below."""
    checker = pipeline.safety_checker
    features = pipeline.feature_extractor(
        pipeline.image_processor.postprocess(colours(), output_type="pil"), return_tensors="pt"
    ).pixel_values
    with torch.no_grad():
        embeddings = checker.visual_projection(checker.vision_model(features)[1])
        ordered = sorted(float(torch.cosine_similarity(one, checker.concept_embeds).max()) for one in embeddings)
    assert ordered[-1] - ordered[0] > 2e-3
    return (ordered[0] + ordered[-1]) / 2


@pytest.mark.parametrize("flagged", ["all", "some", "none"])
def test_flagged_images_are_black_as_in_diffusers(pipeline: Any, flagged: str) -> None:
    thresholds(pipeline, {"all": -2.0, "none": 2.0}.get(flagged) or between_the_scores(pipeline))
    wanted, flags = as_diffusers_does(pipeline)
    assert {"all": all(flags), "none": not any(flags), "some": 0 < sum(flags) < 3}[flagged]
    made = safety_check(handle(pipeline), decoded())
    assert made.flags == flags
    assert torch.equal(made.image.samples, wanted)


@pytest.mark.parametrize(
    ("on_flagged", "treatment"), [("black", "made black"), ("blur", "blurred"), ("flag", "left as it is")]
)
def test_a_warning_says_which_image_was_flagged_and_what_became_of_it(
    pipeline: Any, on_flagged: Literal["black", "blur", "flag"], treatment: str, caplog: pytest.LogCaptureFixture
) -> None:
    thresholds(pipeline, -2.0)
    said: list[str] = []
    image = decoded()
    before = image.samples.clone()
    made = safety_check(handle(pipeline), image, on_flagged, context=RunContext(report_warning=said.append))
    assert said[1] == (
        f"the safety checker flagged image 2 of 3, which was {treatment}; another prompt or seed may help"
    )
    assert not caplog.records, "diffusers says something else at the same time"
    assert torch.equal(image.samples, before)
    unchanged, spread = torch.equal(made.image.samples, before), float(made.image.samples.std())
    assert {"black": spread == 0, "blur": 0 < spread < float(before.std()) / 3, "flag": unchanged}[on_flagged]
    assert made.flags == [True, True, True]


def test_a_model_without_a_checker_lets_every_image_through() -> None:
    image = decoded()
    assert safety_check(None, image) == (image, [False] * 3)
