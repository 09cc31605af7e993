"""Inpainting: make anew what is masked, and keep the rest.

A denoiser of 4 channels knows nothing of the mask: after each step the rest is put back (RePaint's idea, Lugmayr et
al. 2022, as diffusers does it). One of 9 channels was trained to see the mask and what it leaves.

There is one difference: of a VAE whose configuration has `latents_mean` and `latents_std`, the inpainting pipeline of
Stable Diffusion XL in diffusers heeds them when it decodes and forgets them when it encodes, so that what should be
kept comes back in other colours. Here they are heeded both times.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.denoise import with_samples
from latentgraph.nodes.handles import VAE
from latentgraph.nodes.image_latents import encode_image, noised, repeated
from latentgraph.nodes.latents import make_latents
from latentgraph.nodes.masks import latent_mask, soft_latent_mask
from latentgraph.nodes.scheduler_state import copied
from latentgraph.nodes.values import (
    Guidance,
    Image,
    Latents,
    Mask,
    Noise,
    NoisePrediction,
    RandomState,
    SchedulerState,
    Timestep,
)

if TYPE_CHECKING:
    from torch import Tensor

Strength = Annotated[float, Field(gt=0, le=1)]


class EncodedStart(NamedTuple):
    """What denoising starts from.

    Attributes:
        latents: Of the picture; null where it starts from noise alone.
        random: Where the stream goes on.
    """

    latents: Latents | None
    random: RandomState


@node(category="latents", settings=("device", "dtype"), draws="random")
def encode_start(
    vae: VAE, image: Image, random: RandomState, strength: Strength = 1.0, *, context: RunContext = ALONE
) -> EncodedStart:
    """Turn a picture into latents where they are needed: at a strength of 1 inpainting starts from noise alone.

    Args:
        vae: Of the model.
        image: The picture.
        random: The stream to draw from; at a strength of 1 nothing is drawn.
        strength: That skip_steps is given.

    Example:
        model = load_model()
        latents, random = encode_start(model.vae, load_image("./photo.png"), random_state(7), strength=0.8)
    """
    if strength == 1:
        return EncodedStart(None, random)
    return EncodedStart(*encode_image(vae, image, random, for_each_stream=False, context=context))


@node(category="latents")
def start_inpaint(
    latents: Latents | None,
    noise: Noise,
    timesteps: list[Timestep],
    state: SchedulerState,
    strength: Strength = 1.0,
) -> Latents:
    """Begin inpainting: from noise alone at a strength of 1, else from the picture with noise in it.

    Args:
        latents: Of the picture, clean; null at a strength of 1.
        noise: Of deviation 1.
        timesteps: Still to go, from skip_steps.
        state: The scheduler before the first of them.
        strength: That skip_steps was given.

    Example:
        model = load_model()
        latents, random = encode_start(model.vae, load_image("./photo.png"), random_state(7), strength=0.8)
        noise, random = draw_noise_like(latents, random)
        timesteps, state = skip_steps(*schedule(model.scheduler, 20), strength=0.8)
        start = start_inpaint(latents, noise, timesteps, state, strength=0.8)
    """
    if strength == 1:
        return make_latents(noise, state)
    if latents is None:
        raise ValueError(f"a strength of {strength:g} starts from the picture; give its latents, from encode_image")
    clean = repeated(latents.samples, len(noise.samples)).contiguous()
    return with_samples(latents, noised(clean, noise, timesteps[0], state))


@node(category="denoise")
def keep_unmasked(
    latents: Latents,
    original: Latents,
    noise: Noise,
    mask: Mask,
    timestep: Timestep,
    timesteps: list[Timestep],
    state: SchedulerState,
) -> Latents:
    """Put back what is not masked, as noisy as the next turn wants it, and clean after the last.

    Args:
        latents: After the step.
        original: Of the picture, clean.
        noise: That the picture was begun with.
        mask: In pixels, of the picture's size; half and more counts as masked.
        timestep: Of this turn.
        timesteps: Of all turns.
        state: The scheduler after the step.

    Example:
        model = load_model()
        latents, random = encode_image(model.vae, load_image("./photo.png"), random_state(7))
        timesteps, state = schedule(model.scheduler, 20)
        noise, random = draw_noise_like(latents, random)
        noisy = add_noise(latents, noise, timesteps, state)
        kept = keep_unmasked(noisy, latents, noise, load_mask("./mask.png"), timesteps[0], timesteps, state)
    """
    fresh = latent_mask(mask, latents.samples, latents.height, latents.width)
    kept = repeated(original.samples, len(latents.samples)).contiguous()
    if timestep.index < len(timesteps) - 1:
        kept = noised(kept, noise, timesteps[timestep.index + 1], state)
    return with_samples(latents, (1 - fresh) * kept + fresh * latents.samples)


@node(category="denoise")
def restore_unmasked(
    latents: Latents, original: Latents, noise: Noise, mask: Mask, timestep: Timestep, state: SchedulerState
) -> Latents:
    """Before the denoiser looks: put the picture back where it is not masked, as noisy as this turn is.

    With keep_prediction after `guide` this is another way to keep what is not masked than keep_unmasked: no noise of
    the steps ever gets into it, and a soft mask mixes.

    Args:
        latents: As the step before left them; go on with these, and not with what comes out of here, in scheduler_step.
        original: Of the picture, clean.
        noise: That the picture was begun with.
        mask: In pixels, of any size; soft values mix.
        timestep: Of this turn.
        state: The scheduler as the step before left it.

    Example:
        model = load_model()
        latents = encode_image_mean(model.vae, load_image("./photo.png"))
        timesteps, state = schedule(model.scheduler, 20)
        noise, random = draw_noise_like(latents, random_state(7))
        noisy = add_noise(latents, noise, timesteps, state)
        restored = restore_unmasked(noisy, latents, noise, load_mask("./mask.png"), timesteps[0], state)
    """
    fresh = soft_latent_mask(mask, latents.samples)
    kept = noised(repeated(original.samples, len(latents.samples)).contiguous(), noise, timestep, state)
    return with_samples(latents, latents.samples * fresh + kept * (1 - fresh))


@node(category="denoise")
def keep_prediction(
    prediction: NoisePrediction,
    latents: Latents,
    original: Latents,
    mask: Mask,
    timestep: Timestep,
    state: SchedulerState,
    seen: Latents | None = None,
) -> NoisePrediction:
    """After `guide`: predict what leads back to the picture where it is not masked, and leave the rest.

    Args:
        prediction: Of the denoiser, after guidance.
        latents: As the step before left them.
        original: Of the picture, clean.
        mask: In pixels, of any size; soft values mix.
        timestep: Of this turn.
        state: The scheduler as scale_model_input gave it; it tells what a prediction is of.
        seen: What the denoiser was shown, before scaling, where that is not `latents`: from restore_unmasked.

    Example:
        model = load_model()
        latents = encode_image_mean(model.vae, load_image("./photo.png"))
        timesteps, state = schedule(model.scheduler, 20)
        noise, random = draw_noise_like(latents, random_state(7))
        noisy = add_noise(latents, noise, timesteps, state)
        prediction = prediction_target(noisy, noise, timesteps[0], state)
        kept = keep_prediction(prediction, noisy, latents, load_mask("./mask.png"), timesteps[0], state)
    """
    fresh = soft_latent_mask(mask, prediction.samples)
    kept = repeated(original.samples, len(latents.samples)).to(prediction.samples)
    back, made = prediction_towards(kept, latents.samples, timestep, state), prediction.samples
    if seen is not None:
        clean = clean_in(seen.samples, made, timestep, state)
        made = prediction_towards(clean, latents.samples, timestep, state)
    return replace(prediction, samples=made * fresh + back * (1 - fresh))


def clean_in(noisy: Tensor, prediction: Tensor, timestep: Timestep, state: SchedulerState) -> Tensor:
    """What a denoiser sees in `noisy` that says `prediction` of it: the contrary of prediction_towards."""
    share, deviation = amounts(timestep, state, noisy)
    kind = copied(state).config.get("prediction_type", "epsilon")
    if kind == "sample":
        return prediction
    if kind == "epsilon":
        return (noisy - deviation * prediction) / share
    # As alpha and sigma, of a sum of squares of 1: clean = alpha * noisy - sigma * velocity.
    whole = math.hypot(share, deviation)
    return (share * noisy / whole - deviation * prediction) / whole


def amounts(timestep: Timestep, state: SchedulerState, like: Tensor) -> tuple[float, float]:
    """How much of the picture and how much noise is in the latents of a turn, in the measure of the scheduler."""
    scheduler, levels = copied(state), timestep.value.reshape(1)
    one, nothing = like.new_ones(1, 1, 1, 1), like.new_zeros(1, 1, 1, 1)
    share, deviation = (float(scheduler.add_noise(a, b, levels)) for a, b in ((one, nothing), (nothing, one)))
    return share, deviation


def prediction_towards(clean: Tensor, noisy: Tensor, timestep: Timestep, state: SchedulerState) -> Tensor:
    """What a denoiser would say that sees `clean` in `noisy`, in the terms of the scheduler: noise, velocity or sample.

    With noisy = a * clean + s * noise: noise = (noisy - a * clean) / s; velocity is alpha * noise - sigma * clean with
    alpha and sigma as a and s, of a sum of squares of 1 (Salimans & Ho 2022, appendix D).
    """
    import torch

    share, deviation = amounts(timestep, state, clean)
    kind = copied(state).config.get("prediction_type", "epsilon")
    if kind == "sample":
        return clean
    noise = (noisy - share * clean) / deviation if deviation else torch.zeros_like(clean)
    if kind == "epsilon":
        return noise
    if kind != "v_prediction":
        raise ValueError(
            f"the scheduler takes predictions of kind {kind!r}; what is kept can be told of noise or velocity"
        )
    whole = math.hypot(share, deviation)
    return (share * noise - deviation * clean) / whole


@node(category="text", variant="mask")
def inpaint_channels(guidance: Guidance, mask: Mask, masked_latents: Latents, bilinear: bool = False) -> Guidance:
    """Show a denoiser of 9 channels, at every step, where the mask is and what it leaves.

    Args:
        guidance: What else it is told.
        mask: In pixels, of the picture's size; half and more counts as masked.
        masked_latents: Of the picture with the mask painted over, from mask_image and encode_image.
        bilinear: How the mask is made as small as the latents: by one pixel of each cell, as in diffusers, or bilinear,
            half and more counting as masked.

    Example:
        model = load_model("./sd1-inpaint")
        positive = encode(model.text_encoder, tokenize(model.tokenizer, "a red circle"))
        photo, mask = load_image("./photo.png"), load_mask("./mask.png")
        masked = encode_image_mean(model.vae, mask_image(photo, mask))
        steered = inpaint_channels(guidance(positive), mask, masked)
    """
    import torch

    kept = repeated(masked_latents.samples, len(guidance.positive.embeddings))
    if bilinear:
        fresh = soft_latent_mask(mask, kept).round()
    else:
        fresh = latent_mask(mask, kept, masked_latents.height, masked_latents.width)
    return replace(guidance, channels=torch.cat([fresh, kept], dim=1))
