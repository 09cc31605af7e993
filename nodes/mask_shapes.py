"""Masks made and changed without a picture: one value everywhere, larger or smaller, one with another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.values import Mask

if TYPE_CHECKING:
    from torch import Tensor

MOST: Final = 16384
Edge = Annotated[int, Field(ge=1, le=MOST)]
Place = Annotated[int, Field(ge=0, le=MOST)]
Operation = Literal["multiply", "add", "subtract", "and", "or", "xor"]


@node(category="image")
def solid_mask(height: Edge = 512, width: Edge = 512, value: Annotated[float, Field(ge=0, le=1)] = 1.0) -> Mask:
    """Make a mask that is the same everywhere.

    Args:
        height: In pixels.
        width: In pixels.
        value: 1 masks all of the picture, 0 nothing.

    Example:
        everything = solid_mask(height=64, width=64)
        assert everything.samples.shape == (1, 1, 64, 64)
    """
    import torch

    return Mask(torch.full((1, 1, height, width), value))


@node(category="image")
def spread_mask(mask: Mask, pixels: Annotated[int, Field(ge=-MOST, le=MOST)] = 0, corners: bool = False) -> Mask:
    """Let a mask reach further, or less far, and leave it as soft as it is.

    Args:
        mask: One or more. `grow_mask` is for masks that are to be 0 or 1 alone.
        pixels: How far; below 0 the mask shrinks.
        corners: A pixel becomes a square; else a diamond, which leaves corners out.

    Example:
        larger = spread_mask(load_mask("./mask.png"), pixels=6)
        smaller = spread_mask(load_mask("./mask.png"), pixels=-6)
    """
    samples = mask.samples if pixels >= 0 else -mask.samples
    # A diamond goes from one corner to the other in as many steps as both edges have pixels: then nothing changes.
    for _ in range(min(abs(pixels), sum(samples.shape[-2:]))):
        samples = _largest_around(samples, corners=corners)
    return Mask(samples.clone() if pixels >= 0 else -samples)


def _largest_around(samples: Tensor, *, corners: bool) -> Tensor:
    """The largest of each pixel and its four neighbours, or its eight; what is outside does not count."""
    import torch
    from torch.nn.functional import max_pool2d

    if corners:
        return max_pool2d(samples, 3, stride=1, padding=1)
    upright = max_pool2d(samples, (3, 1), stride=1, padding=(1, 0))
    return torch.maximum(upright, max_pool2d(samples, (1, 3), stride=1, padding=(0, 1)))


@node(category="image")
def combine_masks(onto: Mask, mask: Mask, operation: Operation = "multiply", left: Place = 0, top: Place = 0) -> Mask:
    """Put one mask together with another: what is in both, in one of them, or in one alone.

    Args:
        onto: What the other is laid over; what it is outside of it stays.
        mask: What is laid, one or as many as there are; what reaches outside is left off.
        operation: multiply, add and subtract work on soft masks, and stay between 0 and 1; for and, or and xor more
            than a half counts as masked, and where the other lies all is 0 or 1.
        left: Where it begins, in pixels.
        top: Where it begins, in pixels.

    Example:
        mask = load_mask("./mask.png")
        rest = combine_masks(solid_mask(height=64, width=64), mask, operation="subtract")
    """
    import torch

    rows, columns = onto.samples.shape[-2:]
    laid = mask.samples[..., : max(0, rows - top), : max(0, columns - left)]
    if len(laid) not in (1, len(onto.samples)):
        raise ValueError(f"{len(laid)} masks cannot be laid over {len(onto.samples)}; give one, or one for each")
    samples = onto.samples.clone()
    under = samples[..., top : top + laid.shape[-2], left : left + laid.shape[-1]]
    if operation in ("and", "or", "xor"):
        one, other = under.round().bool(), laid.round().bool()
        logical = {"and": torch.logical_and, "or": torch.logical_or, "xor": torch.logical_xor}[operation]
        under.copy_(logical(one, other).float())
    else:
        arithmetic: Any = {"multiply": torch.mul, "add": torch.add, "subtract": torch.sub}[operation]
        under.copy_(arithmetic(under, laid))
    return Mask(samples.clamp(0.0, 1.0))
