"""A part of a schedule: where to begin and where to stop, so that one model can go on where another stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.schedule import Schedule, numbered
from latentgraph.nodes.scheduler_state import copied
from latentgraph.nodes.values import SchedulerState, Timestep

if TYPE_CHECKING:
    from torch import Tensor

Share = Annotated[float, Field(ge=0, le=1)]


@node(category="schedule")
def part_of_schedule(
    timesteps: list[Timestep],
    state: SchedulerState,
    denoising_start: Share | None = None,
    denoising_end: Share | None = None,
) -> Schedule:
    """Take the turns between two points of the denoising, such as 0.8 and the end (ensemble of expert denoisers).

    The points are shares of the timesteps the model was trained on, so that they fit whatever the number of steps. As
    in diffusers, null, 0 and 1 cut nothing off.

    Args:
        timesteps: Of a schedule, all of them.
        state: The scheduler before its first step.
        denoising_start: Where to begin.
        denoising_end: Where to stop.

    Example:
        timesteps, state = schedule(load_model().scheduler, 20)
        timesteps, state = part_of_schedule(timesteps, state, denoising_end=0.8)
    """
    scheduler = copied(state)
    start, end = (share if share and share < 1 else None for share in (denoising_start, denoising_end))
    if start is not None and end is not None and start >= end:
        raise ValueError(f"denoising_start is {start:g} and denoising_end {end:g}; the start must come first")
    kept = timesteps
    if start is not None:
        first = first_turn(scheduler, start)
        kept = kept[first:]
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(first)
    if end is not None:
        cut = training_timestep(scheduler, end)
        kept = kept[: sum(bool(one.value >= cut) for one in kept)]
    if not kept:
        raise ValueError("no turn is left between denoising_start and denoising_end; take more steps")
    return Schedule(numbered([one.value for one in kept]), SchedulerState(scheduler))


def training_timestep(scheduler: Any, share: float) -> int:
    """The timestep of the training that lies at `share` of the way from noise to image."""
    trained = int(scheduler.config.num_train_timesteps)
    return round(trained - (share * trained))


def first_turn(scheduler: Any, share: float) -> int:
    """The turn that goes on at `share`; a second-order scheduler is not cut between the two turns of a step."""
    turns: Tensor = scheduler.timesteps
    left = int((turns < training_timestep(scheduler, share)).sum())
    if scheduler.order == 2 and left % 2 == 0:
        left += 1
    return len(turns) - left
