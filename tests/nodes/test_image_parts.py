"""Parts of pictures and of batches: cut, laid over others and put together, held against plain indexing."""

from __future__ import annotations

import pytest
import torch

from latentgraph.nodes import composite_images, crop_image, join_images, pick_images, repeat_images
from latentgraph.nodes.values import Image, Mask


def pictures(count: int = 1, height: int = 12, width: int = 16, seed: int = 0) -> Image:
    """Colours by lot."""
    return Image(torch.rand((count, 3, height, width), generator=torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize(
    ("size", "place", "wanted"),
    [
        ((5, 4), (3, 2), (slice(2, 6), slice(3, 8))),
        ((100, 100), (10, 0), (slice(0, 12), slice(10, 16))),
        ((3, 3), (50, 60), (slice(11, 12), slice(15, 16))),
    ],
)
def test_a_rectangle_is_cut_out_and_never_empty(
    size: tuple[int, int], place: tuple[int, int], wanted: tuple[slice, slice]
) -> None:
    given = pictures(2)
    made = crop_image(given, *size, *place)
    assert torch.equal(made.samples, given.samples[:, :, wanted[0], wanted[1]])


def test_a_picture_is_laid_over_another_where_its_mask_says_so() -> None:
    onto, laid = pictures(2), pictures(1, 6, 8, seed=1)
    mask = Mask(torch.rand((1, 1, 6, 8), generator=torch.Generator().manual_seed(2)))
    made = composite_images(onto, laid, mask, left=10, top=7).samples
    wanted = onto.samples.clone()
    for row in range(5):
        for column in range(6):
            share = mask.samples[0, 0, row, column]
            under = onto.samples[:, :, 7 + row, 10 + column]
            wanted[:, :, 7 + row, 10 + column] = share * laid.samples[:, :, row, column] + (1 - share) * under
    assert torch.equal(made, wanted)
    assert torch.equal(onto.samples, pictures(2).samples)


def test_without_a_mask_all_of_it_is_laid_and_stretched_where_that_is_asked_for() -> None:
    onto, laid = pictures(2), pictures(3, 6, 8, seed=1)
    made = composite_images(onto, laid, stretch=True).samples
    assert torch.equal(made, torch.nn.functional.interpolate(laid.samples[:2], size=(12, 16), mode="bilinear"))
    outside = composite_images(onto, laid, left=16).samples
    assert torch.equal(outside, onto.samples)


def test_a_mask_of_another_size_is_stretched_to_what_is_laid() -> None:
    onto, laid = pictures(), pictures(seed=1)
    half = Mask(torch.tensor([0.0, 1.0]).view(1, 1, 1, 2))
    made = composite_images(onto, laid, half).samples
    assert torch.equal(made[..., 0], onto.samples[..., 0])
    assert torch.equal(made[..., -1], laid.samples[..., -1])


def test_batches_are_joined_repeated_and_picked_from() -> None:
    first, second = pictures(2), pictures(1, seed=1)
    joined = join_images(first, second)
    assert torch.equal(joined.samples, torch.cat([first.samples, second.samples]))
    assert torch.equal(repeat_images(joined, 2).samples[3:], joined.samples)
    assert torch.equal(pick_images(joined, 1, 5).samples, joined.samples[1:])
    assert torch.equal(pick_images(joined, 9).samples, second.samples)


def test_pictures_of_two_sizes_are_not_joined() -> None:
    with pytest.raises(ValueError, match="the first are 16 × 12 pixels, the second 8 × 6; bring them to one size"):
        join_images(pictures(), pictures(1, 6, 8))
