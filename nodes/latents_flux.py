"""What a picture of Flux begins as, in whole patches: noise, or another picture in its size."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.flux_patches import PATCH
from latentgraph.nodes.handles import VAE, Denoiser
from latentgraph.nodes.latents import DrawnNoise, given_noise, normal_samples, pixels_per_cell
from latentgraph.nodes.resize import Pixels, Size
from latentgraph.nodes.settings import place_for
from latentgraph.nodes.values import Conditioning, Image, Latents, Noise, RandomState

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

    Example:
        model = load_flux("./flux")
        noise, random = draw_noise_flux(model.denoiser, model.vae, random_state(7), height=64, width=64)
    """
    cell = pixels_per_cell(vae.config)
    usual = TRAINED_CELLS * cell
    images = batch if like is None else len(like.embeddings)
    channels, (device, dtype) = int(vae.config.get("latent_channels", 16)), place_for(denoiser, context)
    if given is not None:
        return DrawnNoise(given_noise(given, (images, channels, *given.samples.shape[2:]), device, dtype), random)
    rows, columns = whole_patches(height or usual, width or usual, cell, context)
    samples, after = normal_samples((images, channels, rows // cell, columns // cell), random, device, dtype)
    return DrawnNoise(Noise(samples, rows, columns, denoiser.family), after)


@node(category="image", families=("sd3", "flux"))
def size_in_patches(
    vae: VAE,
    image: Image | None = None,
    height: Pixels | None = None,
    width: Pixels | None = None,
    *,
    context: RunContext = ALONE,
) -> Size:
    """Tell in what size a picture is worked on: in whole patches of 2 × 2 latent cells.

    Args:
        vae: Of the model; tells how many pixels a latent cell is.
        image: The picture to begin from.
        height: In pixels, rounded down to whole patches (multiples of 16); null: that of the image, or 1024.
        width: In pixels, rounded down to whole patches (multiples of 16); null: that of the image, or 1024.

    Example:
        height, width = size_in_patches(load_flux("./flux").vae, load_image("./photo.png"))
    """
    cell = pixels_per_cell(vae.config)
    usual = (TRAINED_CELLS * cell,) * 2 if image is None else image.samples.shape[-2:]
    return Size(*whole_patches(height or usual[0], width or usual[1], cell, context))


def whole_patches(height: int, width: int, cell: int, context: RunContext) -> tuple[int, int]:
    """A size in pixels, rounded down to whole patches as diffusers does it; what is rounded is told.

    Args:
        height: In pixels.
        width: In pixels.
        cell: Edge of a latent cell in pixels.
        context: Of the run.

    Raises:
        ValueError: There is not a single one.
    """
    patch = cell * PATCH
    rows, columns = height - height % patch, width - width % patch
    if not rows or not columns:
        raise ValueError(f"{width} × {height} pixels are less than one patch of {patch}; take more")
    if (rows, columns) != (height, width):
        context.warn(f"{width} × {height} pixels are no whole patches of {patch}; the picture has {columns} × {rows}")
    return rows, columns
