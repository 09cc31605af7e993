"""The call of the denoiser at a step, for both sides of the guidance, with all that it is told but the latents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.nodes.calling import CALLED_FOR_EACH_SIDE, CALLS
from latentgraph.nodes.control import residuals
from latentgraph.nodes.guidance import at_turn, guidance_scale_embedding, side_of
from latentgraph.nodes.inference import inferred
from latentgraph.nodes.ip_adapter import image_embeds, image_masks
from latentgraph.nodes.regional import regional_predictions
from latentgraph.nodes.t2i_adapter import added_features
from latentgraph.nodes.values import Guidance, Timestep

if TYPE_CHECKING:
    from torch import Tensor


def predictions(
    module: Any, model_input: Tensor, timestep: Timestep, guidance: Guidance, context: RunContext = ALONE
) -> tuple[Tensor, Tensor | None]:
    """One call of the denoiser for both sides of the guidance where there are two, or one for each.

    Args:
        module: A UNet2DConditionModel.
        model_input: Latents, scaled for the denoiser, (B, C, h, w).
        timestep: Of this turn.
        guidance: Its embeddings are (B, T, D), or (2B, T, D) when guided.
        context: Of the run.

    Returns:
        The prediction for the positive side, (B, C, h, w), and that for the negative side or None.
    """
    import torch

    guidance = at_turn(guidance, timestep)
    if guidance.regions is not None:
        return regional_predictions(module, model_input, timestep, guidance, predicted, context)
    width = getattr(module.config, "time_cond_proj_dim", None)
    if width is not None:
        # A distilled denoiser has the guidance inside and is told its scale: it needs no negative side.
        strength = guidance_scale_embedding(guidance.scale, len(model_input), width)
        told = strength.to(device=model_input.device, dtype=model_input.dtype)
        return predicted(module, model_input, timestep, guidance, told, context), None
    if guidance.negative is None:
        return predicted(module, model_input, timestep, guidance, context=context), None
    if type(module).__name__ in CALLED_FOR_EACH_SIDE:
        sides = [side_of(guidance, one) for one in (guidance.positive, guidance.negative)]
        positive, negative = [predicted(module, model_input, timestep, one, context=context) for one in sides]
        return positive, negative
    both = predicted(module, torch.cat([model_input] * 2), timestep, guidance, context=context)
    negative, positive = both.chunk(2)
    return positive, negative


def predicted(
    module: Any,
    model_input: Tensor,
    timestep: Timestep,
    guidance: Guidance,
    strength: Tensor | None = None,
    context: RunContext = ALONE,
) -> Tensor:
    """One call of the denoiser; the batch of the embeddings must be that of the input.

    Gradients are kept only where the embeddings want one.
    """
    import torch

    embeddings = guidance.embeddings if strength is None else guidance.positive.embeddings
    if len(model_input) != len(embeddings):
        raise ValueError(
            f"{len(model_input)} latents meet {len(embeddings)} embeddings; "
            "give encode the same images_per_prompt as draw_noise has for its batch"
        )
    added = {**guidance.added, **image_embeds(module, guidance, len(model_input))}
    call = CALLS.get(type(module).__name__)
    if call is not None:
        if guidance.features:
            raise ValueError(f"a T2I-Adapter is for a UNet, and the denoiser is a {type(module).__name__}")
        return inferred(lambda: call(module, model_input, timestep, guidance), embeddings, context)
    moved = residuals(model_input, timestep, guidance, embeddings, context) if guidance.controls else {}
    if guidance.channels is not None:
        more = torch.cat([guidance.channels] * (len(model_input) // len(guidance.channels)))
        model_input = torch.cat([model_input, more], dim=1)
    _check_channels(module, model_input, guidance)
    moved |= image_masks(guidance, model_input)
    if guidance.features:
        moved |= added_features(module, model_input, timestep, guidance)
    place = timestep.beside(model_input)
    labels = None if guidance.labels is None else guidance.labels.repeat(len(model_input))

    def ask() -> Tensor:
        answer: Tensor = module(
            model_input,
            place,
            encoder_hidden_states=embeddings,
            timestep_cond=strength,
            class_labels=labels,
            added_cond_kwargs=added or None,
            **moved,
            return_dict=False,
        )[0]
        return answer

    return inferred(ask, embeddings, context)


_HINTS = {
    7: "; it is one for making pictures larger: give it one by upscale_channels",
    5: "; it is one for depths: give it a picture of them by depth_channels",
    9: "; it is one for inpainting: give it a mask by inpaint_channels",
}


def _check_channels(module: Any, model_input: Tensor, guidance: Guidance) -> None:
    """Hold that the denoiser is given as many channels as it was made for.

    Raises:
        ValueError: It is not; the message says what a denoiser of this kind wants.
    """
    wanted, given = getattr(module.config, "in_channels", None), model_input.shape[1]
    if wanted is None or wanted == given:
        return
    if guidance.channels is not None:
        raise ValueError(
            f"the denoiser takes {wanted} channels, and latents with what is laid behind them have {given}; "
            "give it the guidance without these channels, or take a model that was made for them"
        )
    raise ValueError(f"the denoiser takes {wanted} channels, and the latents have {given}{_HINTS.get(wanted, '')}")
