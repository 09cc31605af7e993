"""From a picture to latents to begin at: what image to image does in the place of pure noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.handles import VAE, loaded
from latentgraph.nodes.latents import DrawnNoise, normal_samples, pixels_per_cell
from latentgraph.nodes.random_state import after_drawing, generator_at
from latentgraph.nodes.resize import resized
from latentgraph.nodes.scheduler_state import copied
from latentgraph.nodes.values import Image, Latents, Noise, RandomState, SchedulerState, Timestep

if TYPE_CHECKING:
    from torch import Generator, Tensor


class EncodedImage(NamedTuple):
    """A picture as latents, and the stream after them.

    Attributes:
        latents: Clean, one for each picture.
        random: Where the stream goes on.
    """

    latents: Latents
    random: RandomState


@node(category="latents", settings=("device", "dtype"), draws="random")
def encode_image(
    vae: VAE, image: Image, random: RandomState, for_each_stream: bool = True, *, context: RunContext = ALONE
) -> EncodedImage:
    """Turn pictures into latents.

    The VAE gives a mean and a deviation for each number, and one is drawn from between them.

    Args:
        vae: Of the model.
        image: Where an edge is no multiple of the VAE's cell (8 pixels in Stable Diffusion), it is made a bit smaller.
        random: The stream to draw from.
        for_each_stream: Where each image has a stream of its own: whether a picture is encoded once for each of them,
            as for image to image, or once from the first of them, as diffusers does it for inpainting.

    Example:
        model = load_model()
        latents, random = encode_image(model.vae, load_image("./photo.png"), random_state(7))
        picture = decode(model.vae, latents)
    """
    samples = whole_cells(image.samples, pixels_per_cell(vae.config))
    # As diffusers does it: one that overflows in float16 is not trusted with a picture in bfloat16 either.
    module = loaded(vae, context, full_precision=vae.full_precision)
    rounded = in_precision_of(context, 2.0 * samples - 1.0)
    generator = generator_at(random)
    if isinstance(generator, list):
        several = repeated(rounded, len(generator)) if for_each_stream else rounded
        drawn = drawn_apart(module, several, generator[: len(several)])
    else:
        drawn = drawn_latents(module, rounded, generator)
    encoded = scaled(module.config, in_precision_of(context, drawn))
    height, width = samples.shape[-2:]
    return EncodedImage(Latents(encoded, height, width, family=vae.family), after_drawing(random, generator))


@node(category="latents", settings=("device", "dtype"))
def encode_image_mean(vae: VAE, image: Image, *, context: RunContext = ALONE) -> Latents:
    """Turn pictures into latents without drawing anything: the VAE's mean for each number, as ComfyUI does it.

    Args:
        vae: Of the model.
        image: Where an edge is no multiple of the VAE's cell (8 pixels in Stable Diffusion), as much is cut off at
            both sides.

    Example:
        latents = encode_image_mean(load_model().vae, load_image("./photo.png"))
    """
    import torch

    samples = cut_to_cells(image.samples, pixels_per_cell(vae.config))
    module = loaded(vae, context, full_precision=vae.full_precision)
    first = next(module.parameters())
    colours = in_precision_of(context, 2.0 * samples - 1.0).to(device=first.device, dtype=first.dtype)
    with torch.no_grad():
        mean = posterior(module, colours).mode()
    height, width = samples.shape[-2:]
    return Latents(scaled(module.config, in_precision_of(context, mean)), height, width, family=vae.family)


def cut_to_cells(samples: Tensor, cell: int) -> Tensor:
    """The middle of pictures (B, 3, H, W), with edges that are multiples of `cell` pixels."""
    height, width = (edge - edge % cell for edge in samples.shape[-2:])
    rows, columns = samples.shape[-2:]
    if not height or not width:
        raise ValueError(f"the picture is {columns} × {rows} pixels; it needs {cell} × {cell} at least")
    top, left = (rows - height) // 2, (columns - width) // 2
    return samples[..., top : top + height, left : left + width]


def in_precision_of(context: RunContext, samples: Tensor) -> Tensor:
    """Numbers rounded to the precision of the run; as they are where it has none."""
    import torch

    dtype = context.settings.get("dtype", "")
    return samples.to(getattr(torch, dtype)) if dtype else samples


def posterior(module: Any, colours: Tensor) -> Any:
    """What a VAE says of the latents of colours, as a distribution of diffusers.

    Raises:
        ValueError: It is a small decoder, which says one thing and no distribution.
    """
    encoded = module.encode(colours)
    if not hasattr(encoded, "latent_dist"):
        raise ValueError(f"an {type(module).__name__} only decodes here; encode pictures by the model's own VAE")
    return encoded.latent_dist


def drawn_latents(module: Any, colours: Tensor, generator: Generator) -> Tensor:
    """The VAE's own latents (B, C, h, w) of colours (B, 3, H, W) in [-1, 1], drawn from its posterior."""
    import torch

    first = next(module.parameters())
    # A picture that diffusers has from Pillow lies in memory pixel by pixel; convolutions round otherwise then.
    colours = colours.to(device=first.device, dtype=first.dtype).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        latents: Tensor = posterior(module, colours).sample(generator)
    return latents


