"""Tensors without numbers are what torch makes of them, made a shorter way; tensors with numbers are left alone."""

from __future__ import annotations

import torch

from latentgraph.nodes.loading.only_shapes import OnlyShapes


def _made() -> list[torch.Tensor]:
    with torch.device("meta"):
        linear = torch.nn.Linear(3, 2, dtype=torch.float16)
        position = torch.arange(5).expand((1, -1))
        made = [linear.weight, linear.bias, position, torch.randn(4), torch.rand(2, 3), torch.arange(0, 1, 0.25)]
    return [*made, torch.nn.init.normal_(made[0]), torch.empty_like(made[0], device="cpu"), torch.empty_like(position)]


def test_what_has_a_shape_alone_is_the_same_tensor_of_no_numbers() -> None:
    with OnlyShapes():
        short = _made()
    for mine, other in zip(short, _made(), strict=True):
        assert (mine.shape, mine.dtype, mine.device, mine.stride()) == (
            other.shape,
            other.dtype,
            other.device,
            other.stride(),
        )


def test_what_has_numbers_gets_the_ones_that_it_would_have_got() -> None:
    def drawn() -> list[torch.Tensor]:
        torch.manual_seed(3)
        return [torch.nn.Linear(3, 2).weight, torch.randn(4), torch.arange(5), torch.empty(3).normal_()]

    with OnlyShapes():
        mine = drawn()
    assert all(torch.equal(one, other) for one, other in zip(mine, drawn(), strict=True))
