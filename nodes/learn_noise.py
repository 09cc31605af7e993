"""What a denoiser is trained on: noise levels by lot, and what it would have to say of noisy latents to be right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.handles import Scheduler
from latentgraph.nodes.random_state import after_drawing, generator_at
from latentgraph.nodes.schedule import numbered
from latentgraph.nodes.scheduler_options import configured
from latentgraph.nodes.values import Latents, Noise, NoisePrediction, RandomState, SchedulerState, Timestep

if TYPE_CHECKING:
    from torch import Tensor


class DrawnTimesteps(NamedTuple):
    """The turns of a loop that learns.

    Attributes:
        timesteps: One for each turn, in no order.
        state: The noise levels that the model was trained on, for `add_noise`.
        random: Where the stream goes on.
    """

    timesteps: list[Timestep]
    state: SchedulerState
    random: RandomState


@node(category="learn", draws="random")
def draw_timesteps(scheduler: Scheduler, random: RandomState, count: Annotated[int, Field(ge=0)]) -> DrawnTimesteps:
    """Draw the noise levels to learn at, each of those that the model was trained on as likely as the next.

    Args:
        scheduler: Of the model; tells its noise levels.
        random: The stream to draw from.
        count: How many turns the loop is to take; 0 learns nothing.

    Example:
        timesteps, state, random = draw_timesteps(load_model().scheduler, random_state(7), count=100)
        assert len(timesteps) == 100
    """
    import torch

    levels = configured("DDPMScheduler", scheduler.config, {})
    generator = generator_at(random)
    if isinstance(generator, list):
        raise ValueError(f"{len(generator)} seeds are for as many images; learning draws from one stream, of one seed")
    trained = int(levels.config.num_train_timesteps)
    drawn = torch.randint(0, trained, (count,), generator=generator)
    return DrawnTimesteps(numbered(drawn.unbind()), SchedulerState(levels), after_drawing(random, generator))


@node(category="learn")
def prediction_target(latents: Latents, noise: Noise, timestep: Timestep, state: SchedulerState) -> NoisePrediction:
    """Tell what the denoiser would have to predict: the noise, or the velocity where it was trained for that.

    Args:
        latents: Clean.
        noise: That was added to them.
        timestep: At which it was added.
        state: The noise levels, from draw_timesteps.

    Example:
        model = load_model()
        latents, random = encode_image(model.vae, load_image("./photo.png"), random_state(7))
        timesteps, state, random = draw_timesteps(model.scheduler, random, count=1)
        noise, random = draw_noise_like(latents, random)
        target = prediction_target(latents, noise, timesteps[0], state)
    """
    return NoisePrediction(target_samples(latents.samples, noise.samples, timestep, state), latents.family)


def target_samples(clean: Tensor, noise: Tensor, timestep: Timestep, state: SchedulerState) -> Tensor:
    """Noise (Ho et al. 2020, eq. 14), or velocity (Salimans & Ho 2022, app. D), in the shape of both, (B, C, h, w)."""
    scheduler = state.snapshot
    kind = scheduler.config.get("prediction_type", "epsilon")
    if kind == "epsilon":
        return noise
    if kind != "v_prediction" or not hasattr(scheduler, "get_velocity"):
        raise ValueError(f"a model whose prediction is {kind!r} cannot be taught here: noise or velocity is wanted")
    levels = timestep.value.reshape(1).repeat(len(clean))
    velocity: Tensor = scheduler.get_velocity(clean, noise, levels)
    return velocity
