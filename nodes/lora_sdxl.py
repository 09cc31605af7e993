"""LoRA for Stable Diffusion XL: small additions to its denoiser and to both of its text encoders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from latentgraph.graph.digests import file_digest
from latentgraph.graph.node import Described, node
from latentgraph.nodes.handles import Denoiser, TextEncoder
from latentgraph.nodes.loading.lora_file import ReadsLora, read_lora
from latentgraph.nodes.lora import LoraAdapter


class WithLoraSdxl(NamedTuple):
    """The parts with the LoRA added.

    Attributes:
        denoiser: To go on with in place of the one that was given.
        text_encoder_2: To go on with in place of the one that was given.
        text_encoder: To go on with in place of the one that was given; null where none was.
    """

    denoiser: Denoiser
    text_encoder_2: TextEncoder
    text_encoder: TextEncoder | None


def describe_lora_sdxl(literals: Mapping[str, Any]) -> Described:
    """The family that the file is for, from its header.

    Raises:
        AccessError: It is no LoRA.
    """
    path = literals.get("lora")
    family = read_lora(Path(path), path).family if isinstance(path, str) else ""
    return dict.fromkeys(WithLoraSdxl._fields, family) if family else {}


@node(category="model", describe=describe_lora_sdxl, families=("sdxl",))
def load_lora_sdxl(
    denoiser: Denoiser,
    text_encoder_2: TextEncoder,
    lora: Annotated[str, ReadsLora()],
    text_encoder: TextEncoder | None = None,
    scale: float = 1.0,
    text_encoder_scale: float | None = None,
    text_encoder_2_scale: float | None = None,
    fused: bool = False,
) -> WithLoraSdxl:
    """Add a LoRA to the parts of a Stable Diffusion XL model. Put one behind the other for several.

    The parts that are given stay as they are: each combination has modules of its own. A part that the LoRA says
    nothing of is handed on as it is.

    Args:
        denoiser: Of the model.
        text_encoder_2: Of the model.
        lora: A .safetensors file, as diffusers or kohya's scripts write it.
        text_encoder: Of the model, which a refiner has not.
        scale: How much of it to add; 0 is nothing, and below 0 is its contrary.
        text_encoder_scale: For the first text encoder; null: as for the denoiser.
        text_encoder_2_scale: For the second one; null: as for the denoiser.
        fused: Add it to the weights once and not at every call: faster, and rounded a little otherwise.

    Example:
        model = load_sdxl("./sdxl")
        parts = load_lora_sdxl(model.denoiser, model.text_encoder_2, "./lora-sdxl.safetensors", model.text_encoder)
    """
    file = read_lora(Path(lora), Path(lora).name)
    content = file_digest(file.path)

    def adapter(role: str, own: float | None) -> LoraAdapter:
        return LoraAdapter(file.path, content, role, scale if own is None else own, fused)

    if file.for_denoiser:
        denoiser = denoiser.adapted(adapter("denoiser", scale))
    if file.for_text_encoder and text_encoder is not None:
        text_encoder = text_encoder.adapted(adapter("text_encoder", text_encoder_scale))
    if file.for_second_encoder:
        text_encoder_2 = text_encoder_2.adapted(adapter("text_encoder_2", text_encoder_2_scale))
    return WithLoraSdxl(denoiser, text_encoder_2, text_encoder)
