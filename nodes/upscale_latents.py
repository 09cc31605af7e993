"""Larger latents, to go on from with a second pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.values import Latents

if TYPE_CHECKING:
    from torch import Tensor

Method = Literal["nearest-exact", "bilinear", "bicubic"]


@node(category="latents")
def upscale_latents(
    latents: Latents, factor: Annotated[float, Field(ge=1, le=8)] = 1.5, method: Method = "bicubic"
) -> Latents:
    """Make latents larger as if they were pictures; what comes out of it is blurred and wants a second pass.

    Args:
        latents: Clean.
        factor: Of both edges, rounded to whole cells.
        method: How to find the numbers between.
    """
    height, width = latents.samples.shape[-2:]
    cells = (round(height * factor), round(width * factor))
    edges = (latents.height * cells[0] // height, latents.width * cells[1] // width)
    samples = interpolated(latents.samples, cells, method)
    return Latents(samples, *edges, latents.scaled, latents.family)


def interpolated(samples: Tensor, cells: tuple[int, int], method: Method) -> Tensor:
    """Latents (B, C, h, w) with `cells` rows and columns."""
    import torch.nn.functional as F

    return F.interpolate(samples, size=cells, mode=method)
