"""Steering by a loss: at each turn the latents go a little down the slope of what the picture is wanted to be like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.decode import unscaled
from latentgraph.nodes.denoise import with_samples
from latentgraph.nodes.handles import VAE, loaded
from latentgraph.nodes.inference import frozen
from latentgraph.nodes.preview import clean_estimate
from latentgraph.nodes.values import Latents, NoisePrediction, SchedulerState, Timestep

if TYPE_CHECKING:
    from torch import Tensor

CHANNELS: Final = {"red": 0, "green": 1, "blue": 2}
WANTED: Final = 0.9
"""How much of the colour each pixel is to have, in [0, 1]."""


@node(category="denoise", settings=("device", "dtype"))
def steer_by_colour(
    vae: VAE,
    latents: Latents,
    model_input: Latents,
    prediction: NoisePrediction,
    timestep: Timestep,
    state: SchedulerState,
    colour: Literal["red", "green", "blue"] = "blue",
    strength: Annotated[float, Field(ge=0)] = 300.0,
    every: Annotated[int, Field(ge=1)] = 1,
    *,
    context: RunContext = ALONE,
) -> Latents:
    """Move noisy latents so that the picture they lead to has more of a colour.

    The clean latents that the prediction points at are decoded, the loss is the mean distance of the colour's channel
    from 0.9, and its gradient with respect to the latents is what they are moved against. The denoiser itself is not
    differentiated. (The blue loss of the course notebook "Stable Diffusion Deep Dive", J. Whitaker 2022.)

    Args:
        vae: Of the model.
        latents: Of this turn, before scaling; they are what is moved.
        model_input: The same, scaled for the denoiser.
        prediction: Of the denoiser, after guidance.
        timestep: Of this turn.
        state: The scheduler before its step, for its noise levels.
        colour: Which channel is to grow.
        strength: How far to go; 0 is not at all.
        every: At every so many turns; 1 is each.

    Example:
        model = load_model()
        timesteps, state = schedule(model.scheduler, 20)
        noise, random = draw_noise(model.denoiser, model.vae, random_state(7))
        latents = make_latents(noise, state)
        prediction = prediction_target(latents, noise, timesteps[0], state)
        bluer = steer_by_colour(model.vae, latents, latents, prediction, timesteps[0], state, "blue", strength=100.0)
    """
    if not strength or timestep.index % every:
        return latents
    module = loaded(vae, context)
    slope = colour_slope(module, state.snapshot, model_input.samples, prediction.samples, timestep, CHANNELS[colour])
    # The noisier the latents, the further the same slope may move them: by their variance of noise, from 1 to 0.
    noise = noise_variance(state.snapshot, timestep)
    # Some schedulers keep latents in another scale than the denoiser, in which the slope was taken.
    scale = float(latents.samples.float().norm() / model_input.samples.float().norm())
    return with_samples(latents, latents.samples - scale * strength * noise * slope.to(latents.samples.dtype))


def colour_slope(
    module: Any, scheduler: Any, samples: Tensor, prediction: Tensor, timestep: Timestep, channel: int
) -> Tensor:
    """Gradient of the colour's loss, summed over the images, with respect to the scaled latents (B, C, h, w)."""
    import torch

    with torch.enable_grad(), frozen(module):
        moved = samples.detach().float().requires_grad_()
        clean = clean_estimate(scheduler, moved, prediction.detach(), timestep)
        weight = next(module.parameters())
        decoded = module.decode(unscaled(module.config, clean).to(weight.dtype), return_dict=False)[0]
        colours = decoded.float() * 0.5 + 0.5
        loss = (colours[:, channel] - WANTED).abs().mean(dim=(1, 2)).sum()
        (slope,) = torch.autograd.grad(loss, moved)
    return slope


def noise_variance(scheduler: Any, timestep: Timestep) -> float:
    """Share of noise in the latents at a timestep, 0 to 1; 1 where the scheduler does not say."""
    levels = getattr(scheduler, "alphas_cumprod", None)
    if levels is None:
        return 1.0
    place = min(max(int(timestep.value), 0), len(levels) - 1)
    return 1.0 - float(levels[place])
