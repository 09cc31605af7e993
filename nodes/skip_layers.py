"""Skip-layer guidance: away from what a denoiser says when some of its layers are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.calling import call_sd3
from latentgraph.nodes.guidance import side_of
from latentgraph.nodes.handles import Denoiser, loaded
from latentgraph.nodes.values import Guidance, Latents, NoisePrediction, PredictionPair, SchedulerState, Timestep

if TYPE_CHECKING:
    from torch import Tensor

Share = Annotated[float, Field(ge=0, le=1)]


@node(category="denoise", settings=("device", "dtype"), families=("sd3",))
def skip_layers(
    denoiser: Denoiser,
    prediction: NoisePrediction,
    predictions: PredictionPair,
    model_input: Latents,
    timestep: Timestep,
    state: SchedulerState,
    guidance: Guidance,
    layers: list[int],
    scale: float = 2.8,
    start: Share = 0.01,
    stop: Share = 0.2,
    *,
    context: RunContext = ALONE,
) -> NoisePrediction:
    """Steer away from what the transformer says without some of its layers, which sets forms right (Hyung et al. 2024).

    It stands behind `guide`, and takes a third call of the denoiser at the turns between `start` and `stop`. Without a
    negative side it does nothing, as in StableDiffusion3Pipeline of diffusers 0.42.1 (skip_guidance_layers).

    Args:
        denoiser: Of the model.
        prediction: After guidance.
        predictions: Of both sides, as predict_noise gave them.
        model_input: What they were predicted from.
        timestep: Of this turn.
        state: The scheduler; tells how many steps there are.
        guidance: What is steered by.
        layers: To leave out, from 0 on; [7, 8, 9] in Stable Diffusion 3.5 medium. None: nothing is done.
        scale: How far to go.
        start: Share of the steps after which it begins.
        stop: Share of the steps before which it ends.

    Example:
        model = load_sd3("./sd3")
        tokens = tokenize_sd3(model.tokenizer, model.tokenizer_2, "a red circle")
        positive = encode_sd3(model.text_encoder, model.text_encoder_2, tokens, model.denoiser)
        noise, random = draw_noise(model.denoiser, model.vae, random_state(7), height=64, width=64)
        timesteps, state = schedule_flow(model.scheduler, model.denoiser, noise)
        latents, turn, steered = make_flow_latents(noise), timesteps[1], guidance(positive, positive)
        predictions = predict_noise(model.denoiser, latents, turn, steered)
        guided = guide(predictions, steered)
        further = skip_layers(model.denoiser, guided, predictions, latents, turn, state, steered, layers=[0])
    """
    steps = getattr(state.snapshot, "num_inference_steps", None) or timestep.count
    between = steps * start < timestep.index < steps * stop
    if not (layers and guidance.guided and between):
        return prediction
    without = prediction_without(
        layers, loaded(denoiser, context), model_input.samples, timestep, side_of(guidance, guidance.positive)
    )
    samples = prediction.samples + (predictions.positive.samples - without) * scale
    return NoisePrediction(samples, prediction.family)


def prediction_without(
    layers: list[int], module: Any, model_input: Tensor, timestep: Timestep, guidance: Guidance
) -> Tensor:
    """What a transformer of Stable Diffusion 3 predicts with some of its layers left out, (B, C, h, w).

    Raises:
        ValueError: It has no such layer.
    """
    import torch

    known = int(module.config.num_layers)
    if wrong := [one for one in layers if not 0 <= one < known]:
        raise ValueError(f"there is no layer {wrong[0]}; the denoiser has layers 0 to {known - 1}")
    with torch.no_grad():
        return call_sd3(module, model_input, timestep, guidance, layers)
