"""Leaving out the first steps of a flow-matching schedule, for a picture to begin from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.schedule import Schedule, numbered
from latentgraph.nodes.scheduler_state import copied
from latentgraph.nodes.values import SchedulerState, Timestep


@node(category="schedule", families=("sd3", "flux"))
def skip_flow_steps(
    timesteps: list[Timestep],
    state: SchedulerState,
    strength: Annotated[float, Field(gt=0, le=1)] = 0.6,
) -> Schedule:
    """Leave out the first steps of a flow-matching model, which a picture to begin from has no need of.

    They are counted as the image-to-image pipelines of Stable Diffusion 3 and Flux count them (diffusers 0.42.1,
    `get_timesteps`): where the strength makes no whole number of steps one more is left than by skip_steps.

    Args:
        timesteps: All of them.
        state: The scheduler before its first step.
        strength: Share of the steps that is left: at 1 all of them, and nothing of the picture; at 0.1 hardly any
            change.

    Example:
        model = load_flux("./flux")
        noise, random = draw_noise_flux(model.denoiser, model.vae, random_state(7), height=64, width=64)
        timesteps, state = schedule_flux(model.scheduler, noise, num_inference_steps=10)
        timesteps, state = skip_flow_steps(timesteps, state, strength=0.6)
    """
    before = copied(state)
    steps = -(-len(timesteps) // before.order)  # One of second order has a turn less than two for each step.
    skipped = int(max(steps - min(steps * strength, steps), 0)) * before.order
    left = timesteps[skipped:]
    if not left:
        raise ValueError(f"a strength of {strength:g} leaves none of {steps} steps; give more of either")
    before.set_begin_index(skipped)
    return Schedule(numbered([one.value for one in left]), SchedulerState(before))
