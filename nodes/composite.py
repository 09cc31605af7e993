"""One thing laid over another: latents over latents, a picture turned to its negative."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.values import Image, Latents

Pixels = Annotated[int, Field(ge=0, le=16384)]


@node(category="latents")
def composite_latents(
    onto: Latents, latents: Latents, left: Pixels = 0, top: Pixels = 0, feather: Pixels = 0
) -> Latents:
    """Lay latents over others, such as a figure over its background between two passes.

    Args:
        onto: What they are laid over; what it is outside of them stays.
        latents: What is laid; what reaches outside is left off.
        left: Where they begin, in pixels of the picture; whole cells count.
        top: Where they begin, in pixels.
        feather: Pixels over which they grow from nothing at edges inside the picture.

    Example:
        vae = load_model().vae
        small = empty_latents(vae, height=32, width=32)
        pasted = composite_latents(empty_latents(vae, height=64, width=64), small, left=16, top=16)
    """
    import torch

    cell = onto.height // onto.samples.shape[-2]
    column, row, width = left // cell, top // cell, feather // cell
    rows, columns = onto.samples.shape[-2:]
    laid = latents.samples[..., : max(0, rows - row), : max(0, columns - column)]
    if not laid.numel():
        return onto
    if len(laid) not in (1, len(onto.samples)):
        raise ValueError(f"{len(laid)} latents cannot be laid over {len(onto.samples)}; give one, or one for each")
    height, breadth = laid.shape[-2:]
    weight = torch.ones(1, 1, height, breadth, dtype=laid.dtype, device=laid.device)
    for axis, begin, length, whole in ((2, row, height, rows), (3, column, breadth, columns)):
        for step in range(min(width, length)):
            if begin > 0:
                weight.narrow(axis, step, 1).mul_((step + 1) / width)
            if begin + length < whole:
                weight.narrow(axis, length - 1 - step, 1).mul_((step + 1) / width)
    samples = onto.samples.clone()
    under = samples[..., row : row + height, column : column + breadth]
    samples[..., row : row + height, column : column + breadth] = laid * weight + under * (1 - weight)
    return Latents(samples, onto.height, onto.width, onto.scaled, onto.family)


@node(category="image")
def invert_image(image: Image) -> Image:
    """Turn pictures to their negatives: white is black.

    Args:
        image: One or more.

    Example:
        negative = invert_image(load_image("./photo.png"))
    """
    return Image(1 - image.samples)
