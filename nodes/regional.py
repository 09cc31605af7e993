"""Several prompts in one denoising, each in a part of the picture, for a part of the time, or with its own weight.

The denoiser is asked once for each prompt, and where several count their predictions are averaged by weight: Composable
Diffusion (Liu et al. 2022, section 4) with weights that vary over the picture, as in MultiDiffusion (Bar-Tal et al.
2023, eq. 5).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.guidance import refuse_interval
from latentgraph.nodes.values import Guidance, Latents, Mask, Region, RegionalPrompts, Timestep

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

Share = Annotated[float, Field(ge=0, le=1)]
Box = Annotated[list[float], Field(min_length=4, max_length=4)]
SOFT_CELLS = 8
"""Latent cells over which the weight of a box falls towards an edge inside the picture; a quarter of a small one."""
TRAINED = 1000
"""Timesteps that Stable Diffusion was trained on."""


@node(category="text")
def regional_prompt(
    guidance: Guidance,
    box: Box | None = None,
    unit: Literal["pixels", "share"] = "pixels",
    mask: Mask | None = None,
    strength: Annotated[float, Field(ge=0)] = 1.0,
    start: Share = 0.0,
    end: Share = 1.0,
    latents: Latents | None = None,
    after: RegionalPrompts | None = None,
) -> RegionalPrompts:
    """Say where, when and how much a prompt counts among others. Put one behind the other for several.

    Where prompts overlap their predictions are averaged by weight. In a box the denoiser sees only what is inside it,
    and its weight falls softly towards edges inside the picture; under a mask it sees the whole picture.

    Args:
        guidance: Of this prompt alone, from `guidance` without a negative side, with the ControlNets and sizes that it
            has for itself.
        box: [left, top, width, height] of the part of the picture; null: everywhere.
        unit: Of the box: pixels, or shares of the picture's edges.
        mask: How much it counts at each pixel, of the picture's size; null: the same everywhere.
        strength: How much it counts where several do.
        start: Share of the denoising before which it does not count, by the timesteps that models are trained on.
        end: Share of the denoising after which it does not count.
        latents: What the loop begins at; they tell how many pixels a cell is. Null: 8, as in Stable Diffusion.
        after: Prompts that come before this one.

    Example:
        model = load_model()
        circle, star = (encode(model.text_encoder, tokenize(model.tokenizer, text)) for text in ("a circle", "a star"))
        left = regional_prompt(guidance(circle), box=[0, 0, 0.5, 1], unit="share")
        both = regional_prompt(guidance(star), box=[0.5, 0, 0.5, 1], unit="share", after=left)
    """
    if guidance.guided or guidance.regions is not None:
        raise ValueError("a prompt among others has one side; make its guidance without a negative conditioning")
    if start >= end:
        raise ValueError(f"start is {start:g} and end is {end:g}; a prompt has to begin before it ends")
    where = None if box is None else (box[0], box[1], box[2], box[3])
    if where is not None and (min(where) < 0 or min(where[2:]) <= 0):
        raise ValueError(f"box is {box}; left and top are 0 or more, width and height more than 0")
    cell = 8 if latents is None else latents.height // latents.samples.shape[-2]
    soft = None if mask is None else mask.samples
    one = Region(guidance, where, unit == "share", soft, strength, start, end, cell)
    before = () if after is None else after.regions
    return RegionalPrompts((*before, one), guidance.family)


@node(category="text")
def regional_guidance(
    positive: RegionalPrompts,
    negative: RegionalPrompts | None = None,
    scale: Annotated[float, Field(ge=0)] = 7.5,
    rescale: Share = 0.0,
    start: Share = 0.0,
    end: Share = 1.0,
) -> Guidance:
    """Steer by several prompts at once. The denoiser is called once a step for each of them.

    Args:
        positive: What the picture should show, and where.
        negative: What it should not show, and where; without it, or at a scale of 1 or less, the denoiser predicts one
            side only.
        scale: 1 is no guidance; more follows the prompts closer and varies less.
        rescale: Against overexposure at high scales: 0 is off (Lin et al. 2023, section 3.4).
        start: Share of the steps before which only the positive prompts are predicted, in half the time.
        end: Share of the steps after which they alone are.

    Example:
        model = load_model()
        circle, star = (encode(model.text_encoder, tokenize(model.tokenizer, text)) for text in ("a circle", "a star"))
        left = regional_prompt(guidance(circle), box=[0, 0, 0.5, 1], unit="share")
        steered = regional_guidance(regional_prompt(guidance(star), strength=0.5, after=left))
    """
    refuse_interval(start, end)
    steering = negative if scale > 1 else None
    first = positive.regions[0].guidance
    other = None if steering is None else steering.regions[0].guidance.positive
    both = (positive.regions, () if steering is None else steering.regions)
    steered = Guidance(first.positive, other, scale, rescale, first.embeddings, regions=both, family=positive.family)
    return steered if other is None else replace(steered, start=start, end=end)


def regional_prediction(
    regions: tuple[Region, ...], model_input: Tensor, timestep: Timestep, predict: Callable[[Tensor, Guidance], Tensor]
) -> Tensor:
    """The predictions of several prompts as one: sum of weight times prediction over sum of weights, for each cell.

    Where no prompt counts nothing is predicted: 0.

    Args:
        regions: Of one side.
        model_input: Latents, scaled for the denoiser, (B, C, h, w).
        timestep: Of this turn.
        predict: Asks the denoiser about latents (B, C, rows, columns) by a guidance of one side.
    """
    import torch

    summed = torch.zeros_like(model_input)
    weights = torch.zeros_like(summed[:, :1])
    for one in regions:
        if not counts(one, timestep):
            continue
        area = cells_of(one, model_input.shape[-2], model_input.shape[-1])
        weight = weight_of(one, area, model_input)
        told = one.guidance
        if told.channels is not None:
            told = replace(told, channels=area.cut(told.channels).contiguous())
        prediction = predict(area.cut(model_input).contiguous(), told)
        area.cut(summed).add_(prediction * weight)
        area.cut(weights).add_(weight)
    return torch.where(weights > 0, summed / weights.clamp(min=1e-37), torch.zeros_like(summed))


@dataclass(frozen=True)
class Cells:
    """A rectangle of latent cells."""

    top: int
    left: int
    rows: int
    columns: int
    whole: tuple[int, int]
    """Rows and columns of all the latents."""

    def cut(self, samples: Tensor) -> Tensor:
        """The part of (B, C, h, w) that lies in it."""
        return samples[..., self.top : self.top + self.rows, self.left : self.left + self.columns]


def cells_of(one: Region, rows: int, columns: int) -> Cells:
    """The cells of latents (B, C, rows, columns) that a prompt is asked about.

    Args:
        one: With its box in pixels or in shares.
        rows: Of the latents.
        columns: Of the latents.
    """
    if one.box is None:
        return Cells(0, 0, rows, columns, (rows, columns))
    left, top, width, height = one.box
    pixels = one.cell
    if one.shares:
        size = max(1, round(height * rows)), max(1, round(width * columns))
        corner = round(top * rows), round(left * columns)
    else:
        size = max(1, int(height) // pixels), max(1, int(width) // pixels)
        corner = int(top) // pixels, int(left) // pixels
    if corner[0] >= rows or corner[1] >= columns:
        raise ValueError(
            f"the box of a prompt begins at column {corner[1]} and row {corner[0]} of latents of {columns} × {rows} "
            "cells; give it a box inside the picture"
        )
    return Cells(*corner, min(size[0], rows - corner[0]), min(size[1], columns - corner[1]), (rows, columns))


def weight_of(one: Region, area: Cells, like: Tensor) -> Tensor:
    """How much a prompt counts in each cell of its area, (1 or B, 1, rows, columns).

    Args:
        one: With its strength, and a mask or a box.
        area: Of the prompt.
        like: Latents, for type and device.
    """
    import torch

    if one.mask is not None:
        small = torch.nn.functional.interpolate(one.mask, size=area.whole, mode="bilinear", align_corners=False)
        return area.cut(small).to(like) * one.strength
    weight = torch.full((1, 1, area.rows, area.columns), one.strength, dtype=like.dtype, device=like.device)
    edges = ((2, area.top, area.rows, area.whole[0]), (3, area.left, area.columns, area.whole[1]))
    for axis, begin, length, whole in edges:
        width = min(SOFT_CELLS, length // 4)
        for step in range(width):
            if begin > 0:
                weight.narrow(axis, step, 1).mul_((step + 1) / width)
            if begin + length < whole:
                weight.narrow(axis, length - 1 - step, 1).mul_((step + 1) / width)
    return weight


def counts(one: Region, timestep: Timestep) -> bool:
    """Whether a prompt counts at a turn: its timestep lies between those at the shares `start` and `end`."""
    at = float(timestep.value)
    before = one.start > 0 and at > (1 - one.start) * (TRAINED - 1)
    after = one.end < 1 and at < (1 - one.end) * (TRAINED - 1)
    return not (before or after or math.isclose(one.strength, 0))


def regional_predictions(
    module: Any,
    model_input: Tensor,
    timestep: Timestep,
    guidance: Guidance,
    predict: Callable[..., Tensor],
    context: RunContext = ALONE,
) -> tuple[Tensor, Tensor | None]:
    """The prediction for the positive side, (B, C, h, w), and that for the negative side or None.

    Args:
        module: The denoiser.
        model_input: Latents, scaled for it.
        timestep: Of this turn.
        guidance: With `regions`.
        predict: Calls the denoiser once.
        context: Of the run.
    """
    regions = guidance.regions
    assert regions is not None
    if getattr(module.config, "time_cond_proj_dim", None) is not None:
        raise ValueError("a denoiser that was distilled to be told the guidance scale takes one prompt")
    beside = (guidance.controls, guidance.features, guidance.image_prompts, guidance.added)
    if any(beside) or guidance.channels is not None or guidance.labels is not None:
        raise ValueError(
            "a guidance by several prompts is told of ControlNets, sizes and masks through each of them; "
            "put those nodes before regional_prompt"
        )

    def ask(samples: Tensor, told: Guidance) -> Tensor:
        return predict(module, samples, timestep, told, context=context)

    positive, negative = regions
    pair = [regional_prediction(one, model_input, timestep, ask) for one in (positive, negative) if one]
    return pair[0], pair[1] if len(pair) > 1 else None
