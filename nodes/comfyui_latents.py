"""Latents in files of ComfyUI, which keeps them as the VAE has them and not as the denoiser wants them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Final

from latentgraph.graph.access import ReadsFile
from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.handles import VAE
from latentgraph.nodes.image_latents import scaled
from latentgraph.nodes.latents import pixels_per_cell
from latentgraph.nodes.loading.families import SD1_VAE_SCALE
from latentgraph.nodes.settings import place_for
from latentgraph.nodes.tensor_files import SUFFIX, read_comfyui_latents
from latentgraph.nodes.values import Latents

SUFFIXES: Final = (".latent", SUFFIX)


@node(category="latents", settings=("device", "dtype"))
def load_comfyui_latents(
    vae: VAE, path: Annotated[str, ReadsFile(SUFFIXES)], *, context: RunContext = ALONE
) -> Latents:
    """Read latents from a file that SaveLatent of ComfyUI wrote, and scale them for the denoiser.

    Args:
        vae: Of the model; tells how latents are scaled, which the file does not say, and how many pixels a cell is.
        path: Of a .latent file.

    Example:
        latents = load_comfyui_latents(load_model().vae, "./comfyui.latent")
    """
    samples, as_the_vae_has_it = read_comfyui_latents(Path(path))
    channels = int(vae.config.get("latent_channels", 4))
    if samples.shape[1] != channels:
        raise ValueError(
            f"{Path(path).name} holds latents of {samples.shape[1]} channels, and those of the VAE have {channels}: "
            "they are of another family of models"
        )
    if not as_the_vae_has_it:
        samples = samples / SD1_VAE_SCALE
    config = SimpleNamespace(**{"scaling_factor": SD1_VAE_SCALE, **vae.config})
    cell, (device, dtype) = pixels_per_cell(vae.config), place_for(vae, context)
    rows, columns = samples.shape[-2:]
    return Latents(
        scaled(config, samples).to(device=device, dtype=dtype), rows * cell, columns * cell, family=vae.family
    )