def drawn_apart(module: Any, colours: Tensor, generators: list[Generator]) -> Tensor:
    """As `drawn_latents`, each picture alone and with a generator of its own."""
    import torch

    pairs = zip(colours, generators, strict=True)
    return torch.cat([drawn_latents(module, one.unsqueeze(0), generator) for one, generator in pairs])


def scaled(config: Any, samples: Tensor) -> Tensor:
    """From the VAE's own latents to what the denoiser works in, (B, C, h, w): the contrary of decode's `unscaled`.

    Args:
        config: Of the VAE; `shift_factor`, or `latents_mean` and `latents_std`, one number a channel, are there in a
            few models only.
        samples: As the VAE gives them.
    """
    import torch

    shift = getattr(config, "shift_factor", None)
    mean, deviation = getattr(config, "latents_mean", None), getattr(config, "latents_std", None)
    if shift is not None:
        shifted: Tensor = (samples - shift) * config.scaling_factor  # Stable Diffusion 3 and Flux.
        return shifted
    if mean is None or deviation is None:
        plain: Tensor = config.scaling_factor * samples
        return plain
    means, deviations = (torch.tensor(one).view(1, -1, 1, 1).to(samples) for one in (mean, deviation))
    spread: Tensor = (samples - means) * config.scaling_factor / deviations
    return spread


def whole_cells(samples: Tensor, cell: int) -> Tensor:
    """Pictures (B, 3, H, W) whose edges are multiples of `cell` pixels, made smaller by Lanczos where they are not."""
    height, width = (edge - edge % cell for edge in samples.shape[-2:])
    if not height or not width:
        rows, columns = samples.shape[-2:]
        raise ValueError(f"the picture is {columns} × {rows} pixels; it needs {cell} × {cell} at least")
    return resized(samples, height, width)


@node(category="noise", draws="random")
def draw_noise_like(
    latents: Latents,
    random: RandomState,
    images_per_prompt: Annotated[int, Field(ge=1)] = 1,
    skip: Annotated[int, Field(ge=0)] = 0,
) -> DrawnNoise:
    """Draw noise in the shape of latents.

    Args:
        latents: Such as those of a picture.
        random: The stream to draw from.
        images_per_prompt: How many noises for each of the latents.
        skip: Draw so many images before, which nobody gets: the noise of a batch from this place in it on.

    Example:
        model = load_model()
        latents, random = encode_image(model.vae, load_image("./photo.png"), random_state(7))
        noise, random = draw_noise_like(latents, random)
        assert noise.samples.shape == latents.samples.shape
    """
    samples = latents.samples
    shape = (len(samples) * images_per_prompt, *samples.shape[1:])
    for _ in range(0 if random.streams else skip):
        _, random = normal_samples((1, *shape[1:]), random, str(samples.device), samples.dtype)
    if random.streams and len(random.streams) != shape[0]:
        raise ValueError(
            f"{len(random.streams)} seeds meet {shape[0]} images; give one seed for each image, or only one"
        )
    drawn, after = normal_samples(shape, random, str(samples.device), samples.dtype)
    return DrawnNoise(Noise(drawn, latents.height, latents.width, latents.family), after)


@node(category="latents")
def add_noise(latents: Latents, noise: Noise, timesteps: list[Timestep] | Timestep, state: SchedulerState) -> Latents:
    """Make latents as noisy as the first of the timesteps wants them.

    Args:
        latents: Clean.
        noise: Of deviation 1, for the same size; where there are more noises, the latents are repeated.
        timesteps: Still to go, from skip_steps; or a single one.
        state: The scheduler before the first of them.

    Example:
        model = load_model()
        latents, random = encode_image(model.vae, load_image("./photo.png"), random_state(7))
        timesteps, state = skip_steps(*schedule(model.scheduler, 20), strength=0.5)
        noise, random = draw_noise_like(latents, random)
        noisy = add_noise(latents, noise, timesteps, state)
    """
    clean = repeated(latents.samples, len(noise.samples))
    first = timesteps if isinstance(timesteps, Timestep) else timesteps[0]
    samples = noised(clean, noise, first, state)
    return Latents(samples, latents.height, latents.width, latents.scaled, latents.family)


def noised(clean: Tensor, noise: Noise, timestep: Timestep, state: SchedulerState) -> Tensor:
    """Latents (B, C, h, w) with as much of `noise` in them as belongs to `timestep`."""
    if clean.shape != noise.samples.shape:
        raise ValueError(
            f"latents are {tuple(clean.shape)}, noise is {tuple(noise.samples.shape)}; "
            "expected the same shape: draw it by draw_noise_like"
        )
    scheduler, levels = copied(state), timestep.value.reshape(1).repeat(len(clean))
    if hasattr(scheduler, "scale_noise"):  # Of flow matching: the more noise, the less picture.
        flowing: Tensor = scheduler.scale_noise(clean, levels, noise.samples)
        return flowing
    samples: Tensor = scheduler.add_noise(clean, noise.samples, levels)
    return samples


def repeated(samples: Tensor, count: int) -> Tensor:
    """The rows of `samples` again and again, until there are `count`; they lie in memory as they did.

    Raises:
        ValueError: They do not go into `count` evenly.
    """
    import torch

    if count % len(samples):
        raise ValueError(f"{len(samples)} pictures do not go evenly into a batch of {count}")
    return torch.cat([samples] * (count // len(samples)))
