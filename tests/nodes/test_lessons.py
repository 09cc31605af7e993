"""The workflows that are lessons show what they say they show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from latentgraph.graph.document import read_document
from latentgraph.graph.run import Engine
from latentgraph.nodes import load_model, schedule
from latentgraph.nodes.decode import to_unit_range
from latentgraph.nodes.handles import loaded
from latentgraph.nodes.steering import WANTED, colour_slope
from latentgraph.nodes.upscale_latents import upscale_latents
from latentgraph.nodes.values import Latents

FOLDER = Path(__file__).parents[2] / "workflows"


def ran(engine: Engine, name: str, **given: Any) -> dict[str, Any]:
    """The outputs of a shipped workflow on the shipped model."""
    run = engine.run(read_document(FOLDER / f"{name}.json"), given, settings={"device": "cpu"})
    return dict(run.result().values)


def means(image: Any) -> list[float]:
    """Red, green and blue of pictures, each in [0, 1]."""
    samples: Tensor = image.samples
    return [float(one) for one in samples.mean(dim=(0, 2, 3))]


def centre(samples: Tensor) -> Tensor:
    """The middle of the picture's subject: where it is least like its corner, as the mean colour of 10 % of it."""
    corner = samples[:, :, :2, :2].mean(dim=(2, 3), keepdim=True)
    apart = (samples - corner).square().sum(dim=1).flatten()
    chosen = apart.topk(apart.numel() // 10).indices
    return samples.movedim(1, -1).flatten(0, -2)[chosen].mean(dim=0)


def test_every_stage_gives_each_value(engine: Engine) -> None:
    values = ran(engine, "every_stage")
    assert set(values) == set(json.loads((FOLDER / "every_stage.json").read_text("utf-8"))["outputs"])
    plain = ran(engine, "text_to_image")
    assert torch.equal(values["image"].samples, plain["image"].samples)
    # Decoded noise is no picture: it is far less even than the picture of two colours.
    assert values["decoded_noise"].samples.shape == values["image"].samples.shape


def test_a_weighted_prompt_draws_what_it_says_and_without_weights_the_same(engine: Engine) -> None:
    red, _, blue = means(ran(engine, "weighted_prompt")["image"])
    assert blue > 0.6 > 0.4 > red
    text = "a red circle on a blue background"
    plain, weighted = (ran(engine, name, prompt=text) for name in ("text_to_image", "weighted_prompt"))
    assert torch.equal(plain["latents"].samples, weighted["latents"].samples)


def test_mixing_prompts_goes_from_one_colour_to_the_other(engine: Engine) -> None:
    red, blue = (centre(ran(engine, "mix_prompts", amount=amount)["image"].samples) for amount in (0.0, 1.0))
    assert red[0] > 0.7 > 0.4 > red[2]
    assert blue[2] > 0.7 > 0.4 > blue[0]


def test_seeds_are_walked_through_between_two_pictures(engine: Engine) -> None:
    pictures = ran(engine, "interpolate_seeds")["image"].samples
    assert len(pictures) == 5
    for picture in pictures:
        subject = centre(picture.unsqueeze(0))
        assert subject[0] > 0.6 > 0.4 > subject[2]
        assert picture[2].mean() > 0.5
    near, far = ((pictures[0] - other).abs().mean() for other in (pictures[1], pictures[4]))
    assert near > 0
    assert far > 0


def test_a_second_pass_draws_the_same_picture_larger(engine: Engine) -> None:
    samples = ran(engine, "hires_fix")["image"].samples
    assert samples.shape == (1, 3, 128, 128)
    subject = centre(samples)
    assert subject[0] > 0.7 > 0.4 > subject[2]
    assert samples[:, 2].mean() > 0.6


@pytest.mark.parametrize(("colour", "channel"), [("red", 0), ("blue", 2)])
def test_steering_draws_more_of_the_colour(colour: str, channel: int, engine: Engine) -> None:
    without = ran(engine, "steer_by_loss", strength=0.0)["image"]
    steered = ran(engine, "steer_by_loss", colour=colour)["image"]
    assert means(steered)[channel] > means(without)[channel] + 0.1


def test_without_strength_the_steps_are_those_of_text_to_image(engine: Engine) -> None:
    prompt = "a red circle on a blue background"
    plain = ran(engine, "text_to_image", prompt=prompt)
    steered = ran(engine, "steer_by_loss", prompt=prompt, strength=0.0)
    assert torch.equal(plain["latents"].samples, steered["latents"].samples)


def test_larger_latents_are_of_whole_cells() -> None:
    larger = upscale_latents(Latents(torch.randn(2, 4, 5, 7), 40, 56), 1.5)
    assert larger.samples.shape == (2, 4, 8, 10)
    assert (larger.height, larger.width) == (64, 80)


def test_the_slope_goes_up_where_the_colour_gets_less() -> None:
    model = load_model()
    turns, state = schedule(model.scheduler, 10)
    module = loaded(model.vae)
    samples = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1)) * 0.3
    said = torch.zeros_like(samples)
    slope = colour_slope(module, state.snapshot, samples, said, turns[-1], 2)
    with torch.no_grad():
        before, after = (
            (to_unit_range(module.decode(one / module.config.scaling_factor).sample)[:, 2] - WANTED).abs().mean()
            for one in (samples, samples - 10 * slope)
        )
    assert after < before
