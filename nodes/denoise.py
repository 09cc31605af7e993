"""One step of denoising: the body of the loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.fast import computing
from latentgraph.nodes.guidance import guided_prediction
from latentgraph.nodes.handles import Denoiser
from latentgraph.nodes.prediction import predictions
from latentgraph.nodes.preview import clean_estimate, offer_preview
from latentgraph.nodes.scheduler_state import copied, scaled_input, stepped
from latentgraph.nodes.values import Guidance, Latents, RandomState, SchedulerState, Timestep

if TYPE_CHECKING:
    from torch import Tensor

Eta = Annotated[float, Field(ge=0, le=1)]


class DenoiseStep(NamedTuple):
    """Everything a step hands to the next.

    Attributes:
        latents: A little less noisy.
        state: The scheduler after the step.
        random: The stream after what the scheduler drew.
    """

    latents: Latents
    state: SchedulerState
    random: RandomState


@node(
    category="denoise",
    settings=("device", "dtype", "speed"),
    draws="random",
    matching=("denoiser", "guidance"),
    rowwise=True,
)
def denoise_step(
    denoiser: Denoiser,
    latents: Latents,
    timestep: Timestep,
    state: SchedulerState,
    random: RandomState,
    guidance: Guidance,
    eta: Eta = 0.0,
    *,
    context: RunContext = ALONE,
) -> DenoiseStep:
    """Ask the denoiser what is noise, and take some of it out.

    Args:
        denoiser: Of the model.
        latents: Noisy, as the step before left them.
        timestep: Of this turn.
        state: The scheduler as the step before left it.
        random: Stream for the noise that some schedulers add again.
        guidance: What to steer by.
        eta: Share of new noise in each step, for DDIM and its kin; the others ignore it.

    Example:
        model = load_model()
        positive = encode(model.text_encoder, tokenize(model.tokenizer, "a red circle"))
        timesteps, state = schedule(model.scheduler, 20)
        noise, random = draw_noise(model.denoiser, model.vae, random_state(7))
        latents, steered = make_latents(noise, state), guidance(positive)
        latents, state, random = denoise_step(model.denoiser, latents, timesteps[0], state, random, steered)
    """
    scheduler = copied(state)
    model_input = scaled_input(scheduler, latents.samples, timestep)
    positive, negative = predictions(computing(denoiser, context), model_input, timestep, guidance, context)
    if negative is not None:
        positive = guided_prediction(positive, negative, guidance.scale, guidance.rescale)
    offer_preview(denoiser, lambda: clean_estimate(scheduler, model_input, positive, timestep), context)
    samples, after = stepped(scheduler, positive, timestep, latents.samples, random, eta)
    return DenoiseStep(with_samples(latents, samples), SchedulerState(scheduler), after)


def with_samples(latents: Latents, samples: Tensor) -> Latents:
    """Other numbers in latents of the same size and family."""
    return Latents(samples, latents.height, latents.width, latents.scaled, latents.family)
