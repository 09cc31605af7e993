"""Inpainting: make anew what is masked, and keep the rest.

A denoiser of 4 channels knows nothing of the mask: after each step the rest is put back (RePaint's idea, Lugmayr et
al. 2022, as diffusers does it). One of 9 channels was trained to see the mask and what it leaves.

There is one difference: of a VAE whose configuration has `latents_mean` and `latents_std`, the inpainting pipeline of
Stable Diffusion XL in diffusers heeds them when it decodes and forgets them when it encodes, so that what should be
kept comes back in other colours. Here they are heeded both times.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, NamedTuple

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.denoise import with_samples
from latentgraph.nodes.handles import VAE
from latentgraph.nodes.image_latents import encode_image, noised, repeated
from latentgraph.nodes.latents import make_latents
from latentgraph.nodes.masks import latent_mask
from latentgraph.nodes.values import Guidance, Image, Latents, Mask, Noise, RandomState, SchedulerState, Timestep

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
    """
    fresh = latent_mask(mask, latents.samples, latents.height, latents.width)
    kept = repeated(original.samples, len(latents.samples)).contiguous()
    if timestep.index < len(timesteps) - 1:
        kept = noised(kept, noise, timesteps[timestep.index + 1], state)
    return with_samples(latents, (1 - fresh) * kept + fresh * latents.samples)


@node(category="text", variant="mask")
def inpaint_channels(guidance: Guidance, mask: Mask, masked_latents: Latents) -> Guidance:
    """Show a denoiser of 9 channels, at every step, where the mask is and what it leaves.

    Args:
        guidance: What else it is told.
        mask: In pixels, of the picture's size; half and more counts as masked.
        masked_latents: Of the picture with the mask painted over, from mask_image and encode_image.
    """
    import torch

    kept = repeated(masked_latents.samples, len(guidance.positive.embeddings))
    fresh = latent_mask(mask, kept, masked_latents.height, masked_latents.width)
    return replace(guidance, channels=torch.cat([fresh, kept], dim=1))
