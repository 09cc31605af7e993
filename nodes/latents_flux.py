"""The noise that a picture of Flux begins as."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.flux_patches import PATCH
from latentgraph.nodes.handles import VAE, Denoiser
from latentgraph.nodes.latents import DrawnNoise, given_noise, normal_samples, pixels_per_cell
from latentgraph.nodes.settings import place_for
from latentgraph.nodes.values import Conditioning, Latents, Noise, RandomState

TRAINED_CELLS: Final = 128
"""Edge in latent cells of the pictures that Flux makes by itself: 1024 pixels, as FluxPipeline of diffusers has it."""


@node(category="noise", settings=("device", "dtype"), draws="random", families=("flux",))
def draw_noise_flux(
    denoiser: Denoiser,
    vae: VAE,
    random: RandomState,
    height: Annotated[int, Field(ge=1)] | None = None,
    width: Annotated[int, Field(ge=1)] | None = None,
    batch: Annotated[int, Field(ge=1)] = 1,
    like: Conditioning | None = None,
    given: Latents | None = None,
    *,
    context: RunContext = ALONE,
) -> DrawnNoise:
    """Draw the noise that images of Flux begin as, in whole patches of 2 × 2 latent cells.

    Args:
        denoiser: Of the model; tells where and in which precision it computes.
        vae: Of the model; tells how many pixels a latent cell is, and the number of channels.
        random: The stream to draw from.
        height: Of the image in pixels, rounded down to whole patches (multiples of 16); null: 1024.
        width: Of the image in pixels, rounded down to whole patches (multiples of 16); null: 1024.
        batch: Number of images.
        like: As many images as it has rows, in place of `batch`.
        given: Numbers of deviation 1 to begin as, in place of drawn ones; nothing is drawn then, and the size is
            theirs.
    """
    cell = pixels_per_cell(vae.config)
    asked = [edge or TRAINED_CELLS * cell for edge in (height, width)]
    rows, columns = (edge // (cell * PATCH) * PATCH for edge in asked)
    if not rows or not columns:
        raise ValueError(f"{asked[1]} × {asked[0]} pixels are less than one patch of {cell * PATCH}; take more")
    if given is None and asked != [rows * cell, columns * cell]:
        context.warn(
            f"{asked[1]} × {asked[0]} pixels are no whole patches of {cell * PATCH}; "
            f"the picture has {columns * cell} × {rows * cell}"
        )
    images = batch if like is None else len(like.embeddings)
    shape = (images, int(vae.config.get("latent_channels", 16)), rows, columns)
    device, dtype = place_for(denoiser, context)
    if given is not None:
        return DrawnNoise(given_noise(given, shape, device, dtype), random)
    samples, after = normal_samples(shape, random, device, dtype)
    return DrawnNoise(Noise(samples, rows * cell, columns * cell, denoiser.family), after)
