"""Texts in areas, run: against ComfyUI's own arithmetic of several conditionings, written anew here from its facts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.nodes.comfyui import k_diffusion
from tests.nodes.comfyui.test_region_rules import combined, node
from tests.nodes.comfyui.test_translated_runs import SIGMAS, encoded, run
from tests.nodes.tiny import load_pipeline

from latentgraph.graph.run import Engine

pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
STEPS, SEED, SCALE = 4, 5, 7.0
LEVELS = [float(SIGMAS[number]) for number in (999, 666, 333, 0)]
Entry = tuple[torch.Tensor, torch.Tensor, tuple[slice, slice]]
"""The embeddings of a text, its weight in each cell of its area, and that area."""
WHOLE = (slice(0, 32), slice(0, 32))


def area_weight(rows: int, columns: int, strength: float, soft: Sequence[tuple[int, bool]]) -> torch.Tensor:
    """ComfyUI's weight of an area: over a quarter of it, 8 cells at most, it falls towards edges inside the picture.

    Args:
        rows: Of the area, in cells.
        columns: Of the same.
        strength: Of the conditioning.
        soft: Axes with such an edge, and whether it is the first edge of the axis.
    """
    weight = torch.full((rows, columns), strength, dtype=torch.float64)
    for axis, first in soft:
        length = (rows, columns)[axis]
        width = min(8, length // 4)
        for step in range(width):
            weight.select(axis, step if first else length - 1 - step).mul_((step + 1) / width)
    return weight


def averaged(unet: Any, positive: Sequence[Entry], negative: Sequence[Entry]) -> Callable[[Any, float], Any]:
    """The denoiser of several conditionings: sum of weight times prediction over sum of weights, then guided."""

    def side(x: torch.Tensor, sigma: float, entries: Sequence[Entry]) -> torch.Tensor:
        timestep = (SIGMAS.log() - math.log(sigma)).abs().argmin()
        scaled = (x / math.hypot(sigma, 1)).float()
        summed, weights = torch.zeros_like(x), torch.zeros_like(x)
        for text, weight, (rows, columns) in entries:
            with torch.no_grad():
                seen = scaled[..., rows, columns].contiguous()
                noise = unet(seen, timestep, encoder_hidden_states=text).sample.double()
            summed[..., rows, columns] += (x[..., rows, columns] - sigma * noise) * weight
            weights[..., rows, columns] += weight
        return summed / weights

    def denoise(x: torch.Tensor, sigma: float) -> torch.Tensor:
        towards, away = side(x, sigma, positive), side(x, sigma, negative)
        guided: torch.Tensor = away + (towards - away) * SCALE
        return guided

    return denoise


def hold(made: torch.Tensor, denoise: Any) -> None:
    """The latents are those of the formulas."""
    noise = torch.randn(made.shape, generator=torch.Generator("cpu").manual_seed(SEED)).double()
    drawn = k_diffusion.generator(SEED + 1, made.shape)
    exact = k_diffusion.euler(noise * math.hypot(LEVELS[0], 1), [*LEVELS, 0.0], denoise, drawn)
    torch.testing.assert_close(made.double(), exact, rtol=1e-3, atol=1e-3)


@pytest.fixture(scope="module")
def models(tiny_folder: Path) -> Mapping[str, Path]:
    return {"sd1": tiny_folder, "refiner": tiny_folder}


def texts(folder: Path) -> tuple[Any, dict[str, torch.Tensor]]:
    """The model, and the texts of the graph."""
    model = load_pipeline(folder)
    words = {
        "circle": [("a", 1.0), ("red", 1.3), ("circle", 1.0)],
        "negative": [("text, watermark", 1.0)],
        "square": [("a blue square", 1.0)],
    }
    return model, {name: encoded(model, one) for name, one in words.items()}


def test_a_text_in_an_area_is_asked_there_and_averaged(engine: Engine, models: Mapping[str, Path]) -> None:
    made = run(combined(), engine, models)["latents"].samples
    model, text = texts(models["sd1"])
    ones = torch.ones(32, 32, dtype=torch.float64)
    # 32 × 64 pixels at the left are 16 × 32 cells of this model, with one edge inside the picture.
    weight = area_weight(32, 16, 1.5, [(1, False)])
    left = (slice(0, 32), slice(0, 16))
    positive = [(text["square"], weight, left), (text["circle"], ones, WHOLE)]
    negative = [(text["negative"], ones, WHOLE), (text["negative"], weight, left)]
    hold(made, averaged(model.unet, positive, negative))


def test_a_text_with_a_strength_counts_more_everywhere(engine: Engine, models: Mapping[str, Path]) -> None:
    nodes = combined() | {"11": node("ConditioningSetAreaStrength", conditioning=["10", 0], strength=3.0)}
    made = run(nodes, engine, models)["latents"].samples
    model, text = texts(models["sd1"])
    ones = torch.ones(32, 32, dtype=torch.float64)
    positive = [(text["square"], ones * 3, WHOLE), (text["circle"], ones, WHOLE)]
    hold(made, averaged(model.unet, positive, [(text["negative"], ones, WHOLE)]))
