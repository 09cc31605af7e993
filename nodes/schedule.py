"""Which scheduler, over which timesteps."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.handles import Scheduler, loaded
from latentgraph.nodes.scheduler_options import SchedulerName, configured
from latentgraph.nodes.scheduler_state import copied
from latentgraph.nodes.settings import device_of
from latentgraph.nodes.values import SchedulerState, Timestep

if TYPE_CHECKING:
    from torch import Tensor


LOOKING_UP: Final = frozenset(
    {
        "DDIMScheduler",
        "DPMSolverMultistepScheduler",
        "EulerAncestralDiscreteScheduler",
        "EulerDiscreteScheduler",
        "PNDMScheduler",
        "UniPCMultistepScheduler",
    }
)
"""Schedulers to which a timestep is only a place in tables that they have on the CPU, whatever the device.

A timestep on a GPU would make the host wait at each look. Other schedulers compute with it, and would round otherwise.
"""


@node(category="schedule")
def configure_scheduler(
    scheduler: Scheduler, class_name: SchedulerName | None = None, options: dict[str, Any] | None = None
) -> Scheduler:
    """Take another scheduler, or the model's own with other options.

    It is configured from the model's own as diffusers' `from_config` does it, so that it knows the noise levels that
    the model was trained on.

    Args:
        scheduler: Of the model.
        class_name: Any scheduler class of diffusers, such as EulerDiscreteScheduler; null or empty: the same class.
        options: Further options by the names of that class, such as {"use_karras_sigmas": true}.

    Example:
        scheduler = configure_scheduler(load_model().scheduler, "DDIMScheduler", {"timestep_spacing": "trailing"})
    """
    if not class_name and not options:
        return scheduler
    live = configured(class_name or scheduler.class_name, scheduler.config, options or {})
    return Scheduler.of(live, family=scheduler.family)


class Schedule(NamedTuple):
    """The turns of the denoising loop.

    Attributes:
        timesteps: One for each turn, from noise to image; a second-order scheduler has more turns than steps.
        state: The scheduler before its first step.
    """

    timesteps: list[Timestep]
    state: SchedulerState


@node(category="schedule", settings=("device",))
def schedule(
    scheduler: Scheduler,
    num_inference_steps: Annotated[int, Field(ge=1)] = 50,
    timesteps: list[int] | None = None,
    sigmas: list[float] | None = None,
    *,
    context: RunContext = ALONE,
) -> Schedule:
    """Choose the noise levels to go through.

    Args:
        scheduler: Of the model, or a configured one.
        num_inference_steps: More steps take longer and come closer to what the model would draw at best.
        timesteps: These timesteps in place of a number of steps, falling; not every scheduler takes them.
        sigmas: These noise levels in place of a number of steps, falling; not every scheduler takes them.

    Example:
        timesteps, state = schedule(load_model().scheduler, num_inference_steps=20)
        assert timesteps[0].value > timesteps[-1].value
    """
    live = unset(scheduler, context)
    refuse_hidden_randomness(live)
    if live.config.get("use_dynamic_shifting"):
        raise ValueError(
            f"{scheduler.class_name} shifts its noise levels by the size of the picture, which this node is not told; "
            "take schedule_flow (sd3) or schedule_flux (flux)"
        )
    if timesteps is not None and sigmas is not None:
        raise ValueError("give timesteps or sigmas, not both")
    levels: dict[str, Any] = {"num_inference_steps": num_inference_steps}
    if timesteps is not None:
        levels = {"timesteps": timesteps}
    elif sigmas is not None:
        levels = {"sigmas": sigmas}
    for name in levels:
        if name not in inspect.signature(live.set_timesteps).parameters:
            raise ValueError(f"{scheduler.class_name} takes no {name} of your own; leave them out")
    trained = int(live.config.num_train_timesteps)
    if num_inference_steps > trained:
        raise ValueError(f"the model was trained on {trained} timesteps, so it cannot take {num_inference_steps} steps")
    live.set_timesteps(**levels, device=device_of(context))
    if scheduler.class_name in LOOKING_UP:
        live.timesteps = live.timesteps.cpu()
    refuse_untrained_timesteps(live, trained)
    turns = numbered(live.timesteps.unbind())
    return Schedule(turns, SchedulerState(live))


@node(category="schedule")
def skip_steps(
    timesteps: list[Timestep],
    state: SchedulerState,
    strength: Annotated[float, Field(gt=0, le=1)] = 0.8,
) -> Schedule:
    """Leave out the first steps, which a picture to begin from has no need of.

    Args:
        timesteps: All of them.
        state: The scheduler before its first step.
        strength: Share of the steps that is left: at 1 all of them, and little of the picture; at 0.1 hardly any
            change.

    Example:
        timesteps, state = schedule(load_model().scheduler, 20)
        timesteps, state = skip_steps(timesteps, state, strength=0.5)
    """
    before = copied(state)
    # PNDM and second-order schedulers have more turns than steps; diffusers counts steps.
    steps = getattr(before, "num_inference_steps", None) or len(timesteps)
    skipped = (steps - min(int(steps * strength), steps)) * before.order
    left = timesteps[skipped:]
    if not left or int(steps * strength) < 1:
        raise ValueError(f"a strength of {strength:g} leaves none of {steps} steps; give more of either")
    if hasattr(before, "set_begin_index"):
        before.set_begin_index(skipped)
    return Schedule(numbered([one.value for one in left]), SchedulerState(before))


def numbered(values: Sequence[Tensor]) -> list[Timestep]:
    """The turns of a loop over these timesteps, each 0-dim."""
    return [Timestep(value, index, len(values)) for index, value in enumerate(values)]


def refuse_untrained_timesteps(scheduler: Any, trained: int) -> None:
    """Hold that every whole timestep has an entry in the tables of the noise levels that the model was trained on.

    With the spacing `leading` and an offset of 1, as Stable Diffusion has it, as many steps as trained timesteps begin
    one past the last; diffusers then fails inside a step. Timesteps with fractions are interpolated and may lie there.

    Raises:
        ValueError: One has none.
    """
    timesteps = scheduler.timesteps
    if timesteps.is_floating_point() or not len(timesteps):
        return
    highest, lowest = int(timesteps.max()), int(timesteps.min())
    if highest >= trained or lowest < 0:
        wrong = highest if highest >= trained else lowest
        raise ValueError(
            f"{len(timesteps)} timesteps of {type(scheduler).__name__} reach {wrong}, but the model was trained on "
            f"0 to {trained - 1}; take fewer steps, or timesteps within that range"
        )
    if len(timesteps) > 1 and highest == lowest:
        raise ValueError(
            f"all {len(timesteps)} timesteps of {type(scheduler).__name__} are {highest}, because so many steps do not "
            f"fit into {trained} trained ones; take fewer steps"
        )


def unset(scheduler: Scheduler, context: RunContext) -> Any:
    """A live scheduler of its own before `set_timesteps`; its class reads the configuration once in a process."""
    original = context.pool.get(("scheduler", scheduler.digest), lambda: loaded(scheduler, context))
    return copied(SchedulerState(original))


def refuse_hidden_randomness(scheduler: Any) -> None:
    """Hold that everything random in a step comes from the stream that is given to it.

    Raises:
        ValueError: The scheduler would draw from the generator of the process.
    """
    name = "noise_sampler_seed"
    if name in inspect.signature(scheduler.__class__).parameters and scheduler.config.get(name) is None:
        raise ValueError(
            f"{type(scheduler).__name__} draws noise outside the run's stream; give it the option {name}, an integer"
        )
