"""The node that opens a Flux model, `dev` or `schnell` (Black Forest Labs 2024)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from latentgraph.graph.access import AccessError
from latentgraph.graph.node import Described, node
from latentgraph.nodes.flux_patches import PATCH
from latentgraph.nodes.handles import VAE, Denoiser, Scheduler, TextEncoder, Tokenizer
from latentgraph.nodes.loading.model_source import ReadsModel
from latentgraph.nodes.loading.openers import opened_by
from latentgraph.nodes.loading.parts import OpenedModel, open_model

FAMILY = "flux"


class FluxModel(NamedTuple):
    """The parts of a Flux model; it has no safety checker.

    Args:
        tokenizer: Of CLIP.
        tokenizer_2: Of T5.
        text_encoder: CLIP ViT-L, of which only the sum of the whole text is used.
        text_encoder_2: T5-XXL, 4096 numbers a token.
        denoiser: The transformer.
        vae: Latents of 16 channels to images and back.
        scheduler: The model's own sampler, as class and configuration.
    """

    tokenizer: Tokenizer
    tokenizer_2: Tokenizer
    text_encoder: TextEncoder
    text_encoder_2: TextEncoder
    denoiser: Denoiser
    vae: VAE
    scheduler: Scheduler


def describe_flux(literals: Mapping[str, Any]) -> Described:
    """The family of each part, from configuration files and headers alone.

    Raises:
        AccessError: The model is not on this machine, or is of another family.
    """
    return opened_flux(literals["model"]).described(FluxModel._fields)


@node(category="model", describe=describe_flux, families=(FAMILY,))
def load_flux(model: Annotated[str, ReadsModel()]) -> FluxModel:
    """Open a Flux model. Weights are read when a node first needs them, and only those of the part it needs.

    Args:
        model: A local folder in diffusers layout (./, ../ or / first), or owner/name on the hub.

    Example:
        model = load_flux("./flux")
        assert model.denoiser.family == "flux"
    """
    handles = opened_flux(model).handles()
    return FluxModel(**{name: handles[name] for name in FluxModel._fields})


def opened_flux(model: str) -> OpenedModel:
    """A model whose configuration says that it is Flux, and makes pictures of a text alone.

    Raises:
        AccessError: It is not on this machine, is of another family, or looks at a picture beside the text.
    """
    opened = open_model(model, None)
    parts, shown = opened.folder.parts, repr(opened.located.shown)
    if opened.family != FAMILY:
        raise AccessError(f"{shown} is no Flux model", opened_by(opened.family))
    if parts["denoiser"].class_name != "FluxTransformer2DModel":
        raise AccessError(f"{shown}: its denoiser is a {parts['denoiser'].class_name}, and not Flux's transformer")
    if lacking := [name for name in ("tokenizer_2", "text_encoder_2") if name not in parts]:
        raise AccessError(f"{shown} has no {lacking[0]}; a Flux model has one", "was it downloaded or copied whole?")
    taken = int(parts["denoiser"].config.get("in_channels", 64))
    own = int(parts["vae"].config.get("latent_channels", 4)) * PATCH * PATCH
    if taken != own:
        raise AccessError(
            f"{shown} looks at a picture beside the text: its transformer takes {taken} numbers a patch, "
            f"and a patch of latents has {own}",
            "its pipeline would be one such as FluxFillPipeline; take `dev` or `schnell`",
        )
    return opened
