"""Depth to image: a denoiser that sees, at every step, how far away things are (Stable Diffusion 2 depth)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from latentgraph.graph.node import node
from latentgraph.nodes.image_latents import repeated
from latentgraph.nodes.values import Depth, Guidance, Image, Latents

if TYPE_CHECKING:
    from torch import Tensor

LIGHTNESS = (0.299, 0.587, 0.114)
"""Shares of red, green and blue (ITU-R BT.601)."""


@node(category="denoise", variant="depth")
def depth_channels(guidance: Guidance, depth: Depth, latents: Latents) -> Guidance:
    """Show a denoiser of 5 channels, at every step, how far away things are.

    Args:
        guidance: What else it is told.
        depth: From read_depth or estimate_depth; the least is taken for the farthest point, the most for the nearest.
        latents: That denoising starts from; tell the size.

    Example:
        model = load_model("./sd2-depth")
        positive = encode(model.text_encoder, tokenize(model.tokenizer, "a red circle"))
        depth = read_depth(load_image("./depth.png"))
        steered = depth_channels(guidance(positive), depth, empty_latents(model.vae, height=64, width=64))
    """
    seen = depth_map(depth.samples.to(latents.samples), latents.samples.shape[-2:])
    return replace(guidance, channels=repeated(seen, len(guidance.positive.embeddings)))


@node(category="image")
def read_depth(image: Image) -> Depth:
    """Take pictures for depths, as depth estimators draw them.

    Args:
        image: Bright is near; of colours only the lightness counts.

    Example:
        depth = read_depth(load_image("./depth.png"))
    """
    return Depth(lightness(image.samples))


def lightness(samples: Tensor) -> Tensor:
    """Gray (B, H, W) of colours (B, 3, H, W): of a gray picture the very numbers."""
    import torch

    red = samples[:, 0]
    if torch.equal(red, samples[:, 1]) and torch.equal(red, samples[:, 2]):
        return red
    return (samples * torch.tensor(LIGHTNESS).view(1, 3, 1, 1)).sum(dim=1)


def depth_map(depth: Tensor, size: tuple[int, ...]) -> Tensor:
    """Depths as the denoiser was trained on them, in the operations of diffusers 0.42's depth-to-image pipeline.

    Args:
        depth: float (B, H, W), more is nearer.
        size: Rows and columns of the latents.

    Returns:
        (B, 1, h, w) in [-1, 1], each from its farthest to its nearest point.
    """
    import torch

    small = torch.nn.functional.interpolate(depth.unsqueeze(1), size=size, mode="bicubic", align_corners=False)
    far = torch.amin(small, dim=[1, 2, 3], keepdim=True)
    near = torch.amax(small, dim=[1, 2, 3], keepdim=True)
    if bool((far == near).any()):
        raise ValueError("a depth picture is of one shade throughout; nothing in it is nearer than the rest")
    return 2.0 * (small - far) / (near - far) - 1.0
