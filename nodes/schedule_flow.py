"""The noise levels of flow-matching models, which may depend on the size of the picture (Esser et al. 2024)."""

from __future__ import annotations

import inspect
from typing import Annotated, Any

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.handles import Denoiser, Scheduler
from latentgraph.nodes.schedule import Schedule, numbered, refuse_hidden_randomness, unset
from latentgraph.nodes.settings import device_of
from latentgraph.nodes.values import Latents, Noise, SchedulerState


@node(category="schedule", settings=("device",), families=("sd3",))
def schedule_flow(
    scheduler: Scheduler,
    denoiser: Denoiser,
    noise: Noise,
    num_inference_steps: Annotated[int, Field(ge=1)] = 28,
    sigmas: list[float] | None = None,
    mu: float | None = None,
    *,
    context: RunContext = ALONE,
) -> Schedule:
    """Choose the noise levels of a flow-matching model.

    Args:
        scheduler: Of the model.
        denoiser: Of the model; tells how many latent cells a patch is wide.
        noise: What the images begin as; a larger one stays noisy for longer, where the scheduler shifts by size.
        num_inference_steps: More steps take longer and come closer to what the model would draw at best.
        sigmas: These noise levels in place of a number of steps, falling.
        mu: The shift in place of the one that the size gives; null: that one.

    Example:
        model = load_sd3("./sd3")
        noise, random = draw_noise(model.denoiser, model.vae, random_state(7), height=64, width=64)
        timesteps, state = schedule_flow(model.scheduler, model.denoiser, noise, num_inference_steps=28)
    """
    live = unset(scheduler, context)
    refuse_hidden_randomness(live)
    refuse_other_levels(live)
    levels: dict[str, Any] = {"num_inference_steps": num_inference_steps} if sigmas is None else {"sigmas": sigmas}
    if mu is None and live.config.get("use_dynamic_shifting"):
        height, width = noise.samples.shape[-2:]
        patch = int(denoiser.config.get("patch_size", 2))
        mu = shift_of((height // patch) * (width // patch), live.config)
    if mu is not None:
        levels["mu"] = mu
    for name in levels:
        if name not in inspect.signature(live.set_timesteps).parameters:
            raise ValueError(f"{scheduler.class_name} takes no {name} of your own; leave it out")
    live.set_timesteps(**levels, device=device_of(context))
    return Schedule(numbered(live.timesteps.unbind()), SchedulerState(live))


def refuse_other_levels(scheduler: Any) -> None:
    """Hold that a scheduler goes from noise to picture in a straight line, as flow matching has it.

    Raises:
        ValueError: It does not.
    """
    straight = hasattr(scheduler, "scale_noise") or scheduler.config.get("use_flow_sigmas")
    if not straight:
        raise ValueError(
            f"{type(scheduler).__name__} has not the noise levels of flow matching; take "
            "FlowMatchEulerDiscreteScheduler, or another one with the options use_flow_sigmas and, as its "
            "prediction_type, flow_prediction"
        )


def shift_of(patches: int, config: Any, untold: float = 1.16) -> float:
    """The shift for a picture of that many patches, on the line through the two that the model names.

    The arithmetic is that of diffusers 0.42.1 (`calculate_shift`), operation for operation.

    Args:
        patches: Of the picture.
        config: Of the scheduler.
        untold: The larger shift where the scheduler does not tell it.
    """
    low, high = config.get("base_image_seq_len", 256), config.get("max_image_seq_len", 4096)
    least, most = config.get("base_shift", 0.5), config.get("max_shift", untold)
    slope = (most - least) / (high - low)
    shift: float = patches * slope + (least - slope * low)
    return shift


@node(category="latents", families=("sd3", "flux"))
def make_flow_latents(noise: Noise) -> Latents:
    """Begin at the noise as it is, as flow-matching models do: at their first step nothing else is there.

    Args:
        noise: Of deviation 1.

    Example:
        model = load_sd3("./sd3")
        noise, random = draw_noise(model.denoiser, model.vae, random_state(7), height=64, width=64)
        latents = make_flow_latents(noise)
    """
    return Latents(noise.samples, noise.height, noise.width, family=noise.family)
