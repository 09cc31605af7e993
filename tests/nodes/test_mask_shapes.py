"""Masks without a picture: grown as scipy's morphology grows them, put together as ComfyUI does it."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
import scipy.ndimage
import torch

from latentgraph.graph.node import node_type
from latentgraph.graph.types import ValueFaultError
from latentgraph.nodes import combine_masks, solid_mask, spread_mask
from latentgraph.nodes.values import Mask


def soft(count: int = 2, height: int = 13, width: int = 17, seed: int = 0) -> Mask:
    """Masks by lot, of any softness."""
    return Mask(torch.rand((count, 1, height, width), generator=torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("corners", [False, True])
@pytest.mark.parametrize("pixels", [0, 1, 3, -1, -4, 40, -40])
def test_a_mask_spreads_as_grey_morphology_does_it(pixels: int, corners: bool) -> None:
    mask = soft()
    end = int(corners)
    footprint = numpy.array([[end, 1, end], [1, 1, 1], [end, 1, end]])
    move = scipy.ndimage.grey_dilation if pixels > 0 else scipy.ndimage.grey_erosion
    wanted = []
    for one in mask.samples[:, 0].numpy():
        for _ in range(abs(pixels)):
            one = move(one, footprint=footprint)
        wanted.append(torch.from_numpy(one))
    made = spread_mask(mask, pixels, corners)
    assert torch.equal(made.samples[:, 0], torch.stack(wanted))
    assert torch.equal(mask.samples, soft().samples)


def test_a_solid_mask_is_the_same_everywhere() -> None:
    made = solid_mask(height=3, width=5, value=0.25).samples
    assert made.shape == (1, 1, 3, 5)
    assert (made == 0.25).all()


@pytest.mark.parametrize("operation", ["multiply", "add", "subtract", "and", "or", "xor"])
@pytest.mark.parametrize(("left", "top"), [(0, 0), (3, 2), (12, 9), (16, 12), (30, 2)])
def test_one_mask_is_laid_over_another_pixel_by_pixel(operation: str, left: int, top: int) -> None:
    onto, mask = soft(), soft(1, 5, 7, seed=1)
    made = combine_masks(onto, mask, operation, left, top)  # type: ignore[arg-type]
    formulas: dict[str, Any] = {
        "multiply": lambda a, b: a * b,
        "add": lambda a, b: min(1.0, a + b),
        "subtract": lambda a, b: max(0.0, a - b),
        "and": lambda a, b: float(a > 0.5 and b > 0.5),
        "or": lambda a, b: float(a > 0.5 or b > 0.5),
        "xor": lambda a, b: float((a > 0.5) != (b > 0.5)),
    }
    wanted = onto.samples.clone()
    for number in range(2):
        for row in range(5):
            for column in range(7):
                at = (number, 0, row + top, column + left)
                if at[2] < 13 and at[3] < 17:
                    wanted[at] = formulas[operation](float(onto.samples[at]), float(mask.samples[0, 0, row, column]))
    torch.testing.assert_close(made.samples, wanted, rtol=0, atol=1e-7)
    assert torch.equal(onto.samples, soft().samples)


def test_masks_of_another_number_are_told() -> None:
    with pytest.raises(ValueError, match="3 masks cannot be laid over 2; give one, or one for each"):
        combine_masks(soft(2), soft(3))


@pytest.mark.parametrize(
    ("kind", "port", "value"),
    [
        (solid_mask, "value", 1.5),
        (solid_mask, "width", 0),
        (spread_mask, "pixels", 20000),
        (combine_masks, "operation", "nand"),
        (combine_masks, "left", -1),
    ],
)
def test_what_is_out_of_range_is_refused(kind: Any, port: str, value: Any) -> None:
    with pytest.raises(ValueFaultError):
        node_type(kind).inputs[port].type.parse(value)
