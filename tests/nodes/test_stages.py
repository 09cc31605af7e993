"""Every stage as a plain function: called alone, in order, changing nothing it is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import diffusers
import pytest
import torch

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.registry import Registry
from latentgraph.nodes import (
    configure_scheduler,
    decode,
    denoise_step,
    draw_noise,
    encode,
    guidance,
    guide,
    load_model,
    make_latents,
    predict_noise,
    random_state,
    safety_check,
    scale_model_input,
    schedule,
    scheduler_step,
    tokenize,
)
from latentgraph.nodes.digesting import value_digest
from latentgraph.nodes.latents import pixels_per_cell, trained_size
from latentgraph.nodes.load import Model
from latentgraph.nodes.values import Guidance, Image, Latents, NoisePrediction, RandomState, SchedulerState, Timestep

# Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> Model:
    """The parts of a tiny model."""
    return load_model(str(tiny_folder))


class Begun(NamedTuple):
    """Everything before the first turn."""

    latents: Latents
    timesteps: list[Timestep]
    state: SchedulerState
    random: RandomState
    guidance: Guidance


def begin(model: Model, context: RunContext = ALONE, scheduler: str = "EulerAncestralDiscreteScheduler") -> Begun:
    """The stages up to the loop."""
    tokens = [tokenize(model.tokenizer, text, context=context) for text in ("a red circle", "")]
    positive, negative = (encode(model.text_encoder, one, context=context) for one in tokens)
    steering = guidance(positive, negative, 7.5)
    turns = schedule(configure_scheduler(model.scheduler, scheduler), 3, context=context)
    noise = draw_noise(model.denoiser, model.vae, random_state(3), context=context)
    return Begun(make_latents(noise.noise, turns.state), turns.timesteps, turns.state, noise.random, steering)


def run_whole(model: Model, context: RunContext = ALONE) -> Image:
    """All stages, the step as one node."""
    latents, timesteps, state, random, steering = begin(model, context)
    for timestep in timesteps:
        latents, state, random = denoise_step(
            model.denoiser, latents, timestep, state, random, steering, context=context
        )
    return safety_check(model.safety_checker, decode(model.vae, latents, context=context), context=context).image


def run_apart(model: Model, context: RunContext = ALONE) -> Image:
    """All stages, the step taken apart."""
    latents, timesteps, state, random, steering = begin(model, context)
    for timestep in timesteps:
        scaled = scale_model_input(latents, timestep, state)
        pair = predict_noise(model.denoiser, scaled.model_input, timestep, steering, context=context)
        latents, state, random = scheduler_step(latents, guide(pair, steering), timestep, scaled.state, random)
    return safety_check(model.safety_checker, decode(model.vae, latents, context=context), context=context).image


def by_diffusers(folder: Path, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """The same picture by the pipeline, float32 (1, 3, H, W)."""
    library: Any = diffusers
    pipeline = library.StableDiffusionPipeline.from_pretrained(folder, dtype=dtype)
    pipeline.scheduler = library.EulerAncestralDiscreteScheduler.from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    made = pipeline(
        "a red circle",
        num_inference_steps=3,
        guidance_scale=7.5,
        generator=torch.Generator("cpu").manual_seed(3),
        output_type="pt",
    )
    images: torch.Tensor = made.images
    return images.float()


def test_the_stages_called_alone_make_the_picture_of_diffusers(model: Model, tiny_folder: Path) -> None:
    wanted = by_diffusers(tiny_folder)
    assert torch.equal(run_whole(model).samples, wanted)
    assert torch.equal(run_apart(model).samples, wanted)


# float16 is slow on a CPU.
@pytest.mark.parametrize("dtype", ["bfloat16", pytest.param("float16", marks=pytest.mark.exhaustive)])
def test_in_half_precision_too_and_images_are_float32(model: Model, tiny_folder: Path, dtype: str) -> None:
    made = run_whole(model, RunContext({"device": "cpu", "dtype": dtype}))
    assert made.samples.dtype == torch.float32
    assert torch.equal(made.samples, by_diffusers(tiny_folder, getattr(torch, dtype)))


def test_no_stage_of_a_step_changes_what_it_is_given(model: Model) -> None:
    latents, (timestep, *_), state, random, steering = begin(model)

    def digest() -> str:
        return value_digest((latents, timestep, state, random, steering))

    before = digest()
    made = [denoise_step(model.denoiser, latents, timestep, state, random, steering) for _ in range(2)]
    assert digest() == before
    assert value_digest(made[0]) == value_digest(made[1])
    scaled = scale_model_input(latents, timestep, state)
    pair = predict_noise(model.denoiser, scaled.model_input, timestep, steering)
    prediction = guide(pair, steering)
    inner = value_digest((scaled, pair, prediction))
    apart = [scheduler_step(latents, prediction, timestep, scaled.state, random) for _ in range(2)]
    assert digest() == before
    assert value_digest((scaled, pair, prediction)) == inner
    assert value_digest(apart[0]) == value_digest(apart[1]) == value_digest(made[0])
    decode(model.vae, latents)
    assert digest() == before


def test_no_stage_keeps_gradients(model: Model) -> None:
    latents, (timestep, *_), state, random, steering = begin(model)
    step = denoise_step(model.denoiser, latents, timestep, state, random, steering)
    assert not step.latents.samples.requires_grad
    assert not decode(model.vae, step.latents).samples.requires_grad


def test_a_node_between_prediction_and_step_has_its_effect(model: Model) -> None:
    latents, (timestep, *_), state, random, steering = begin(model)
    scaled = scale_model_input(latents, timestep, state)
    prediction = guide(predict_noise(model.denoiser, scaled.model_input, timestep, steering), steering)
    halved = NoisePrediction(prediction.samples / 2, prediction.family)
    plain = scheduler_step(latents, prediction, timestep, scaled.state, random)
    changed = scheduler_step(latents, halved, timestep, scaled.state, random)
    assert not torch.equal(plain.latents.samples, changed.latents.samples)


def test_noise_has_the_size_the_model_was_trained_on_where_none_is_given(model: Model) -> None:
    random = random_state(0)
    own, high = (draw_noise(model.denoiser, model.vae, random, height=height).noise for height in (None, 96))
    assert (own.height, own.width, tuple(own.samples.shape)) == (64, 64, (1, 4, 32, 32))
    assert (high.height, high.width, tuple(high.samples.shape)) == (96, 64, (1, 4, 48, 32))


def test_sizes_are_read_off_the_configurations() -> None:
    assert pixels_per_cell({"block_out_channels": [128, 256, 512, 512]}) == 8
    assert trained_size({"sample_size": 64}, 8) == (512, 512)
    assert trained_size({"sample_size": [32, 64]}, 8) == (256, 512)
    with pytest.raises(ValueError, match="the model does not say what size it was trained on; give height and width"):
        trained_size({}, 8)


def test_the_ports_of_the_stages_fit_each_other() -> None:
    registry = Registry.load()
    made = [port.type for one in registry for port in one.outputs.values()]
    sources = {kind.name for port in made for kind in (port, port.element) if kind}
    for one in registry:
        for name, port in one.inputs.items():
            assert port.help, f"{one.name}.{name} has no help"
            if not port.type.literal:
                wanted = {port.type.name, *port.type.name.split(" or ")}
                assert wanted & sources, f"nothing makes the {port.type.name} of {one.name}.{name}"
