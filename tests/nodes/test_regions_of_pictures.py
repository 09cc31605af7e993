"""Masks, room around pictures, edges, other sizes and compositions: each against its formula."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import PIL.Image
import pytest
import torch

from latentgraph.nodes import (
    canny_edges,
    composite_latents,
    grow_mask,
    image_to_mask,
    invert_image,
    invert_mask,
    load_mask,
    mask_to_image,
    pad_image,
    resize_image,
    resize_mask,
    upscale_latents,
)
from latentgraph.nodes.upscale_latents import bislerp
from latentgraph.nodes.values import Image, Latents, Mask


@pytest.fixture
def picture() -> Image:
    return Image(torch.rand(1, 3, 20, 30, generator=torch.manual_seed(1)))


def test_a_file_gives_the_mask_of_each_of_its_channels(tmp_path: Path) -> None:
    pixels = numpy.zeros((2, 2, 4), dtype="uint8")
    pixels[0, 0] = (255, 51, 0, 255)
    pixels[0, 1] = (0, 0, 255, 51)
    PIL.Image.fromarray(pixels, "RGBA").save(tmp_path / "four.png")
    PIL.Image.fromarray(pixels[..., :3], "RGB").save(tmp_path / "three.png")

    def first_row(name: str, channel: Any) -> list[float]:
        return [round(one, 6) for one in load_mask(str(tmp_path / name), channel).samples[0, 0, 0].tolist()]

    assert first_row("four.png", "red") == [1.0, 0.0]
    assert first_row("four.png", "green") == [0.2, 0.0]
    assert first_row("four.png", "blue") == [0.0, 1.0]
    assert first_row("four.png", "alpha") == [0.0, 0.8]  # What is transparent is made anew.
    assert first_row("three.png", "alpha") == [0.0, 0.0]


def test_masks_become_pictures_and_pictures_masks(picture: Image) -> None:
    mask = image_to_mask(picture, "green")
    assert torch.equal(mask.samples, picture.samples[:, 1:2])
    assert torch.equal(mask_to_image(mask).samples, mask.samples.repeat(1, 3, 1, 1))
    assert torch.equal(invert_mask(mask).samples, 1 - mask.samples)
    assert torch.equal(invert_image(picture).samples, 1 - picture.samples)
    assert image_to_mask(picture).samples.shape == (1, 1, 20, 30)
    assert resize_mask(mask, Image(torch.zeros(1, 3, 7, 5))).samples.shape == (1, 1, 7, 5)


@pytest.mark.parametrize(("pixels", "reach"), [(0, (0, 0)), (1, (0, 0)), (3, (1, 1)), (6, (2, 3))])
def test_a_masked_pixel_grows_to_a_square(pixels: int, reach: tuple[int, int]) -> None:
    mask = torch.zeros(1, 1, 20, 20)
    mask[..., 10, 12] = 0.7
    grown = grow_mask(Mask(mask), pixels).samples
    kernel = torch.ones(1, 1, max(pixels, 1), max(pixels, 1))
    wanted = torch.nn.functional.conv2d(mask.round(), kernel, padding=-(-(max(pixels, 1) - 1) // 2)).clamp(0, 1)
    assert torch.equal(grown, wanted[..., :20, :20])
    rows = grown[0, 0].amax(dim=1).nonzero().flatten()
    assert (10 - int(rows.min()), int(rows.max()) - 10) == reach


def test_room_is_gray_and_masked_and_its_seam_is_soft(picture: Image) -> None:
    image, mask = pad_image(picture, left=8, bottom=16, feathering=5)
    assert image.samples.shape == (1, 3, 36, 38)
    assert torch.equal(image.samples[..., :20, 8:], picture.samples)
    assert (image.samples[..., 20:, :] == 0.5).all()
    for row in range(36):
        for column in range(38):
            i, j = row, column - 8
            if row >= 20 or column < 8:
                wanted = 1.0
            else:
                distance = min(20 - i, j)  # There is no room above and to the right.
                wanted = ((5 - distance) / 5) ** 2 if distance < 5 else 0.0
            assert mask.samples[0, 0, row, column].item() == pytest.approx(wanted)
    assert pad_image(picture, left=8, feathering=10).mask.samples[..., 8:].sum() == 0


def test_edges_are_where_the_picture_changes() -> None:
    square = torch.zeros(1, 3, 32, 32)
    square[..., 8:24, 8:24] = 1
    edges = canny_edges(Image(square), 0.4, 0.8).samples
    assert set(edges.flatten().tolist()) == {0.0, 1.0}
    lit = edges[0, 0].nonzero()
    assert (((lit - 15.5).abs().amax(dim=1) - 8).abs() <= 1.5).all()
    assert edges[0, 0, 16].sum() in (2, 4)
    assert canny_edges(Image(torch.full((1, 3, 16, 16), 0.3))).samples.sum() == 0


def test_weak_edges_count_where_they_hang_together_with_strong_ones() -> None:
    # A step whose height falls from 1 to 0.1 down the picture: only its upper part is above the high threshold.
    step = torch.zeros(1, 3, 40, 20)
    step[..., 10:] = torch.linspace(1, 0.1, 40).view(1, 1, 40, 1)
    strict, joined = (canny_edges(Image(step), low, 1.5).samples[0, 0].sum() for low in (1.5, 0.5))
    assert 0 < strict < joined
    assert canny_edges(Image(step * 0.3), 0.3, 1.5).samples.sum() == 0


@pytest.mark.parametrize("method", ["nearest-exact", "bilinear", "area", "bicubic"])
def test_a_picture_gets_another_size_as_torch_does_it(method: Any, picture: Image) -> None:
    wanted = torch.nn.functional.interpolate(picture.samples, size=(30, 45), mode=method)
    assert torch.equal(resize_image(picture, 30, 45, method=method).samples, wanted)
    assert torch.equal(resize_image(picture, factor=1.5, method=method).samples, wanted)
    cropped = resize_image(picture, 10, 10, "crop", method).samples
    middle = torch.nn.functional.interpolate(picture.samples[..., 5:25], size=(10, 10), mode=method)
    assert torch.equal(cropped, middle)


def test_a_picture_gets_as_many_pixels_as_are_wanted_or_as_latents_have(picture: Image) -> None:
    made = resize_image(picture, megapixels=0.25, method="nearest-exact").samples
    factor = (0.25 * 1024 * 1024 / 600) ** 0.5
    assert made.shape[-2:] == (round(20 * factor), round(30 * factor))
    like = resize_image(picture, like=Latents(torch.zeros(1, 4, 4, 8), 32, 64), method="bilinear")
    assert like.samples.shape[-2:] == (32, 64)
    with pytest.raises(ValueError, match="one of the four"):
        resize_image(picture, 8, 8, factor=2)
    with pytest.raises(ValueError, match="fill works with lanczos only"):
        resize_image(picture, 8, 8, "fill", "area")


def test_latents_get_a_size_in_pixels_and_may_become_smaller() -> None:
    latents = Latents(torch.randn(1, 4, 8, 12), 64, 96)
    larger = upscale_latents(latents, method="nearest-exact", height=100, width=96)
    assert (larger.samples.shape[-2:], larger.height, larger.width) == ((12, 12), 96, 96)
    assert upscale_latents(latents, 0.5, "area").samples.shape[-2:] == (4, 6)
    square = upscale_latents(latents, height=64, width=64, crop=True)
    assert torch.equal(square.samples, latents.samples[..., 2:10])


def test_bislerp_keeps_lengths_and_turns_directions() -> None:
    across = torch.zeros(1, 2, 1, 2)
    across[0, 0, 0, 0], across[0, 1, 0, 1] = 1.0, 3.0
    made = bislerp(across, 1, 4)[0, :, 0]
    torch.testing.assert_close(made.norm(dim=0), torch.tensor([1.0, 1.5, 2.5, 3.0]))
    angles = torch.atan2(made[1], made[0]) / (torch.pi / 2)
    torch.testing.assert_close(angles, torch.tensor([0.0, 0.25, 0.75, 1.0]))
    same = torch.randn(1, 4, 5, 6)
    torch.testing.assert_close(bislerp(same, 5, 6), same)


def test_latents_are_laid_over_others_and_grow_softly() -> None:
    under = Latents(torch.zeros(1, 4, 8, 8), 64, 64)
    over = Latents(torch.ones(1, 4, 4, 4), 32, 32)
    plain = composite_latents(under, over, left=32, top=8).samples
    assert torch.equal(plain[..., 1:5, 4:8], over.samples)
    assert plain.sum() == over.samples.sum()
    soft = composite_latents(under, over, left=32, top=0, feather=16).samples[0, 0]
    # Two cells of feather: at the left edge 1/2 and then 1; below 1 and then 1/2; the others are the picture's.
    assert soft[0, 4:8].tolist() == [0.5, 1.0, 1.0, 1.0]
    assert soft[0:5, 7].tolist() == [1.0, 1.0, 1.0, 0.5, 0.0]
    assert composite_latents(under, over, left=64).samples is under.samples
