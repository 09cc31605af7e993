"""The step of denoising taken apart, so that a node of your own can stand between its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.denoise import DenoiseStep, Eta, with_samples
from latentgraph.nodes.fast import computing
from latentgraph.nodes.guidance import guided_prediction
from latentgraph.nodes.handles import Denoiser
from latentgraph.nodes.prediction import predictions
from latentgraph.nodes.preview import clean_estimate, offer_preview
from latentgraph.nodes.schedule import unset
from latentgraph.nodes.scheduler_state import copied, scaled_input, stepped
from latentgraph.nodes.values import (
    Guidance,
    Latents,
    NoisePrediction,
    PredictionPair,
    RandomState,
    SchedulerState,
    Timestep,
)

if TYPE_CHECKING:
    from torch import Tensor


class ModelInput(NamedTuple):
    """What the denoiser is asked about.

    Attributes:
        model_input: The latents, scaled for the denoiser.
        state: The scheduler, which notes at which of its noise levels it is; give it to scheduler_step.
    """

    model_input: Latents
    state: SchedulerState


@node(category="denoise")
def scale_model_input(latents: Latents, timestep: Timestep, state: SchedulerState) -> ModelInput:
    """Scale noisy latents to the deviation that the denoiser was trained on.

    Args:
        latents: Noisy, as the step before left them.
        timestep: Of this turn.
        state: The scheduler as the step before left it.

    Example:
        model = load_model()
        timesteps, state = schedule(model.scheduler, 20)
        noise, random = draw_noise(model.denoiser, model.vae, random_state(7))
        model_input, state = scale_model_input(make_latents(noise, state), timesteps[0], state)
    """
    scheduler = copied(state)
    samples = scaled_input(scheduler, latents.samples, timestep)
    return ModelInput(with_samples(latents, samples), SchedulerState(scheduler))


@node(category="denoise", settings=("device", "dtype", "speed"), matching=("denoiser", "guidance"))
def predict_noise(
    denoiser: Denoiser,
    model_input: Latents,
    timestep: Timestep,
    guidance: Guidance,
    *,
    context: RunContext = ALONE,
) -> PredictionPair:
    """Ask the denoiser what is noise, for the prompt and for the negative prompt in one call.

    Args:
        denoiser: Of the model.
        model_input: Latents, scaled for the denoiser.
        timestep: Of this turn.
        guidance: What to steer by.

    Example:
        model = load_model()
        positive = encode(model.text_encoder, tokenize(model.tokenizer, "a red circle"))
        timesteps, state = schedule(model.scheduler, 20)
        noise, random = draw_noise(model.denoiser, model.vae, random_state(7))
        model_input, state = scale_model_input(make_latents(noise, state), timesteps[0], state)
        predictions = predict_noise(model.denoiser, model_input, timesteps[0], guidance(positive))
    """
    module = computing(denoiser, context)
    positive, negative = predictions(module, model_input.samples, timestep, guidance, context)
    if denoiser.scheduler is not None:
        levels = unset(denoiser.scheduler, context)
        offer_preview(denoiser, lambda: _estimate(levels, model_input, positive, negative, timestep, guidance), context)
    family = denoiser.family
    unsteered = None if negative is None else NoisePrediction(negative, family)
    return PredictionPair(NoisePrediction(positive, family), unsteered, family)


def _estimate(
    scheduler: Any,
    model_input: Latents,
    positive: Tensor,
    negative: Tensor | None,
    timestep: Timestep,
    guidance: Guidance,
) -> Tensor:
    """What the latents would be without noise, guided as `guide` would."""
    if negative is not None:
        positive = guided_prediction(positive, negative, guidance.scale, guidance.rescale)
    return clean_estimate(scheduler, model_input.samples, positive, timestep)


@node(category="denoise")
def guide(predictions: PredictionPair, guidance: Guidance) -> NoisePrediction:
    """Go further from the negative prediction towards the positive one.

    Args:
        predictions: For both sides.
        guidance: Its scale says how far, its rescale how much of the spread to draw back.

    Example:
        model = load_model()
        positive = encode(model.text_encoder, tokenize(model.tokenizer, "a red circle"))
        timesteps, state = schedule(model.scheduler, 20)
        latents = make_latents(draw_noise(model.denoiser, model.vae, random_state(7)).noise, state)
        predictions = predict_noise(model.denoiser, latents, timesteps[0], guidance(positive, positive))
        prediction = guide(predictions, guidance(positive, positive))
    """
    positive, negative = predictions.positive, predictions.negative
    if negative is None:
        return positive
    samples = guided_prediction(positive.samples, negative.samples, guidance.scale, guidance.rescale)
    return NoisePrediction(samples, positive.family)


@node(category="denoise", draws="random")
def scheduler_step(
    latents: Latents,
    prediction: NoisePrediction,
    timestep: Timestep,
    state: SchedulerState,
    random: RandomState,
    eta: Eta = 0.0,
) -> DenoiseStep:
    """Take predicted noise out of the latents, as far as this step goes.

    Args:
        latents: As they were before scaling.
        prediction: What to take out.
        timestep: Of this turn.
        state: The scheduler as scale_model_input gave it.
        random: Stream for the noise that some schedulers add again.
        eta: Share of new noise in each step, for DDIM and its kin; the others ignore it.

    Example:
        model = load_model()
        timesteps, state = schedule(model.scheduler, 20)
        noise, random = draw_noise(model.denoiser, model.vae, random_state(7))
        prediction = prediction_target(make_latents(noise, state), noise, timesteps[0], state)
        latents, state, random = scheduler_step(make_latents(noise, state), prediction, timesteps[0], state, random)
    """
    scheduler = copied(state)
    samples, after = stepped(scheduler, prediction.samples, timestep, latents.samples, random, eta)
    return DenoiseStep(with_samples(latents, samples), SchedulerState(scheduler), after)
