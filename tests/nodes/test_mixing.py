"""What lies between two prompts and between two seeds."""

from __future__ import annotations

import pytest
import torch

from latentgraph.nodes import mix_conditioning, mix_noise
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
