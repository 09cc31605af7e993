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
    first: Conditioning,
    second: Conditioning,
    amount: Fraction = 0.5,
    method: Literal["lerp", "slerp"] = "lerp",
    fit: bool = False,
) -> Conditioning:
    """Go from one prompt's embeddings towards another's.

    Args:
        first: What it is at 0.
        second: What it is at 1, of the same shape.
        amount: How far to go.
        method: lerp goes in a straight line; slerp turns each token's vector and keeps its length about the same.
        fit: Whether to cut `first` to the tokens of `second`, or fill it up with zeros, where it has another count.

    Example:
        model = load_model()
        circle, star = (encode(model.text_encoder, tokenize(model.tokenizer, text)) for text in ("a circle", "a star"))
        between = mix_conditioning(circle, star, amount=0.5)
    """
    if fit:
        first = replace(first, embeddings=fitted(first.embeddings, second.embeddings.shape[1]))
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


@node(category="text")
def join_conditioning(first: Conditioning, second: Conditioning) -> Conditioning:
    """Lay the tokens of one prompt behind those of another, so that the denoiser attends to both.

    The sum of the text and what else there is are those of the first.

    Args:
        first: Whose tokens come first.
        second: Of the same model and batch.

    Example:
        model = load_model()
        circle, star = (encode(model.text_encoder, tokenize(model.tokenizer, text)) for text in ("a circle", "a star"))
        both = join_conditioning(circle, star)
        assert both.embeddings.shape[1] == 154
    """
    import torch

    one, two = first.embeddings, second.embeddings
    if (len(one), one.shape[-1]) != (len(two), two.shape[-1]):
        raise ValueError(
            f"first is {tuple(one.shape)}, second is {tuple(two.shape)}; expected the same batch and width: "
            "take both from one model"
        )
    mask = None if first.mask is None or second.mask is None else torch.cat([first.mask, second.mask], dim=1)
    return replace(first, embeddings=torch.cat([one, two], dim=1), mask=mask)


@node(category="text")
def zero_conditioning(conditioning: Conditioning) -> Conditioning:
    """Put zeros in the place of a prompt's embeddings and of the sum of its text: no text at all.

    Args:
        conditioning: For the shape.

    Example:
        model = load_model()
        nothing = zero_conditioning(encode(model.text_encoder, tokenize(model.tokenizer, "")))
        assert not nothing.embeddings.any()
    """
    import torch

    pooled = None if conditioning.pooled is None else torch.zeros_like(conditioning.pooled)
    return replace(conditioning, embeddings=torch.zeros_like(conditioning.embeddings), pooled=pooled)


@node(category="noise")
def mix_noise(first: Noise, second: Noise, fractions: Annotated[list[Fraction], Field(min_length=1)]) -> Noise:
    """Go from one noise to another along an arc, so that all that lies between is noise of deviation 1 as well.

    Args:
        first: What it is at 0; of one image.
        second: What it is at 1; of one image of the same size.
        fractions: How far to go; there is one noise in the result for each.

    Example:
        model = load_model()
        first, second = (draw_noise(model.denoiser, model.vae, random_state(seed)).noise for seed in (1, 2))
        walk = mix_noise(first, second, [0.0, 0.5, 1.0])
        assert len(walk.samples) == 3
    """
    import torch

    if first.samples.shape != second.samples.shape or len(first.samples) != 1:
        raise ValueError(
            f"first is {tuple(first.samples.shape)}, second is {tuple(second.samples.shape)}; "
            "expected the noise of one image each, of the same size"
        )
    arcs = [turned(first.samples.flatten(1), second.samples.flatten(1), fraction) for fraction in fractions]
    return replace(first, samples=torch.cat(arcs).view(len(fractions), *first.samples.shape[1:]))


def fitted(embeddings: Tensor, tokens: int) -> Tensor:
    """Embeddings (B, T, D) of that many tokens: cut, or filled up with zeros."""
    import torch

    return torch.nn.functional.pad(embeddings[:, :tokens], (0, 0, 0, max(0, tokens - embeddings.shape[1])))


def straight(first: Tensor, second: Tensor, amount: float) -> Tensor:
    """Linear interpolation; exactly the ends at 0 and at 1."""
    return first * (1 - amount) + second * amount


def turned(first: Tensor, second: Tensor, amount: float | Tensor) -> Tensor:
    """Spherical interpolation of the vectors along the last axis (Shoemake 1985); where they are parallel, linear.

    Args:
        first: What it is at 0.
        second: What it is at 1, in the same shape.
        amount: How far to go; as a tensor, of a shape that fits theirs, with 1 in the place of the last axis.
    """
    import torch

    cosine = torch.nn.functional.cosine_similarity(first.float(), second.float(), dim=-1).clamp(-1, 1).unsqueeze(-1)
    angle = torch.arccos(cosine)
    across = torch.sin(angle)
    parallel = across < 1e-4
    divisor = torch.where(parallel, torch.ones_like(across), across)
    one = torch.where(parallel, torch.ones_like(angle) * (1 - amount), torch.sin((1 - amount) * angle) / divisor)
    two = torch.where(parallel, torch.ones_like(angle) * amount, torch.sin(amount * angle) / divisor)
    return one.to(first.dtype) * first + two.to(first.dtype) * second
