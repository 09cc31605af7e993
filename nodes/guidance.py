"""Classifier-free guidance: what to steer by, and how two predictions become one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.values import Conditioning, Guidance, Latents, Timestep

if TYPE_CHECKING:
    from torch import Tensor

Share = Annotated[float, Field(ge=0, le=1)]
ATTENDED_ALONE: Final = frozenset({"sd1", "sd2", "sdxl"})
"""Families whose denoiser reads the text by cross-attention, and only the text."""


@node(category="text")
def guidance(
    positive: Conditioning,
    negative: Conditioning | None = None,
    scale: Annotated[float, Field(ge=0)] = 7.5,
    rescale: Annotated[float, Field(ge=0, le=1)] = 0.0,
    like: Latents | None = None,
    start: Share = 0.0,
    end: Share = 1.0,
) -> Guidance:
    """Say what to steer towards, what away from, and how strongly.

    The two sides are put into one batch here, before the loop, and not at each of its turns.

    Args:
        positive: What the image should show.
        negative: What it should not show; without it, or at a scale of 1 or less, the denoiser predicts one side only.
        scale: 1 is no guidance; more follows the prompt closer and varies less.
        rescale: Against overexposure at high scales: 0 is off, 0.7 is common (Lin et al. 2023, section 3.4).
        like: Both sides are repeated for each image of these latents; null: they have a row for each already.
        start: Share of the steps before which only the positive side is predicted, in half the time.
        end: Share of the steps after which it alone is: guidance in the middle of the steps alone can make better
            pictures than throughout (Kynkäänniemi et al. 2024, "Applying Guidance in a Limited Interval").

    Example:
        model = load_model()
        positive = encode(model.text_encoder, tokenize(model.tokenizer, "a red circle"))
        negative = encode(model.text_encoder, tokenize(model.tokenizer, ""))
        steered = guidance(positive, negative, scale=5.0)
    """
    import torch

    refuse_interval(start, end)
    if like is not None:
        positive = for_each_image(positive, len(like.samples))
        negative = for_each_image(negative, len(like.samples)) if negative is not None else None
    steering = negative if scale > 1 else None
    if steering is None:
        return Guidance(positive, None, scale, rescale, positive.embeddings, family=positive.family)
    positive, steering = of_one_length(positive, steering)
    if steering.embeddings.shape != positive.embeddings.shape:
        raise ValueError(
            f"positive is {tuple(positive.embeddings.shape)}, negative is {tuple(steering.embeddings.shape)}; "
            "expected the same shape: give both the same images_per_prompt"
        )
    both = torch.cat([steering.embeddings, positive.embeddings])
    return Guidance(positive, steering, scale, rescale, both, family=positive.family, start=start, end=end)


def refuse_interval(start: float, end: float) -> None:
    """Raise where guidance would never begin."""
    if start >= end:
        raise ValueError(f"start is {start:g} and end is {end:g}; guidance has to begin before it ends")


def for_each_image(side: Conditioning, images: int) -> Conditioning:
    """A conditioning with its rows again and again, until there are `images`.

    Raises:
        ValueError: There are more, or they do not go into that number evenly.
    """
    rows = len(side.embeddings)
    if images % rows:
        raise ValueError(f"{rows} texts do not go evenly into a batch of {images} images")
    if images == rows:
        return side
    times = images // rows
    pooled = None if side.pooled is None else side.pooled.repeat(times, 1)
    return replace(side, embeddings=side.embeddings.repeat(times, 1, 1), pooled=pooled)


def of_one_length(positive: Conditioning, negative: Conditioning) -> tuple[Conditioning, Conditioning]:
    """Both sides with as many tokens as the longer one, or a multiple of it, each repeated whole.

    A UNet attends to a text and to the same text several times over alike, because the softmax shares its weights out;
    so only the sides of the families that have one are repeated.
    """
    lengths = [side.embeddings.shape[1] for side in (positive, negative)]
    bases = {side.family.partition("/")[0] for side in (positive, negative)}
    if lengths[0] == lengths[1] or not bases <= ATTENDED_ALONE:
        return positive, negative
    common = math.lcm(*lengths)
    long = [
        replace(side, embeddings=side.embeddings.repeat(1, common // length, 1))
        for side, length in zip((positive, negative), lengths, strict=True)
    ]
    return long[0], long[1]


def side_of(guidance: Guidance, side: Conditioning) -> Guidance:
    """A guidance of one of its two sides alone, for a denoiser that is called once for each."""
    return replace(guidance, positive=side, negative=None, embeddings=side.embeddings)


def at_turn(guidance: Guidance, timestep: Timestep) -> Guidance:
    """What counts at a turn: the whole guidance, or outside of its interval what is positive in it alone."""
    if not guidance.guided or (guidance.start, guidance.end) == (0, 1):
        return guidance
    if not timestep.count:
        raise ValueError("guidance in a part of the steps has to be told how many there are; take `schedule`")
    if guidance.start <= timestep.index / timestep.count and (timestep.index + 1) / timestep.count <= guidance.end:
        return guidance
    alone = side_of(guidance, guidance.positive)
    if guidance.regions is not None:
        return replace(alone, regions=(guidance.regions[0], ()))
    return replace(alone, added={name: rows.chunk(2)[1] for name, rows in guidance.added.items()})


def guided_prediction(positive: Tensor, negative: Tensor, scale: float, rescale: float = 0.0) -> Tensor:
    """Combine the predictions of both sides (Ho & Salimans 2022, eq. 6, scale = 1 + w).

    Args:
        positive: Prediction for the prompt, (B, C, h, w).
        negative: Prediction for the negative prompt, same shape.
        scale: A Python float: as a tensor it would be rounded to the precision of the predictions.
        rescale: Share of the result whose deviation is that of `positive`.

    Returns:
        Same shape and dtype.
    """
    # In this very order of operations: any other gives other bits.
    guided = negative + scale * (positive - negative)
    return rescaled_prediction(guided, positive, rescale) if rescale > 0 else guided


def rescaled_prediction(guided: Tensor, positive: Tensor, rescale: float) -> Tensor:
    """Draw the deviation of each image's prediction back to that without guidance (Lin et al. 2023, eq. 15, 16)."""
    axes = list(range(1, guided.ndim))
    rescaled = guided * (positive.std(dim=axes, keepdim=True) / guided.std(dim=axes, keepdim=True))
    return rescale * rescaled + (1 - rescale) * guided


def guidance_scale_embedding(scale: float, rows: int, dimension: int) -> Tensor:
    """The guidance scale as the embedding that distilled denoisers such as LCM take in place of a negative side.

    Sines and cosines of w = scale - 1 times 1000 (Meng et al. 2023; as in google-research/vdm).

    Args:
        scale: 1 + w.
        rows: Images in the batch.
        dimension: `time_cond_proj_dim` of the denoiser.

    Returns:
        float32 (rows, dimension), on the CPU.
    """
    import torch

    strengths = torch.tensor(scale - 1).repeat(rows) * 1000.0
    half = dimension // 2
    decay = torch.log(torch.tensor(10000.0)) / (half - 1)
    frequencies = torch.exp(torch.arange(half, dtype=torch.float32) * -decay)
    angles = strengths[:, None] * frequencies[None, :]
    waves = torch.cat([torch.sin(angles), torch.cos(angles)], dim=1)
    return torch.nn.functional.pad(waves, (0, dimension % 2))
