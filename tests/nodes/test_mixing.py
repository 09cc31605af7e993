"""What lies between two prompts and between two seeds."""

from __future__ import annotations

import pytest
import torch

from latentgraph.nodes import join_conditioning, mix_conditioning, mix_noise, zero_conditioning
from latentgraph.nodes.mixing import turned
from latentgraph.nodes.values import Conditioning, Noise

FIRST, SECOND = (torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))


@pytest.mark.parametrize("method", ["lerp", "slerp"])
def test_the_ends_are_the_prompts(method: str) -> None:
    first, second = Conditioning(torch.randn(1, 7, 8)), Conditioning(torch.randn(1, 7, 8))
    for amount, end in ((0.0, first), (1.0, second)):
        mixed = mix_conditioning(first, second, amount, method)  # type: ignore[arg-type]
        assert torch.allclose(mixed.embeddings, end.embeddings, atol=1e-5)
    middle = mix_conditioning(first, second)
    assert torch.allclose(middle.embeddings, (first.embeddings + second.embeddings) / 2)


def test_prompts_of_other_shapes_are_told() -> None:
    with pytest.raises(ValueError, match=r"first is \(1, 7, 8\), second is \(2, 7, 8\); expected the same shape"):
        mix_conditioning(Conditioning(torch.zeros(1, 7, 8)), Conditioning(torch.zeros(2, 7, 8)))


def test_all_noises_on_the_arc_are_of_deviation_1() -> None:
    mixed = mix_noise(Noise(FIRST, 128, 128), Noise(SECOND, 128, 128), [0.0, 0.25, 0.5, 1.0]).samples
    assert mixed.shape == (4, 4, 16, 16)
    assert torch.allclose(mixed[0], FIRST[0], atol=1e-5)
    assert torch.allclose(mixed[3], SECOND[0], atol=1e-5)
    assert mixed.std(dim=(1, 2, 3)).sub(1).abs().max() < 0.05  # 1024 numbers: a deviation of 0.02
    straight = (FIRST + SECOND) / 2
    assert straight.std() < 0.75  # Which is why it is an arc.


def test_parallel_vectors_are_mixed_in_a_straight_line() -> None:
    assert torch.equal(turned(torch.ones(2, 3), torch.ones(2, 3), 0.5), torch.ones(2, 3))


def test_noises_of_other_sizes_are_told() -> None:
    with pytest.raises(ValueError, match="expected the noise of one image each, of the same size"):
        mix_noise(Noise(FIRST, 128, 128), Noise(SECOND[:, :, :8], 64, 128), [0.5])


def test_a_prompt_of_another_length_is_cut_or_filled_up_on_demand() -> None:
    short, long = Conditioning(torch.full((1, 7, 8), 2.0)), Conditioning(torch.full((1, 9, 8), 4.0))
    filled = mix_conditioning(short, long, 0.25, fit=True).embeddings
    assert filled[0, :, 0].tolist() == [2.5] * 7 + [1.0] * 2
    assert mix_conditioning(long, short, 0.25, fit=True).embeddings.shape == (1, 7, 8)


def test_prompts_are_joined_along_their_tokens() -> None:
    first = Conditioning(torch.rand(1, 7, 8), pooled=torch.rand(1, 5), family="sdxl")
    second = Conditioning(torch.rand(1, 9, 8), pooled=torch.rand(1, 5))
    joined = join_conditioning(first, second)
    assert torch.equal(joined.embeddings, torch.cat([first.embeddings, second.embeddings], dim=1))
    assert joined.pooled is first.pooled
    with pytest.raises(ValueError, match="expected the same batch and width"):
        join_conditioning(first, Conditioning(torch.zeros(1, 7, 9)))


def test_no_text_at_all_is_zeros() -> None:
    nothing = zero_conditioning(Conditioning(torch.rand(1, 7, 8), pooled=torch.rand(1, 5), family="sdxl"))
    assert nothing.family == "sdxl"
    assert nothing.embeddings.abs().sum() == 0
    assert nothing.pooled is not None
    assert nothing.pooled.abs().sum() == 0
