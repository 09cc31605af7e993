"""Pictures in the place of a text's sum: their noise is that of the cosine schedule, and one seed gives one noise."""

from __future__ import annotations

from typing import Any

import diffusers
import pytest
import torch

from latentgraph.nodes import augment_image_prompt, pool_image_prompt
from latentgraph.nodes.unclip import noisy
from latentgraph.nodes.values import Conditioning, ImagePrompt

library: Any = diffusers  # Untyped.
TEXT = Conditioning(torch.rand(1, 7, 8), pooled=torch.rand(1, 5), family="sdxl")


def prompt(*values: float) -> ImagePrompt:
    rows = torch.tensor(values).view(-1, 1).expand(-1, 5).contiguous()
    return ImagePrompt(rows, torch.zeros_like(rows))


@pytest.mark.parametrize("level", [0, 100, 999])
def test_a_vector_gets_the_noise_of_its_level(level: int) -> None:
    kept = library.DDPMScheduler(beta_schedule="squaredcos_cap_v2").alphas_cumprod[level]
    vector = torch.rand(1, 5)
    noise = torch.randn(1, 5, generator=torch.Generator().manual_seed(7))
    torch.testing.assert_close(noisy(vector, level, 7), kept.sqrt() * vector + (1 - kept).sqrt() * noise)


def test_a_seed_below_zero_counts_from_the_end() -> None:
    assert torch.equal(noisy(torch.ones(1, 5), 500, -10), noisy(torch.ones(1, 5), 500, 2**64 - 10))


def test_one_picture_stands_for_the_text_with_its_weight() -> None:
    made = pool_image_prompt(TEXT, augment_image_prompt(prompt(2.0), 0.5, 0.1, 7), 7)
    assert made.pooled is not None
    torch.testing.assert_close(made.pooled, noisy(torch.full((1, 5), 2.0), 100, 7) * 0.5)
    assert made.embeddings is TEXT.embeddings


def test_several_pictures_are_added_up_and_get_the_lowest_noise_once_more() -> None:
    first = augment_image_prompt(prompt(2.0), 0.75, seed=17, offset=-10)
    both = augment_image_prompt(prompt(4.0), 0.5, seed=17, offset=-10, after=first)
    made = pool_image_prompt(TEXT, both, 17, -10)
    assert made.pooled is not None
    wanted = noisy(torch.full((1, 5), 2.0), 0, 7) * 0.75 + noisy(torch.full((1, 5), 4.0), 0, 7) * 0.5
    torch.testing.assert_close(made.pooled, noisy(wanted, 0, 7))


def test_what_cannot_stand_for_a_text_is_refused() -> None:
    with pytest.raises(ValueError, match="gives 5 numbers, and the model reads 6"):
        pool_image_prompt(Conditioning(torch.rand(1, 7, 8), pooled=torch.rand(1, 6)), prompt(1.0))
    with pytest.raises(ValueError, match="without the sum of the text"):
        pool_image_prompt(Conditioning(torch.rand(1, 7, 8)), prompt(1.0))
    with pytest.raises(ValueError, match="reads hidden states"):
        augment_image_prompt(ImagePrompt(torch.rand(1, 3, 5), torch.rand(1, 3, 5)))
