"""From latents to pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.fast import computing
from latentgraph.nodes.handles import VAE
from latentgraph.nodes.tiling import tiled
from latentgraph.nodes.values import Image, Latents

if TYPE_CHECKING:
    from torch import Tensor


Tile = Annotated[int, Field(ge=0, multiple_of=64)]


@node(category="image", settings=("device", "dtype", "tiling", "speed"), rowwise=True)
def decode(vae: VAE, latents: Latents, tile: Tile = 0, *, context: RunContext = ALONE) -> Image:
    """Turn latents into pictures.

    Args:
        vae: Of the model.
        latents: Without noise, as the last step left them.
        tile: Edge in pixels of the tiles to decode in, which takes less memory and changes the picture a little;
            0: what the run's `--tiling` says, and at once where it says nothing.

    Example:
        model = load_model()
        image = decode(model.vae, empty_latents(model.vae, height=64, width=64))
        assert image.samples.shape == (1, 3, 64, 64)
    """
    module = computing(vae, context)
    samples = latents.samples.to(module.dtype)  # One that overflows in float16 is in float32 always.
    if latents.scaled:
        samples = unscaled(module.config, samples)
    return Image(to_unit_range(decoded(tiled(module, tile, context), samples)).float().cpu())


def unscaled(config: Any, samples: Tensor) -> Tensor:
    """From what the denoiser works in to the VAE's own latents, (B, C, h, w).

    Args:
        config: Of the VAE; `latents_mean` and `latents_std`, one number a channel, are there in a few models only.
        samples: Scaled latents.
    """
    import torch

    mean, deviation = getattr(config, "latents_mean", None), getattr(config, "latents_std", None)
    plain: Tensor = samples / config.scaling_factor
    shift = getattr(config, "shift_factor", None)
    if shift is not None:
        shifted: Tensor = plain + shift  # Stable Diffusion 3 and Flux.
        return shifted
    if mean is None or deviation is None:
        return plain
    means, deviations = (torch.tensor(one).view(1, -1, 1, 1).to(samples) for one in (mean, deviation))
    spread: Tensor = samples * deviations / config.scaling_factor + means
    return spread


def decoded(module: Any, samples: Tensor) -> Tensor:
    """The VAE's decoder, from unscaled latents (B, 4, h, w) to colours (B, 3, H, W) that lie about [-1, 1]."""
    import torch

    with torch.no_grad():
        colours: Tensor = module.decode(samples, return_dict=False)[0]
    return colours


def to_unit_range(colours: Tensor) -> Tensor:
    """Colours from [-1, 1] to [0, 1]; what lies outside is cut off. In their own precision, as diffusers does it."""
    return (colours * 0.5 + 0.5).clamp(0, 1)
