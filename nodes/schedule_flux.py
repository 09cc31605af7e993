"""The noise levels of Flux."""

from __future__ import annotations

import inspect
from typing import Annotated, Any

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.flux_patches import PATCH
from latentgraph.nodes.handles import Scheduler
from latentgraph.nodes.schedule import Schedule, numbered, refuse_hidden_randomness, unset
from latentgraph.nodes.schedule_flow import shift_of
from latentgraph.nodes.settings import device_of
from latentgraph.nodes.values import Noise, SchedulerState


@node(category="schedule", settings=("device",), families=("flux",))
def schedule_flux(
    scheduler: Scheduler,
    noise: Noise,
    num_inference_steps: Annotated[int, Field(ge=1)] = 28,
    sigmas: Annotated[list[float], Field(min_length=1)] | None = None,
    mu: float | None = None,
    *,
    context: RunContext = ALONE,
) -> Schedule:
    """Choose the noise levels of Flux: in even steps from 1 down, then shifted as the scheduler does it.

    A larger picture stays noisy for longer, where the scheduler shifts by the number of patches (`dev` and its kin);
    `schnell` has one shift for all sizes. A scheduler that draws noise of its own gives another picture than
    diffusers' pipeline, which lets it draw from a stream that no seed of the run reaches.

    Args:
        scheduler: Of the model.
        noise: What the images begin as; tells how many patches there are.
        num_inference_steps: More steps take longer and come closer to what the model would draw at best.
        sigmas: These noise levels in place of even steps, falling.
        mu: The shift in place of the one that the number of patches gives; null: that one.

    Example:
        model = load_flux("./flux")
        noise, random = draw_noise_flux(model.denoiser, model.vae, random_state(7), height=64, width=64)
        timesteps, state = schedule_flux(model.scheduler, noise, num_inference_steps=28)
    """
    import numpy

    live = unset(scheduler, context)
    refuse_hidden_randomness(live)
    if mu is None:
        height, width = noise.samples.shape[-2:]
        mu = shift_of((height // PATCH) * (width // PATCH), live.config, untold=1.15)
    own_levels = bool(live.config.get("use_flow_sigmas"))
    refuse_other_schedulers(live, own_levels, sigmas)
    # `mu` also where the scheduler shifts by a number of its own: it is free not to look.
    levels: dict[str, Any] = {"mu": mu, "device": device_of(context)}
    with numpy.errstate(all="ignore"):
        if own_levels:
            live.set_timesteps(num_inference_steps, **levels)
        else:
            even = numpy.linspace(1.0, 1 / num_inference_steps, num_inference_steps)
            live.set_timesteps(sigmas=even if sigmas is None else sigmas, **levels)
    if not live.sigmas.isfinite().all():
        raise ValueError(f"{scheduler.class_name} makes noise levels that are no numbers of these; take more steps")
    live.set_begin_index(0)
    return Schedule(numbered(live.timesteps.unbind()), SchedulerState(live))


def refuse_other_schedulers(scheduler: Any, own_levels: bool, sigmas: list[float] | None) -> None:
    """Hold that a scheduler can be given the levels of Flux, as diffusers' pipeline gives them.

    Args:
        scheduler: A live one.
        own_levels: It makes flow-matching levels itself and is told their number only.
        sigmas: Levels that somebody wants.

    Raises:
        ValueError: It cannot.
    """
    name, takes = type(scheduler).__name__, inspect.signature(scheduler.set_timesteps).parameters
    if "mu" not in takes or not (own_levels or "sigmas" in takes):
        raise ValueError(
            f"{name} takes no noise levels that are shifted by the size of the picture, as those of Flux are; take "
            "FlowMatchEulerDiscreteScheduler, or another one with the option use_flow_sigmas"
        )
    shifts = scheduler.config.get("use_dynamic_shifting") and scheduler.config.get("time_shift_type") == "exponential"
    if own_levels and not shifts:
        raise ValueError(
            f"{name} takes the shift of Flux only with the option use_dynamic_shifting, and time_shift_type exponential"
        )
    if own_levels and sigmas is not None:
        raise ValueError(f"{name} makes its noise levels itself (use_flow_sigmas); leave sigmas out")
