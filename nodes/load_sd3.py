"""The node that opens a Stable Diffusion 3 model (Esser et al. 2024)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from latentgraph.graph.access import AccessError
from latentgraph.graph.node import Described, node
from latentgraph.nodes.handles import VAE, Denoiser, Scheduler, TextEncoder, Tokenizer
from latentgraph.nodes.loading.model_source import ReadsModel
from latentgraph.nodes.loading.openers import opened_by
from latentgraph.nodes.loading.parts import OpenedModel, open_model


class SD3Model(NamedTuple):
    """The parts of a Stable Diffusion 3 model; it has no safety checker.

    Args:
        tokenizer: Of the first text encoder.
        tokenizer_2: Of the second one.
        tokenizer_3: Of the third one; null where that is left out.
        text_encoder: CLIP ViT-L, 768 numbers a token and 768 for the whole text.
        text_encoder_2: OpenCLIP ViT-bigG, 1280 numbers a token and 1280 for the whole text.
        text_encoder_3: T5 XXL, 4096 numbers a token; null where it is left out.
        denoiser: The transformer.
        vae: Latents to images and back, with 16 channels.
        scheduler: The model's own sampler, as class and configuration.
    """

    tokenizer: Tokenizer
    tokenizer_2: Tokenizer
    tokenizer_3: Tokenizer | None
    text_encoder: TextEncoder
    text_encoder_2: TextEncoder
    text_encoder_3: TextEncoder | None
    denoiser: Denoiser
    vae: VAE
    scheduler: Scheduler


def describe_sd3(literals: Mapping[str, Any]) -> Described:
    """The family of each part, from configuration files and headers alone.

    Raises:
        AccessError: The model is not on this machine, or is of another family.
    """
    return dict.fromkeys(SD3Model._fields, opened_sd3(literals["model"]).family)


@node(category="model", describe=describe_sd3, families=("sd3",))
def load_sd3(model: Annotated[str, ReadsModel()], use_t5: bool = True) -> SD3Model:
    """Open a Stable Diffusion 3 or 3.5 model. Weights are read when a node first needs them.

    Args:
        model: A local folder in diffusers layout (./, ../ or / first), or owner/name on the hub.
        use_t5: Whether to read the prompt by the third text encoder too, which is by far the largest. Without it zeros
            stand in its place, as in diffusers with text_encoder_3=None; a model that has none goes so anyway.

    Example:
        model = load_sd3("./sd3", use_t5=False)
        assert model.text_encoder_3 is None
    """
    handles = opened_sd3(model).handles()
    parts = SD3Model(**{name: handles[name] for name in SD3Model._fields})
    return parts if use_t5 else parts._replace(tokenizer_3=None, text_encoder_3=None)


def opened_sd3(model: str) -> OpenedModel:
    """A model whose configuration says that it is Stable Diffusion 3.

    Raises:
        AccessError: It is not on this machine, is of another family, or lacks a CLIP encoder.
    """
    opened = open_model(model, None)
    shown, parts = opened.located.shown, opened.folder.parts
    if opened.family != "sd3":
        raise AccessError(f"{shown!r} is no Stable Diffusion 3 model", opened_by(opened.family))
    wanted = [name for name, kind in SD3Model.__annotations__.items() if "None" not in str(kind)]
    if lacking := [name for name in wanted if name not in parts]:
        raise AccessError(f"{shown!r} has no {lacking[0]}", "only text_encoder_3 and tokenizer_3 may be left out")
    if ("tokenizer_3" in parts) != ("text_encoder_3" in parts):
        raise AccessError(
            f"{shown!r} has one of tokenizer_3 and text_encoder_3, and not the other",
            "copy the other one too, or write [null, null] for both in model_index.json",
        )
    return opened
