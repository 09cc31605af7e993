"""Stepping a diffusers scheduler as if it were a value: every call works on a copy and leaves the original alone.

diffusers schedulers remember earlier steps in themselves. Their `step` binds new objects to attributes, and changes
in place nothing but lists and one running sum, so a copy of the attributes with its own lists is a whole copy. Tables
and configuration are shared. A test holds this for every scheduler that fits.
"""

from __future__ import annotations

import inspect
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from latentgraph.nodes import brownian
from latentgraph.nodes.random_state import after_drawing, generator_at
from latentgraph.nodes.values import RandomState, SchedulerState, Timestep

if TYPE_CHECKING:
    from torch import Tensor

RUNNING_SUMS: Final = ("cur_model_output",)
"""Attributes that hold a tensor which `step` adds to in place (PNDM in its Runge-Kutta steps)."""
NOISE_SOURCE: Final = "noise_sampler"
"""Attribute that holds noise which follows from a seed and the noise levels (DPMSolverSDE): it is made anew."""


@dataclass(frozen=True, slots=True)
class StepArguments:
    """What the `step` of a scheduler class takes beside prediction, timestep and sample."""

    eta: bool
    generator: bool


@lru_cache
def step_arguments(scheduler_class: Any) -> StepArguments:
    """Read them off its signature."""
    names = inspect.signature(scheduler_class.step).parameters
    return StepArguments("eta" in names, "generator" in names)


def copied(state: SchedulerState) -> Any:
    """A live scheduler that goes on from `state`; what is done to it does not reach `state`."""
    original = state.snapshot
    scheduler = object.__new__(type(original))
    attributes = scheduler.__dict__
    attributes.update(original.__dict__)
    for name, value in original.__dict__.items():
        if type(value) is list:
            attributes[name] = value.copy()
    for name in RUNNING_SUMS:
        if hasattr(attributes.get(name), "clone"):
            attributes[name] = attributes[name].clone()
    return scheduler


def initial_deviation(state: SchedulerState) -> Any:
    """Standard deviation of the latents that the first step expects: a number or a 0-dim tensor.

    Raises:
        ValueError: The scheduler belongs to models that do not begin so, such as those of flow matching.
    """
    if not hasattr(state.snapshot, "init_noise_sigma"):
        raise ValueError(f"{state.class_name} is for models of another kind: it has no deviation to begin at")
    return state.snapshot.init_noise_sigma


def scaled_input(scheduler: Any, samples: Tensor, timestep: Timestep) -> Tensor:
    """The latents as the denoiser wants them at this noise level; `scheduler` notes that it was asked.

    Args:
        scheduler: A live one, from `copied`.
        samples: Noisy latents, (B, C, h, w).
        timestep: Of this turn.
    """
    if not hasattr(scheduler, "scale_model_input"):
        return samples
    scaled: Tensor = scheduler.scale_model_input(samples, timestep.value)
    return scaled


def stepped(
    scheduler: Any, prediction: Tensor, timestep: Timestep, samples: Tensor, random: RandomState, eta: float
) -> tuple[Tensor, RandomState]:
    """One step towards the image; `scheduler` remembers what it needs for the next.

    Args:
        scheduler: A live one, from `copied`.
        prediction: Of the denoiser, after guidance, (B, C, h, w).
        timestep: Of this turn.
        samples: The latents before the step, unscaled, same shape.
        random: Stream that ancestral and stochastic schedulers draw from.
        eta: 0 to 1, share of new noise in each step; for those that know it (DDIM and its kin), ignored by the others.

    Returns:
        The latents after the step, and the stream after what was drawn.
    """
    takes = step_arguments(scheduler.__class__)
    more: dict[str, Any] = {"eta": eta} if takes.eta else {}
    if not takes.generator:
        with warnings.catch_warnings():
            # Levels of DPMSolverSDE that were rounded to just beyond the ends of its Brownian motion.
            warnings.filterwarnings("ignore", "Should have t[ab]", UserWarning)
            result = scheduler.step(prediction, timestep.value, samples, **more, return_dict=False)[0]
        if hasattr(scheduler, NOISE_SOURCE):
            setattr(scheduler, NOISE_SOURCE, None)
        return result, random
    if hasattr(scheduler, brownian.SEED):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Should have t[ab]", UserWarning)
            noise = brownian.step_noise(scheduler, prediction)
        result = scheduler.step(prediction, timestep.value, samples, variance_noise=noise, **more, return_dict=False)[0]
        return result, random
    generator = generator_at(random)
    result = scheduler.step(prediction, timestep.value, samples, generator=generator, **more, return_dict=False)[0]
    return result, after_drawing(random, generator)
