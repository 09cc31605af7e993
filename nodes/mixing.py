"""Between two prompts, between two seeds: what lies there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.values import Conditioning, Noise

if TYPE_CHECKING:
    from torch import Tensor

Fraction = Annotated[float, Field(ge=0, le=1)]


@node(category="text")
def mix_conditioning(
    first: Conditioning, second: Conditioning, amount: Fraction = 0.5, method: Literal["lerp", "slerp"] = "lerp"
) -> Conditioning:
    """Go from one prompt's embeddings towards another's.

    Args:
        first: What it is at 0.
        second: What it is at 1, of the same shape.
        amount: How far to go.
        method: lerp goes in a straight line; slerp turns each token's vector and keeps its length about the same.
    """
    if first.embeddings.shape != second.embeddings.shape:
        raise ValueError(
            f"first is {tuple(first.embeddings.shape)}, second is {tuple(second.embeddings.shape)}; "
            "expected the same shape: give both the same images_per_prompt"
        )
    mix = straight if method == "lerp" else turned
    pooled = first.pooled
    if first.pooled is not None and second.pooled is not None:
        pooled = mix(first.pooled, second.pooled, amount)
    return replace(first, embeddings=mix(first.embeddings, second.embeddings, amount), pooled=pooled)


@node(category="noise")
def mix_noise(first: Noise, second: Noise, fractions: Annotated[list[Fraction], Field(min_length=1)]) -> Noise:
    """Go from one noise to another along an arc, so that all that lies between is noise of deviation 1 as well.

    Args:
        first: What it is at 0; of one image.
        second: What it is at 1; of one image of the same size.
        fractions: How far to go; there is one noise in the result for each.
    """
    import torch

    if first.samples.shape != second.samples.shape or len(first.samples) != 1:
        raise ValueError(
            f"first is {tuple(first.samples.shape)}, second is {tuple(second.samples.shape)}; "
            "expected the noise of one image each, of the same size"
        )
    arcs = [turned(first.samples.flatten(1), second.samples.flatten(1), fraction) for fraction in fractions]
    return replace(first, samples=torch.cat(arcs).view(len(fractions), *first.samples.shape[1:]))


def straight(first: Tensor, second: Tensor, amount: float) -> Tensor:
    """Linear interpolation; exactly the ends at 0 and at 1."""
    return first * (1 - amount) + second * amount


def turned(first: Tensor, second: Tensor, amount: float) -> Tensor:
    """Spherical interpolation of the vectors along the last axis (Shoemake 1985); where they are parallel, linear."""
    import torch

    cosine = torch.nn.functional.cosine_similarity(first.float(), second.float(), dim=-1).clamp(-1, 1).unsqueeze(-1)
    angle = torch.arccos(cosine)
    across = torch.sin(angle)
    parallel = across < 1e-4
    divisor = torch.where(parallel, torch.ones_like(across), across)
    one = torch.where(parallel, torch.full_like(angle, 1 - amount), torch.sin((1 - amount) * angle) / divisor)
    two = torch.where(parallel, torch.full_like(angle, amount), torch.sin(amount * angle) / divisor)
    return one.to(first.dtype) * first + two.to(first.dtype) * second
