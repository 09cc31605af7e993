"""Several prompts in one denoising: their predictions are averaged by weights, and these are what the formulas say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.nodes.tiny_families import tiny_unet

from latentgraph.graph.values import JoinError
from latentgraph.nodes import (
    denoise_step,
    guidance,
    load_model,
    random_state,
    regional_guidance,
    regional_prompt,
    schedule,
)
from latentgraph.nodes.joining import GUIDANCE_ROWS
from latentgraph.nodes.prediction import predictions
from latentgraph.nodes.regional import cells_of, counts, regional_prediction, weight_of
from latentgraph.nodes.values import Conditioning, Guidance, Latents, Mask, RegionalPrompts, Timestep

SHAPE = (1, 4, 32, 48)


def side(value: float, width: int = 32) -> Guidance:
    return guidance(Conditioning(torch.full((1, 7, width), value)))


def at(value: float) -> Timestep:
    return Timestep(torch.tensor(value), 0, 1)


def predicted_by_value(samples: torch.Tensor, told: Guidance) -> torch.Tensor:
    """A denoiser that predicts everywhere the number that its prompt is filled with."""
    return torch.full_like(samples, float(told.embeddings[0, 0, 0]))


def combined(prompts: RegionalPrompts, timestep: float = 500) -> torch.Tensor:
    return regional_prediction(prompts.regions, torch.zeros(SHAPE), at(timestep), predicted_by_value)


def test_prompts_everywhere_are_averaged_by_their_strength() -> None:
    prompts = regional_prompt(side(8.0), strength=3, after=regional_prompt(side(4.0)))
    torch.testing.assert_close(combined(prompts), torch.full(SHAPE, (4 + 3 * 8) / 4))


def test_a_mask_is_the_weight_at_each_cell_and_the_prompt_sees_the_whole() -> None:
    mask = torch.zeros(1, 1, 256, 384)
    mask[..., :192] = 1
    seen: list[torch.Size] = []

    def predict(samples: torch.Tensor, told: Guidance) -> torch.Tensor:
        seen.append(samples.shape)
        return predicted_by_value(samples, told)

    prompts = regional_prompt(side(8.0), mask=Mask(mask), strength=2, after=regional_prompt(side(2.0)))
    made = regional_prediction(prompts.regions, torch.zeros(SHAPE), at(500), predict)
    torch.testing.assert_close(made[..., :24], torch.full((1, 4, 32, 24), (2 + 2 * 8) / 3))
    torch.testing.assert_close(made[..., 24:], torch.full((1, 4, 32, 24), 2.0))
    assert seen == [torch.Size(SHAPE)] * 2


def test_in_a_box_the_denoiser_sees_what_is_inside_alone() -> None:
    latents = torch.rand(SHAPE)
    seen: list[torch.Tensor] = []

    def predict(samples: torch.Tensor, told: Guidance) -> torch.Tensor:
        seen.append(samples)
        return samples

    prompts = regional_prompt(side(1.0), box=[64, 32, 200, 120])
    made = regional_prediction(prompts.regions, latents, at(500), predict)
    assert torch.equal(seen[0], latents[..., 4:19, 8:33])
    torch.testing.assert_close(made[..., 4:19, 8:33], latents[..., 4:19, 8:33])
    assert made[..., :4, :].abs().sum() == 0  # Where no prompt counts.


def test_the_weight_of_a_box_falls_towards_edges_inside_the_picture_alone() -> None:
    one = regional_prompt(side(1.0), box=[0, 0, 384, 128], strength=2).regions[0]
    area = cells_of(one, 32, 48)
    weight = weight_of(one, area, torch.zeros(SHAPE))
    assert (area.rows, area.columns) == (16, 48)
    # A quarter of 16 cells is 4: the last rows of the box weigh 4/4, 3/4, 2/4 and 1/4 of its strength.
    assert weight[0, 0, :, 5].tolist() == [2.0] * 13 + [1.5, 1.0, 0.5]
    small = regional_prompt(side(1.0), box=[64, 64, 128, 64]).regions[0]
    corner = weight_of(small, cells_of(small, 32, 48), torch.zeros(SHAPE))
    assert corner[0, 0, 0, 0] == (1 / 2) * (1 / 4)


@pytest.mark.parametrize(
    ("box", "unit", "cells"),
    [
        ([0, 64, 304, 304], "pixels", (8, 0, 24, 38)),
        ([64, 0, 4, 4], "pixels", (0, 8, 1, 1)),
        ([0.5, 0.25, 0.5, 0.5], "share", (8, 24, 16, 24)),
        ([0.5, 0.25, 1.0, 1.0], "share", (8, 24, 24, 24)),
    ],
)
def test_boxes_in_pixels_and_in_shares_are_whole_cells(box: list[float], unit: Any, cells: tuple[int, ...]) -> None:
    area = cells_of(regional_prompt(side(1.0), box=box, unit=unit).regions[0], 32, 48)
    assert (area.top, area.left, area.rows, area.columns) == cells


def test_a_box_in_pixels_heeds_the_cell_of_the_latents() -> None:
    latents = Latents(torch.zeros(1, 4, 32, 48), 64, 96)
    area = cells_of(regional_prompt(side(1.0), box=[0, 8, 16, 16], latents=latents).regions[0], 32, 48)
    assert (area.top, area.left, area.rows, area.columns) == (4, 0, 8, 8)


def test_a_prompt_counts_between_the_timesteps_at_its_shares() -> None:
    one = regional_prompt(side(1.0), start=0.25, end=0.75).regions[0]
    assert [counts(one, at(t)) for t in (999, 750, 749.25, 500, 249.75, 249, 0)] == [
        False, False, True, True, True, False, False,
    ]  # fmt: skip
    always = regional_prompt(side(1.0)).regions[0]
    assert [counts(always, at(t)) for t in (999, 0)] == [True, True]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="a prompt has to begin before it ends"):
        regional_prompt(side(1.0), start=0.5, end=0.5)
    with pytest.raises(ValueError, match="width and height more than 0"):
        regional_prompt(side(1.0), box=[0, 0, 0, 8])
    both = guidance(Conditioning(torch.zeros(1, 7, 8)), Conditioning(torch.zeros(1, 7, 8)))
    with pytest.raises(ValueError, match="a prompt among others has one side"):
        regional_prompt(both)
    outside = regional_prompt(side(1.0), box=[640, 0, 64, 64])
    with pytest.raises(ValueError, match="begins at column 80 and row 0 of latents of 48 × 32 cells"):
        combined(outside)


@pytest.fixture(scope="module")
def unet() -> Any:
    torch.manual_seed(0)
    return tiny_unet(cross_attention_dim=32).eval()


def test_one_prompt_on_each_side_predicts_what_plain_guidance_does(unet: Any) -> None:
    conditionings = [Conditioning(torch.randn(1, 7, 32)) for _ in range(2)]
    plain = guidance(conditionings[0], conditionings[1], scale=5.0)
    one, other = (regional_prompt(guidance(each)) for each in conditionings)
    latents = torch.randn(1, 4, 8, 8)
    wanted = predictions(unet, latents, at(500), plain)
    given = predictions(unet, latents, at(500), regional_guidance(one, other, scale=5.0))
    for left, right in zip(wanted, given, strict=True):
        torch.testing.assert_close(left, right, atol=1e-5, rtol=1e-4)  # Two calls of one row, for one call of two.


def test_without_guidance_there_is_no_negative_side(unet: Any) -> None:
    told = regional_guidance(regional_prompt(side(0.0)), regional_prompt(side(1.0)), scale=1.0)
    assert not told.guided
    assert predictions(unet, torch.randn(1, 4, 8, 8), at(500), told)[1] is None


def test_outside_of_its_interval_only_the_positive_prompts_are_predicted(tiny_folder: Path) -> None:
    model = load_model(str(tiny_folder))
    timesteps, state = schedule(model.scheduler, 4)
    assert len(timesteps) == 5  # PNDM's.
    texts = [Conditioning(torch.randn(1, 7, 32, generator=torch.Generator().manual_seed(n))) for n in range(3)]
    one, two, other = (guidance(text) for text in texts)
    begun = Latents(torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(9)), 32, 32)
    positive = regional_prompt(one, box=[0, 0, 0.5, 1], unit="share", after=regional_prompt(two))
    told = regional_guidance(positive, regional_prompt(other), scale=5.0, start=0.2, end=0.6)
    both, alone = regional_guidance(positive, regional_prompt(other), scale=5.0), regional_guidance(positive)
    made = wanted = (begun, state, random_state(3))
    for timestep, by_hand in zip(timesteps, (alone, both, both, alone, alone), strict=True):
        made = denoise_step(model.denoiser, made[0], timestep, made[1], made[2], told)
        wanted = denoise_step(model.denoiser, wanted[0], timestep, wanted[1], wanted[2], by_hand)
        assert torch.equal(made[0].samples, wanted[0].samples)


def test_a_turn_outside_of_the_interval_is_a_mean_of_the_positive_predictions_by_weight(unet: Any) -> None:
    texts = [torch.randn(1, 7, 32) for _ in range(3)]
    one, two, other = (guidance(Conditioning(text)) for text in texts)
    positive = regional_prompt(one, strength=3, after=regional_prompt(two))
    told = regional_guidance(positive, regional_prompt(other), scale=5.0, end=0.5)
    latents, late = torch.randn(1, 4, 8, 8), Timestep(torch.tensor(5), 3, 4)
    given, negative = predictions(unet, latents, late, told)
    assert negative is None
    with torch.no_grad():
        first, second = (unet(latents, 5, encoder_hidden_states=text).sample for text in texts[:2])
    torch.testing.assert_close(given, (3 * first + second) / 4)
    with pytest.raises(ValueError, match=r"^start is 1 and end is 0\.5; guidance has to begin before it ends$"):
        regional_guidance(positive, start=1.0, end=0.5)


def test_what_the_whole_is_told_besides_is_refused(unet: Any) -> None:
    told = replace(regional_guidance(regional_prompt(side(1.0))), added={"time_ids": torch.zeros(1, 6)})
    with pytest.raises(ValueError, match="put those nodes before regional_prompt"):
        predictions(unet, torch.randn(1, 4, 8, 8), at(500), told)


def test_a_step_is_steered_by_regions(tiny_folder: Path) -> None:
    model = load_model(str(tiny_folder))
    turns = schedule(model.scheduler, 2)
    latents = Latents(torch.randn(1, 4, 16, 16), 32, 32)
    regions = regional_prompt(side(1.0), box=[0, 0, 16, 32], latents=latents, after=regional_prompt(side(0.5)))
    told = regional_guidance(regions, regional_prompt(side(0.0)))
    made = denoise_step(model.denoiser, latents, turns.timesteps[0], turns.state, random_state(3), told)
    plain = guidance(Conditioning(torch.full((1, 7, 32), 0.5)), Conditioning(torch.zeros(1, 7, 32)))
    other = denoise_step(model.denoiser, latents, turns.timesteps[0], turns.state, random_state(3), plain)
    changed = (made.latents.samples - other.latents.samples).abs().amax(dim=(0, 1, 2))
    assert (changed[:8] > 1e-4).all()
    assert (changed[8:] < 1e-4).all()


def test_runs_with_several_prompts_are_not_denoised_at_once() -> None:
    told = regional_guidance(regional_prompt(side(1.0)))
    with pytest.raises(JoinError, match="several prompts at once are for one run at a time"):
        GUIDANCE_ROWS.join([told, told])
