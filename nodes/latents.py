"""The noise that an image begins as."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.handles import VAE, Denoiser
from latentgraph.nodes.random_state import after_drawing, generator_at
from latentgraph.nodes.scheduler_state import initial_deviation
from latentgraph.nodes.settings import place_for
from latentgraph.nodes.values import Conditioning, Latents, Noise, RandomState, SchedulerState

if TYPE_CHECKING:
    import torch

Edge = Annotated[int, Field(ge=8, multiple_of=8)]


class DrawnNoise(NamedTuple):
    """Noise, and the stream after it.

    Attributes:
        noise: In the shape of the denoiser's latents.
        random: Where the stream goes on.
    """

    noise: Noise
    random: RandomState


@node(category="noise", settings=("device", "dtype"), draws="random")
def draw_noise(
    denoiser: Denoiser,
    vae: VAE,
    random: RandomState,
    height: Edge | None = None,
    width: Edge | None = None,
    batch: Annotated[int, Field(ge=1)] = 1,
    like: Conditioning | None = None,
    given: Latents | None = None,
    *,
    context: RunContext = ALONE,
) -> DrawnNoise:
    """Draw the noise that images begin as.

    Args:
        denoiser: Of the model; tells the size it was trained on.
        vae: Of the model; tells how many pixels a latent cell is, and the number of channels.
        random: The stream to draw from.
        height: Of the image in pixels; null: what the model was trained on.
        width: Of the image in pixels; null: what the model was trained on.
        batch: Number of images.
        like: As many images as it has rows, in place of `batch`.
        given: Numbers of deviation 1 to begin as, in place of drawn ones (diffusers' argument `latents`); nothing is
            drawn then, and the size is theirs.

    Example:
        model = load_model()
        noise, random = draw_noise(model.denoiser, model.vae, random_state(7), height=64, width=64, batch=2)
        assert len(noise.samples) == 2
    """
    scale = pixels_per_cell(vae.config)
    own_height, own_width = trained_size(denoiser.config, scale)
    height, width = height or own_height, width or own_width
    images = batch if like is None else len(like.embeddings)
    shape = (images, int(vae.config.get("latent_channels", 4)), height // scale, width // scale)
    device, dtype = place_for(denoiser, context)
    if given is not None:
        return DrawnNoise(given_noise(given, shape, device, dtype), random)
    samples, after = normal_samples(shape, random, device, dtype)
    return DrawnNoise(Noise(samples, height, width, denoiser.family), after)


def given_noise(given: Latents, shape: tuple[int, ...], device: str, dtype: torch.dtype) -> Noise:
    """Numbers that somebody gave, as the noise of a batch of that many images and channels."""
    rows, channels = given.samples.shape[:2]
    if (rows, channels) != shape[:2]:
        raise ValueError(
            f"the given latents are {tuple(given.samples.shape)}; expected {shape[0]} images of {shape[1]} channels"
        )
    return Noise(given.samples.to(device, dtype), given.height, given.width, given.family)


@node(category="latents")
def make_latents(noise: Noise, state: SchedulerState) -> Latents:
    """Spread noise to the deviation that the scheduler's first step expects.

    Args:
        noise: Of deviation 1.
        state: The scheduler before its first step.

    Example:
        model = load_model()
        timesteps, state = schedule(model.scheduler, 20)
        noise, random = draw_noise(model.denoiser, model.vae, random_state(7))
        latents = make_latents(noise, state)
    """
    return Latents(noise.samples * initial_deviation(state), noise.height, noise.width, family=noise.family)


def pixels_per_cell(vae_config: Mapping[str, Any]) -> int:
    """Edge of a latent cell in pixels: each level of the VAE but the last halves the image (8 in Stable Diffusion)."""
    return int(2 ** (len(vae_config["block_out_channels"]) - 1))


def trained_size(denoiser_config: Mapping[str, Any], scale: int) -> tuple[int, int]:
    """Height and width in pixels of the images that a denoiser was trained on."""
    size = denoiser_config.get("sample_size")
    if size is None:
        raise ValueError("the model does not say what size it was trained on; give height and width")
    rows, columns = (size, size) if isinstance(size, int) else size
    return rows * scale, columns * scale


def normal_samples(
    shape: tuple[int, ...], random: RandomState, device: str, dtype: torch.dtype
) -> tuple[torch.Tensor, RandomState]:
    """Numbers of mean 0 and deviation 1, drawn on the CPU and moved to `device`, and the stream after them."""
    import torch
    from diffusers.utils.torch_utils import randn_tensor

    if random.streams and len(random.streams) != shape[0]:
        raise ValueError(f"{len(random.streams)} seeds meet {shape[0]} images; give one for each image, or only one")
    generator = generator_at(random)
    samples: torch.Tensor = randn_tensor(shape, generator=generator, device=torch.device(device), dtype=dtype)
    return samples, after_drawing(random, generator)
