"""The noise levels of latent consistency models, which draw in a few steps (Luo et al. 2023)."""

from __future__ import annotations

import inspect
from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.handles import Scheduler
from latentgraph.nodes.schedule import Schedule, numbered, unset
from latentgraph.nodes.settings import device_of
from latentgraph.nodes.values import SchedulerState


@node(category="schedule", settings=("device",))
def schedule_lcm(
    scheduler: Scheduler,
    num_inference_steps: Annotated[int, Field(ge=1)] = 4,
    original_inference_steps: Annotated[int, Field(ge=1)] | None = None,
    timesteps: list[int] | None = None,
    strength: Annotated[float, Field(gt=0, le=1)] = 1.0,
    *,
    context: RunContext = ALONE,
) -> Schedule:
    """Choose a few of the noise levels that a latent consistency model was distilled on.

    Args:
        scheduler: Of the model, or a configured one: LCMScheduler or TCDScheduler.
        num_inference_steps: One is enough for a picture, and more than eight are seldom of use.
        original_inference_steps: How many noise levels there are to choose from; null: as the model says.
        timesteps: These timesteps in place of a number of steps, falling.
        strength: Share of those noise levels that is left, from the last on: 1 starts from noise alone, less from a
            picture with noise in it.

    Example:
        scheduler = configure_scheduler(load_model().scheduler, "LCMScheduler")
        timesteps, state = schedule_lcm(scheduler, 4)
        assert len(timesteps) == 4
    """
    live = unset(scheduler, context)
    if "original_inference_steps" not in inspect.signature(live.set_timesteps).parameters:
        raise ValueError(
            f"{scheduler.class_name} is none for latent consistency models; "
            "put `configure_scheduler` before, with the class LCMScheduler"
        )
    levels = original_inference_steps or int(live.config.original_inference_steps)
    trained = int(live.config.num_train_timesteps)
    if levels > trained:
        raise ValueError(f"original_inference_steps is {levels}; the model was trained on {trained} timesteps")
    # TCDScheduler does something else where it is told the number that it would take by itself.
    given: dict[str, Any] = {"original_inference_steps": original_inference_steps}
    if timesteps is None:
        left = int(levels * strength)
        if num_inference_steps > left:
            raise ValueError(
                f"{num_inference_steps} steps are more than the {left} noise levels to choose from; take fewer"
                + (", or a greater strength" if strength < 1 else "")
            )
        given |= {"num_inference_steps": num_inference_steps, "strength": strength}
    else:
        _refuse_timesteps(timesteps, trained, strength)
        given["timesteps"] = timesteps
    live.set_timesteps(**given, device=device_of(context))
    return Schedule(numbered(live.timesteps.unbind()), SchedulerState(live))


def _refuse_timesteps(timesteps: list[int], trained: int, strength: float) -> None:
    """Hold that timesteps fall within those that the model was trained on, all the way to the image.

    Raises:
        ValueError: They do not, or some of them would be left out.
    """
    if strength < 1:
        raise ValueError("give timesteps or a strength, not both: leave out the first timesteps yourself")
    falling = all(later < earlier for earlier, later in pairwise(timesteps))
    if not timesteps or not falling or timesteps[0] >= trained or timesteps[-1] < 0:
        raise ValueError(f"the timesteps are {timesteps}; they fall, and lie between {trained - 1} and 0")
