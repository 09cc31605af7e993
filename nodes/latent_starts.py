"""What a sampler begins at and leaves behind, in the measure of k-diffusion: latents whose picture keeps its size.

A scheduler of diffusers has a measure of its own. In that of Euler and its kin noise of the deviation sigma is added
to the picture. In that of DPM-Solver and its kin the sum is divided by sqrt(1 + sigma^2), so that its deviation stays
about 1. Latents with noise in them that go from one loop to another are in the first one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.denoise import with_samples
from latentgraph.nodes.handles import VAE
from latentgraph.nodes.image_latents import repeated
from latentgraph.nodes.latents import Edge, pixels_per_cell
from latentgraph.nodes.schedule_sigmas import is_highest
from latentgraph.nodes.scheduler_state import copied
from latentgraph.nodes.settings import place_for
from latentgraph.nodes.sigmas import TrainedLevels
from latentgraph.nodes.values import Latents, Noise, SchedulerState

if TYPE_CHECKING:
    from torch import Tensor


@node(category="latents", settings=("device", "dtype"))
def empty_latents(
    vae: VAE,
    height: Edge = 512,
    width: Edge = 512,
    batch: Annotated[int, Field(ge=1)] = 1,
    *,
    context: RunContext = ALONE,
) -> Latents:
    """Make latents of zeros.

    Args:
        vae: Of the model; tells how many pixels a latent cell is, and the number of channels.
        height: Of the image in pixels.
        width: Of the image in pixels.
        batch: Number of images.

    Example:
        latents = empty_latents(load_model().vae, height=64, width=64)
        assert not latents.samples.any()
    """
    import torch

    cell, (device, dtype) = pixels_per_cell(vae.config), place_for(vae, context)
    shape = (batch, int(vae.config.get("latent_channels", 4)), height // cell, width // cell)
    return Latents(torch.zeros(shape, device=device, dtype=dtype), height, width, family=vae.family)


@node(category="latents")
def repeat_latents(latents: Latents, amount: Annotated[int, Field(ge=1, le=64)] = 1) -> Latents:
    """Make a batch of the same latents over and over: a b a b.

    Args:
        latents: One or more.
        amount: How often.

    Example:
        latents = repeat_latents(empty_latents(load_model().vae, height=64, width=64), amount=4)
        assert len(latents.samples) == 4
    """
    return with_samples(latents, latents.samples.repeat(amount, 1, 1, 1))


@node(category="latents")
def pick_latents(
    latents: Latents, first: Annotated[int, Field(ge=0)] = 0, count: Annotated[int, Field(ge=1)] = 1
) -> Latents:
    """Take a part of a batch of latents.

    Args:
        latents: Several.
        first: The place of the first one to take, counted from 0; one past the end takes the last.
        count: How many; where there are fewer, those that there are.

    Example:
        latents = empty_latents(load_model().vae, height=64, width=64, batch=3)
        assert len(pick_latents(latents, first=1, count=2).samples) == 2
    """
    begin = min(first, len(latents.samples) - 1)
    return with_samples(latents, latents.samples[begin : begin + count].clone())


@node(category="latents")
def start_latents(latents: Latents, state: SchedulerState, noise: Noise | None = None) -> Latents:
    """Begin denoising at latents, with as much noise added as the first level of the schedule has.

    At the model's highest level the noise is spread to sqrt(1 + sigma^2), as where it is all there is, and at any
    other to sigma.

    Args:
        latents: Clean; or with the noise in them that another loop left, from `leftover_latents`.
        state: The scheduler before its first step, from `schedule_sigmas`.
        noise: Of deviation 1, for the same size; null: none is added.

    Example:
        model = load_model()
        timesteps, state = schedule_sigmas(configure_scheduler(model.scheduler, "EulerDiscreteScheduler"))
        empty = empty_latents(model.vae, height=64, width=64)
        noise, random = draw_noise_like(empty, random_state(7))
        latents = start_latents(empty, state, noise)
    """
    scheduler = copied(state)
    sigma = level(scheduler, 0)
    samples = latents.samples
    if noise is not None:
        full = is_highest(sigma, TrainedLevels.of(scheduler))
        samples = repeated(samples, len(noise.samples))
        if samples.shape != noise.samples.shape:
            raise ValueError(
                f"latents are {tuple(samples.shape)}, noise is {tuple(noise.samples.shape)}; "
                "expected the same shape: draw it by draw_noise_like"
            )
        samples = samples + noise.samples * (math.hypot(sigma, 1) if full else sigma)
    return with_samples(latents, samples / measure(scheduler, sigma))


@node(category="latents")
def leftover_latents(latents: Latents, state: SchedulerState) -> Latents:
    """Hand on latents that still have noise in them, so that another loop can go on with any scheduler.

    Args:
        latents: As the last step left them.
        state: The scheduler after it.

    Example:
        model = load_model()
        scheduler = configure_scheduler(model.scheduler, "EulerDiscreteScheduler")
        timesteps, state = schedule_sigmas(scheduler, end_at_step=10, leftover_noise=True)
        latents = leftover_latents(start_latents(empty_latents(model.vae, 64, 64), state), state)
    """
    scheduler = copied(state)
    return with_samples(latents, latents.samples * measure(scheduler, level(scheduler, -1)))


def level(scheduler: Any, place: int) -> float:
    """Sigma at the first (0) or behind the last (-1) step of a scheduler's schedule."""
    sigmas: Tensor | None = getattr(scheduler, "sigmas", None)
    if sigmas is not None:
        return float(sigmas[place])
    if place < 0:
        return 0.0  # Schedulers that know trained timesteps only go all the way.
    left = float(scheduler.alphas_cumprod[int(scheduler.timesteps[place])])
    return math.sqrt((1 - left) / left)


def measure(scheduler: Any, sigma: float) -> float:
    """What latents in k-diffusion's measure are divided by to be in the scheduler's."""
    # Whose deviation stays about 1 begins at 1, whatever the noise.
    keeps = isinstance(scheduler.init_noise_sigma, int | float) and scheduler.init_noise_sigma == 1
    return math.hypot(sigma, 1) if keeps else 1.0
