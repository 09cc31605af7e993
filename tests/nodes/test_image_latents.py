"""From a picture to latents, and how far back along the schedule they begin."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from latentgraph.nodes import (
    add_noise,
    configure_scheduler,
    decode,
    draw_noise_like,
    encode_image,
    load_model,
    random_state,
    resize_image,
    schedule,
    skip_steps,
)
from latentgraph.nodes.decode import unscaled
from latentgraph.nodes.digesting import value_digest
from latentgraph.nodes.image import read_image
from latentgraph.nodes.image_latents import repeated, scaled
from latentgraph.nodes.load import Model
from latentgraph.nodes.pixels import to_pil
from latentgraph.nodes.values import Image

DRAWING = Path(str(files("latentgraph.workflows"))) / "pictures" / "drawing.png"

# Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")


@pytest.fixture(scope="module")
def model() -> Model:
    """The model that ships: a latent cell is 4 pixels."""
    return load_model()


def ramp(height: int, width: int) -> Image:
    """A picture that gets lighter to the right, in 8 bits."""
    shades = (torch.linspace(0, 1, width) * 255).round() / 255
    return Image(shades.expand(1, 3, height, width).contiguous())


def test_a_picture_comes_back_from_its_latents(model: Model) -> None:
    picture = read_image(DRAWING)
    encoded = encode_image(model.vae, picture, random_state(0))
    assert tuple(encoded.latents.samples.shape) == (1, 4, 16, 16)
    assert (encoded.latents.height, encoded.latents.width, encoded.latents.family) == (64, 64, "sd1")
    assert encoded.random.draws == 1
    assert not encoded.latents.samples.requires_grad
    # 0.03: what the small VAE loses of a picture that it was not trained on.
    assert (decode(model.vae, encoded.latents).samples - picture.samples).abs().mean() < 0.03


@pytest.mark.parametrize(
    "more", [{}, {"shift_factor": 0.1159}, {"latents_mean": [-1.6, 1.1], "latents_std": [8.4, 5.0]}]
)
def test_scaling_for_the_denoiser_is_the_contrary_of_what_decoding_does(more: dict[str, Any]) -> None:
    config = SimpleNamespace(scaling_factor=0.5, **more)
    own = torch.randn(3, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    for_denoiser = scaled(config, own)
    assert not torch.allclose(for_denoiser, own)
    # 1e-5: rounding in float32, there and back.
    assert torch.allclose(unscaled(config, for_denoiser), own, atol=1e-5)


def test_edges_become_whole_cells_and_a_picture_smaller_than_a_cell_is_refused(model: Model) -> None:
    latents = encode_image(model.vae, ramp(50, 67), random_state(0)).latents
    assert (latents.height, latents.width) == (48, 64)
    with pytest.raises(ValueError, match="the picture is 3 × 9 pixels; it needs 4 × 4 at least"):
        encode_image(model.vae, ramp(9, 3), random_state(0))


def test_encoding_changes_nothing_it_is_given_and_draws_from_the_stream(model: Model) -> None:
    picture, random = ramp(64, 64), random_state(3)
    before = value_digest((picture, random))
    first, again = (encode_image(model.vae, picture, random) for _ in range(2))
    other = encode_image(model.vae, picture, random_state(4))
    assert value_digest((picture, random)) == before
    assert torch.equal(first.latents.samples, again.latents.samples)
    assert not torch.equal(first.latents.samples, other.latents.samples)


@pytest.mark.parametrize(
    ("scheduler", "options", "turns", "left"),
    [
        ("EulerDiscreteScheduler", {}, 10, 4),
        # It takes one turn more than steps.
        ("PNDMScheduler", {"skip_prk_steps": True}, 11, 5),
        ("HeunDiscreteScheduler", {}, 19, 7),
    ],
)
def test_strength_is_a_share_of_the_steps_and_turns_count_from_what_is_left(
    model: Model, scheduler: str, options: dict[str, Any], turns: int, left: int
) -> None:
    whole = schedule(configure_scheduler(model.scheduler, scheduler, options), 10)
    cut = skip_steps(whole.timesteps, whole.state, 0.4)
    assert (len(whole.timesteps), len(cut.timesteps)) == (turns, left)
    assert [one.index for one in cut.timesteps] == list(range(left))
    assert [float(one.value) for one in cut.timesteps] == [float(one.value) for one in whole.timesteps[-left:]]
    assert getattr(whole.state.snapshot, "begin_index", None) is None
    assert len(skip_steps(whole.timesteps, whole.state, 1.0).timesteps) == turns


def test_a_strength_that_leaves_no_step_is_refused(model: Model) -> None:
    whole = schedule(model.scheduler, 5)
    with pytest.raises(ValueError, match=r"a strength of 0\.1 leaves none of 5 steps; give more of either"):
        skip_steps(whole.timesteps, whole.state, 0.1)


def test_more_strength_is_more_noise_and_each_image_has_its_own(model: Model) -> None:
    whole = schedule(model.scheduler, 20)
    encoded = encode_image(model.vae, ramp(64, 64), random_state(0))
    noise = draw_noise_like(encoded.latents, encoded.random, 2).noise
    distances = []
    for strength in (0.2, 0.5, 0.9):
        cut = skip_steps(whole.timesteps, whole.state, strength)
        noisy = add_noise(encoded.latents, noise, cut.timesteps, cut.state)
        assert tuple(noisy.samples.shape) == (2, 4, 16, 16)
        assert not torch.equal(*noisy.samples)
        distances.append(float((noisy.samples - encoded.latents.samples).square().mean()))
    assert distances == sorted(distances)


def test_noise_of_another_size_and_uneven_batches_are_refused(model: Model) -> None:
    whole = schedule(model.scheduler, 5)
    first, second = (encode_image(model.vae, ramp(64, w), random_state(0)) for w in (64, 48))
    noise = draw_noise_like(second.latents, second.random).noise
    with pytest.raises(ValueError, match=r"latents are \(1, 4, 16, 16\), noise is \(1, 4, 16, 12\)"):
        add_noise(first.latents, noise, whole.timesteps, whole.state)
    with pytest.raises(ValueError, match="2 pictures do not go evenly into a batch of 3"):
        repeated(torch.zeros(2, 4, 8, 8), 3)


@pytest.mark.parametrize(("fit", "mode"), [("stretch", "default"), ("fill", "fill"), ("crop", "crop")])
def test_resizing_is_that_of_diffusers(fit: Any, mode: str) -> None:
    from diffusers.image_processor import VaeImageProcessor

    picture = ramp(40, 90)
    wanted = VaeImageProcessor().resize(to_pil(picture.samples[0]), 64, 48, mode)
    assert to_pil(resize_image(picture, 64, 48, fit).samples[0]).tobytes() == wanted.tobytes()


def test_a_picture_of_the_right_size_stays_as_it_is() -> None:
    picture = Image(torch.rand(2, 3, 8, 8))
    assert resize_image(picture).samples is picture.samples
    assert tuple(resize_image(picture, width=16).samples.shape) == (2, 3, 8, 16)
