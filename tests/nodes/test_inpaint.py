"""Masks, the part of a picture about a mask, and what is kept of it."""

from __future__ import annotations

import re
from pathlib import Path

import PIL.Image
import pytest
import torch
from tests.nodes.parity_inpaint import build_tiny_inpaint

from latentgraph.nodes import (
    blur_mask,
    draw_noise,
    draw_noise_like,
    encode_start,
    inpaint_area,
    inpaint_channels,
    keep_unmasked,
    load_mask,
    load_model,
    mask_image,
    overlay,
    random_state,
    schedule,
    start_inpaint,
)
from latentgraph.nodes.digesting import value_digest
from latentgraph.nodes.guidance import guidance
from latentgraph.nodes.load import Model
from latentgraph.nodes.masks import latent_mask
from latentgraph.nodes.prediction import predicted
from latentgraph.nodes.values import Conditioning, Image, Latents, Mask, Timestep

# Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")


@pytest.fixture(scope="module")
def model() -> Model:
    """The model that ships: a latent cell is 4 pixels."""
    return load_model()


@pytest.fixture(scope="module")
def nine_folder(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model whose denoiser takes 9 channels."""
    folder = tmp_path_factory.mktemp("models") / "nine"
    build_tiny_inpaint(folder, tiny_folder)
    return folder


def right_half(height: int = 64, width: int = 64) -> Mask:
    """A mask of the right half."""
    samples = torch.zeros(1, 1, height, width)
    samples[..., width // 2 :] = 1
    return Mask(samples)


def colours(height: int = 64, width: int = 64) -> Image:
    """Colours by lot, in 8 bits."""
    lot = torch.rand((1, 3, height, width), generator=torch.Generator().manual_seed(0))
    return Image((lot * 255).round() / 255)


def test_a_mask_is_the_lightness_of_a_picture_of_any_mode(tmp_path: Path) -> None:
    for mode in ("1", "L", "RGB", "RGBA"):
        picture = PIL.Image.new("L", (8, 4), 0)
        picture.paste(255, (4, 0, 8, 4))
        picture.convert(mode).save(tmp_path / f"{mode}.png")
        assert torch.equal(load_mask(str(tmp_path / f"{mode}.png")).samples, right_half(4, 8).samples)


def test_a_blur_softens_the_edge_and_changes_nothing_it_is_given() -> None:
    mask = right_half()
    before = value_digest(mask)
    soft = blur_mask(mask, 3.0)
    assert value_digest(mask) == before
    assert blur_mask(mask, 0.0) is mask
    assert len(set(soft.samples.flatten().tolist())) > 5
    assert abs(float(soft.samples.mean()) - 0.5) < 0.02


def test_half_and_more_counts_as_masked_and_is_painted_gray() -> None:
    picture, shades = colours(1, 3), Mask(torch.tensor([0.49, 0.5, 1.0]).view(1, 1, 1, 3))
    painted = mask_image(picture, shades).samples
    assert torch.equal(painted[..., 0], picture.samples[..., 0])
    assert (painted[..., 1:] == 0.5).all()
    assert latent_mask(shades, torch.zeros(2, 4, 1, 3), 1, 3).tolist() == [[[[0.0, 1.0, 1.0]]]] * 2


def test_a_mask_of_another_size_is_refused_wherever_it_meets_a_picture(model: Model) -> None:
    wanted = (
        "the mask is 10 × 8 pixels, the picture 64 × 64; give a mask of the picture's size, and resize both by "
        "inpaint_area"
    )
    small = right_half(8, 10)
    latents = Latents(torch.zeros(1, 4, 16, 16), 64, 64)
    guided = guidance(Conditioning(torch.zeros(1, 77, 8)))
    for call in (
        lambda: mask_image(colours(), small),
        lambda: inpaint_area(colours(), small, model.denoiser, model.vae),
        lambda: inpaint_channels(guided, small, latents),
    ):
        with pytest.raises(ValueError, match=re.escape(wanted)):
            call()


def test_the_area_holds_what_is_masked_and_has_the_shape_that_is_worked_in(model: Model) -> None:
    samples = torch.zeros(1, 1, 100, 200)
    samples[..., 40:60, 90:100] = 1
    made = inpaint_area(colours(100, 200), Mask(samples), model.denoiser, model.vae, 32, 64, 5)
    assert made.area is not None
    left, top, right, bottom = made.area.box
    assert (top, bottom) == (35, 65)
    assert left <= 85
    assert right >= 105
    assert right - left == 2 * (bottom - top)
    assert tuple(made.image.samples.shape) == (1, 3, 32, 64)
    assert tuple(made.mask.samples.shape) == (1, 1, 32, 64)
    whole = inpaint_area(colours(100, 200), Mask(samples), model.denoiser, model.vae)
    assert whole.area is None
    assert tuple(whole.image.samples.shape) == (1, 3, 64, 64)


def test_an_area_about_nothing_or_about_several_masks_is_refused(model: Model) -> None:
    nothing = Mask(torch.zeros(1, 1, 64, 64))
    with pytest.raises(ValueError, match="nothing is masked, so there is no part to work on"):
        inpaint_area(colours(), nothing, model.denoiser, model.vae, padding_mask_crop=4)
    two = Mask(right_half().samples.repeat(2, 1, 1, 1))
    with pytest.raises(ValueError, match="there are 2 masks; the part about the mask can be told of one only"):
        inpaint_area(colours(), two, model.denoiser, model.vae, padding_mask_crop=4)


def test_an_overlay_keeps_every_pixel_that_is_not_masked(model: Model) -> None:
    original, mask = colours(80, 120), right_half(80, 120)
    made = inpaint_area(original, mask, model.denoiser, model.vae, padding_mask_crop=4)
    white = Image(torch.ones(2, 3, 64, 64))
    laid = overlay(white, original, mask, made.area).samples
    assert tuple(laid.shape) == (2, 3, 80, 120)
    assert torch.equal(laid[0, :, :, :60], original.samples[0, :, :, :60])
    assert (laid[..., 60:] == 1).all()
    assert overlay(white, original, mask, None) is white


def test_the_rest_is_put_back_with_noise_and_clean_after_the_last_turn(model: Model) -> None:
    turns = schedule(model.scheduler, 3)
    clean = Latents(torch.randn(1, 4, 16, 16), 64, 64, family="sd1")
    noise = draw_noise_like(clean, random_state(0), 2).noise
    made = Latents(torch.randn(2, 4, 16, 16), 64, 64, family="sd1")
    before = value_digest((clean, noise, made, turns.state))
    kept = [
        keep_unmasked(made, clean, noise, right_half(), timestep, turns.timesteps, turns.state).samples
        for timestep in turns.timesteps
    ]
    assert value_digest((clean, noise, made, turns.state)) == before
    for one in kept:
        assert torch.equal(one[..., 8:], made.samples[..., 8:])
    away = [float((one[..., :8] - clean.samples[..., :8]).abs().mean()) for one in kept]
    assert away[0] > away[1] > away[2] == 0


def test_at_full_strength_nothing_is_drawn_for_the_picture_and_below_it_is_needed(model: Model) -> None:
    random = random_state(0)
    assert encode_start(model.vae, colours(), random, 1.0) == (None, random)
    begun = encode_start(model.vae, colours(), random, 0.5)
    assert begun.latents is not None
    assert begun.random.draws == 1
    turns = schedule(model.scheduler, 3)
    noise = draw_noise(model.denoiser, model.vae, random).noise
    with pytest.raises(ValueError, match=r"a strength of 0\.5 starts from the picture; give its latents"):
        start_inpaint(None, noise, turns.timesteps, turns.state, 0.5)


def test_a_denoiser_of_9_channels_without_a_mask_is_told_to_need_one() -> None:
    class Module:
        class config:  # noqa: N801
            in_channels = 9

    told = Conditioning(torch.zeros(1, 7, 8))
    wanted = "the denoiser takes 9 channels, and the latents have 4; it is one for inpainting: give it a mask by"
    with pytest.raises(ValueError, match=wanted):
        predicted(Module(), torch.zeros(1, 4, 4, 4), Timestep(torch.tensor(1), 0), guidance(told))


def test_a_denoiser_of_4_channels_is_not_shown_a_mask() -> None:
    class Module:
        class config:  # noqa: N801
            in_channels = 4

    latents = Latents(torch.zeros(1, 4, 16, 16), 64, 64)
    shown = inpaint_channels(guidance(Conditioning(torch.zeros(1, 77, 8))), right_half(), latents)
    with pytest.raises(ValueError, match="the denoiser takes 4 channels, and latents with what is laid behind them"):
        predicted(Module(), latents.samples, Timestep(torch.tensor(1), 0), shown)
