"""Larger latents, to go on from with a second pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.mixing import turned
from latentgraph.nodes.resize import cut_to_shape, interpolated
from latentgraph.nodes.values import Latents

if TYPE_CHECKING:
    from torch import Tensor

Method = Literal["nearest-exact", "bilinear", "area", "bicubic", "bislerp"]
Pixels = Annotated[int, Field(ge=8, le=32768)]


@node(category="latents")
def upscale_latents(
    latents: Latents,
    factor: Annotated[float, Field(gt=0, le=8)] = 1.5,
    method: Method = "bicubic",
    height: Pixels | None = None,
    width: Pixels | None = None,
    crop: bool = False,
) -> Latents:
    """Make latents larger or smaller as if they were pictures; what comes out of it is blurred and wants a second pass.

    Args:
        latents: Clean.
        factor: Of both edges, rounded to whole cells.
        method: How to find the numbers between; bislerp turns the vector of a cell towards that of the next, so that
            what lies between is as long as they are.
        height: Of the picture they stand for, in pixels, in place of `factor`; what is no whole cell is left out.
        width: Of the same.
        crop: Where the shape is another, cut what is too much in place of stretching.

    Example:
        model = load_model()
        larger = upscale_latents(empty_latents(model.vae, height=64, width=64), factor=1.5)
        assert (larger.height, larger.width) == (96, 96)
    """
    rows, columns = latents.samples.shape[-2:]
    cells = [round(edge * factor) for edge in (rows, columns)]
    if height is not None or width is not None:
        sizes = zip((height, width), (latents.height, latents.width), (rows, columns), strict=True)
        cells = [(wanted or own) * count // own for wanted, own, count in sizes]
    cells = [max(1, one) for one in cells]
    edges = (latents.height * cells[0] // rows, latents.width * cells[1] // columns)
    if method == "bislerp":
        own = cut_to_shape(latents.samples, cells[0], cells[1]) if crop else latents.samples
        return Latents(bislerp(own, cells[0], cells[1]), *edges, latents.scaled, latents.family)
    samples = interpolated(latents.samples, cells[0], cells[1], method, crop=crop)
    return Latents(samples, *edges, latents.scaled, latents.family)


def bislerp(samples: Tensor, height: int, width: int) -> Tensor:
    """Latents (B, C, h, w) of another size: spherical interpolation of the cells' vectors, along rows, then columns.

    The direction between two cells lies on the arc between theirs (Shoemake 1985), the length between their lengths.

    Args:
        samples: Of any number of channels.
        height: Rows to make.
        width: Columns to make.
    """
    for axis, wanted in ((3, width), (2, height)):
        samples = _along(samples.float(), axis, wanted).to(samples.dtype)
    return samples


def _along(samples: Tensor, axis: int, wanted: int) -> Tensor:
    import torch

    length = samples.shape[axis]
    # As torch's bilinear interpolation has it: the middles of the cells lie at halves.
    place = ((torch.arange(wanted, device=samples.device) + 0.5) * (length / wanted) - 0.5).clamp(0, length - 1)
    before = place.floor().long()
    after = (before + 1).clamp(max=length - 1)
    share = (place - before).view([-1 if one == axis else 1 for one in range(4)])
    pair = [samples.index_select(axis, one) for one in (before, after)]
    lengths = [one.norm(dim=1, keepdim=True) for one in pair]
    units = [one / far.clamp(min=1e-12) for one, far in zip(pair, lengths, strict=True)]
    arcs = turned(units[0].movedim(1, -1), units[1].movedim(1, -1), share.movedim(1, -1)).movedim(-1, 1)
    spread: Tensor = arcs * (lengths[0] * (1 - share) + lengths[1] * share)
    return spread
