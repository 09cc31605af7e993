"""A part of a picture: cut out, and laid over another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.resize import interpolated
from latentgraph.nodes.values import Image, Mask

if TYPE_CHECKING:
    from torch import Tensor

Edge = Annotated[int, Field(ge=1, le=16384)]
Place = Annotated[int, Field(ge=0, le=16384)]


@node(category="image")
def crop_image(image: Image, width: Edge = 512, height: Edge = 512, left: Place = 0, top: Place = 0) -> Image:
    """Cut a rectangle out of pictures.

    Args:
        image: One or more.
        width: Of the rectangle, in pixels; what reaches outside the picture is left off.
        height: Of the rectangle, in pixels.
        left: Where it begins, in pixels; at the last column at most.
        top: Where it begins, in pixels; at the last row at most.

    Example:
        corner = crop_image(load_image("./photo.png"), width=32, height=16, left=32, top=48)
        assert corner.samples.shape[2:] == (16, 32)
    """
    rows, columns = image.samples.shape[-2:]
    left, top = min(left, columns - 1), min(top, rows - 1)
    return Image(image.samples[..., top : top + height, left : left + width].clone())


@node(category="image")
def composite_images(
    onto: Image, image: Image, mask: Mask | None = None, left: Place = 0, top: Place = 0, stretch: bool = False
) -> Image:
    """Lay pictures over others, wholly or where a mask says so.

    Args:
        onto: What they are laid over; what it is outside of them stays.
        image: What is laid, one or more: they are repeated, or the last left off, for there to be one for each.
        mask: Where, in the picture that is laid; soft values mix, and one of another size is stretched (bilinear).
            Null: everywhere.
        left: Where they begin, in pixels; what reaches outside is left off.
        top: Where they begin, in pixels.
        stretch: Bring what is laid to the size of what it is laid over first (bilinear).

    Example:
        photo = load_image("./photo.png")
        pasted = composite_images(photo, invert_image(photo), load_mask("./mask.png"))
    """
    import torch

    rows, columns = onto.samples.shape[-2:]
    laid = interpolated(image.samples, rows, columns, "bilinear") if stretch else image.samples
    laid = _as_many(laid, len(onto.samples))
    if mask is None:
        share = torch.ones_like(laid)
    else:
        height, width = laid.shape[-2:]
        share = _as_many(interpolated(mask.samples, height, width, "bilinear"), len(laid))
    laid, share = (one[..., : max(0, rows - top), : max(0, columns - left)] for one in (laid, share))
    samples = onto.samples.clone()
    under = samples[..., top : top + laid.shape[-2], left : left + laid.shape[-1]]
    under.copy_(share * laid + (1 - share) * under)
    return Image(samples)


def _as_many(samples: Tensor, count: int) -> Tensor:
    """The batch repeated, or cut, to `count`."""
    return samples.repeat(-(-count // len(samples)), 1, 1, 1)[:count]
