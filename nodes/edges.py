"""Edges of what is in a picture, for ControlNets and T2I-Adapters that were trained on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.values import Image

if TYPE_CHECKING:
    from torch import Tensor

Threshold = Annotated[float, Field(ge=0, le=6)]
NEIGHBOURS: Final = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
"""Rows and columns to the neighbour in each eighth of a turn, beginning at the right, clockwise on the screen."""


@node(category="image")
def canny_edges(image: Image, low_threshold: Threshold = 0.4, high_threshold: Threshold = 0.8) -> Image:
    """Find edges (Canny 1986): white lines on black.

    The picture is made gray and blurred (Gaussian, deviation of 1 pixel), its gradient is taken by Sobel's kernels, and
    a pixel counts where its gradient is larger than that of both neighbours along it.

    Args:
        image: One or more.
        low_threshold: A pixel of a gradient between the two counts where it hangs together with one above the other.
        high_threshold: A pixel of a gradient above it is an edge.

    Example:
        edges = canny_edges(load_image("./photo.png"), low_threshold=0.1, high_threshold=0.3)
    """
    import torch

    edges = torch.cat([canny(one.unsqueeze(0), low_threshold, high_threshold) for one in image.samples])
    return Image(edges.expand(-1, 3, -1, -1).contiguous())


def canny(samples: Tensor, low: float, high: float) -> Tensor:
    """Edges of a picture (1, 3, H, W) in [0, 1], as 0 or 1, (1, 1, H, W)."""
    import torch
    import torch.nn.functional as F

    gray = (samples * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    places = torch.arange(5) - 2.0
    bell = torch.exp(-(places**2) / 2)
    bell = bell / bell.sum()
    blurred = F.conv2d(F.pad(gray, (2, 2, 2, 2), mode="reflect"), torch.outer(bell, bell)[None, None])
    sobel = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
    padded = F.pad(blurred, (1, 1, 1, 1), mode="replicate")
    across, down = (F.conv2d(padded, kernel[None, None]) for kernel in (sobel, sobel.T.contiguous()))
    magnitude = torch.sqrt(across**2 + down**2 + 1e-6)
    eighth = torch.round(torch.atan2(down, across) / (torch.pi / 4)).long() % 8
    differences = magnitude - _neighbours(magnitude)
    ahead, behind = differences.gather(1, eighth), differences.gather(1, (eighth + 4) % 8)
    magnitude = magnitude * (torch.minimum(ahead, behind) > 0)
    return connected(magnitude > low, magnitude > high)


def connected(weak: Tensor, strong: Tensor) -> Tensor:
    """The strong pixels, and the weak ones that hang together with them, (1, 1, H, W) as 0 or 1."""
    edges = strong.float()
    while True:
        grown = ((_neighbours(edges).amax(dim=1, keepdim=True) > 0) & weak | strong).float()
        if bool((grown == edges).all()):
            return edges
        edges = grown


def _neighbours(samples: Tensor) -> Tensor:
    """For each pixel of (1, 1, H, W) its eight neighbours, (1, 8, H, W), in the order of NEIGHBOURS; 0 outside."""
    import torch
    import torch.nn.functional as F

    rows, columns = samples.shape[-2:]
    padded = F.pad(samples, (1, 1, 1, 1))
    return torch.cat([padded[..., 1 + r : 1 + r + rows, 1 + c : 1 + c + columns] for r, c in NEIGHBOURS], dim=1)
