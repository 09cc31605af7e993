"""The node that opens a Stable Diffusion XL model, base or refiner (Podell et al. 2023)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, NamedTuple

from latentgraph.graph.access import AccessError
from latentgraph.graph.node import Described, node
from latentgraph.nodes.handles import VAE, Denoiser, Scheduler, TextEncoder, Tokenizer
from latentgraph.nodes.loading.model_source import ReadsModel
from latentgraph.nodes.loading.openers import opened_by
from latentgraph.nodes.loading.parts import OpenedModel, open_model


class SDXLModel(NamedTuple):
    """The parts of a Stable Diffusion XL model; it has no safety checker.

    Args:
        tokenizer: Of the first text encoder; null in a refiner.
        tokenizer_2: Of the second one.
        text_encoder: CLIP ViT-L, 768 numbers a token; null in a refiner.
        text_encoder_2: OpenCLIP ViT-bigG, 1280 numbers a token and 1280 for the whole text.
        denoiser: The UNet.
        vae: Latents to images and back.
        scheduler: The model's own sampler, as class and configuration.
        force_zeros_for_empty_prompt: Whether it was trained on zeros where no text was given.
    """

    tokenizer: Tokenizer | None
    tokenizer_2: Tokenizer
    text_encoder: TextEncoder | None
    text_encoder_2: TextEncoder
    denoiser: Denoiser
    vae: VAE
    scheduler: Scheduler
    force_zeros_for_empty_prompt: bool


def describe_sdxl(literals: Mapping[str, Any]) -> Described:
    """The family of each part, from configuration files and headers alone.

    Raises:
        AccessError: The model is not on this machine, or is of another family.
    """
    return opened_sdxl(literals["model"], literals.get("config")).described(SDXLModel._fields)


@node(category="model", describe=describe_sdxl, families=("sdxl",))
def load_sdxl(
    model: Annotated[str, ReadsModel()], config: Annotated[str, ReadsModel(configuration=True)] | None = None
) -> SDXLModel:
    """Open a Stable Diffusion XL model, base or refiner. Weights are read when a node first needs them.

    Args:
        model: A local folder in diffusers layout or a .safetensors file (./, ../ or / first), or owner/name on the hub.
        config: For a single file that is not of the usual shape: a model in diffusers layout whose configuration,
            tokenizers and scheduler it is loaded with.

    Example:
        model = load_sdxl("./sdxl")
        assert model.denoiser.family == "sdxl"
    """
    opened = opened_sdxl(model, config)
    handles = opened.handles()
    vae = replace(handles["vae"], full_precision=bool(handles["vae"].config.get("force_upcast", True)))
    zeros = bool(opened.folder.options.get("force_zeros_for_empty_prompt", True))
    return SDXLModel(
        tokenizer=handles["tokenizer"],
        tokenizer_2=handles["tokenizer_2"],
        text_encoder=handles["text_encoder"],
        text_encoder_2=handles["text_encoder_2"],
        denoiser=replace(handles["denoiser"], vae=vae),
        vae=vae,
        scheduler=handles["scheduler"],
        force_zeros_for_empty_prompt=zeros,
    )


def opened_sdxl(model: str, config: str | None = None) -> OpenedModel:
    """A model whose configuration says that it is Stable Diffusion XL.

    Raises:
        AccessError: It is not on this machine, or is of another family.
    """
    opened = open_model(model, config)
    if opened.family != "sdxl" or "text_encoder_2" not in opened.folder.parts:
        raise AccessError(f"{opened.located.shown!r} is no Stable Diffusion XL model", opened_by(opened.family))
    return opened
