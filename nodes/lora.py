"""LoRA: small additions to the weights of a model (Hu et al. 2021), loaded by diffusers and computed by peft."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from latentgraph.graph.digests import file_digest
from latentgraph.graph.node import Described, node
from latentgraph.nodes.handles import Denoiser, TextEncoder
from latentgraph.nodes.loading.held import json_digest
from latentgraph.nodes.loading.lora_file import ReadsLora, read_lora

SCALES = "latentgraph_lora_scales"
"""Attribute of a module with LoRAs: the scale of each by its name, in the order in which they came."""


class WithLora(NamedTuple):
    """The parts with the LoRA added.

    Attributes:
        denoiser: To go on with in place of the one that was given.
        text_encoder: To go on with in place of the one that was given.
    """

    denoiser: Denoiser
    text_encoder: TextEncoder


@dataclass(frozen=True)
class LoraAdapter:
    """A LoRA for one part of a model."""

    path: Path
    content: str
    """Digest of the file."""
    role: str
    """`denoiser`, `text_encoder` or `text_encoder_2`."""
    scale: float
    fused: bool

    @property
    def digest(self) -> str:
        """Of everything that it does to a module."""
        return json_digest(["lora", self.content, self.role, self.scale, self.fused])

    @property
    def summary(self) -> str:
        """A few words for people."""
        return f"LoRA {self.path.name} at {self.scale:g}{', fused' if self.fused else ''}"

    def apply(self, module: Any) -> None:
        """Add it to a module that nobody else has."""
        from diffusers.utils import peft_utils

        library: Any = peft_utils  # Untyped.
        scales: dict[str, float] = module.__dict__.setdefault(SCALES, {})
        name = f"lora_{len(scales)}"
        try:
            with warnings.catch_warnings():
                # peft takes a second LoRA in a module for a slip; here one is put behind the other on purpose.
                warnings.filterwarnings("ignore", "Already found a `peft_config`", UserWarning)
                self.add(module, name)
        except (RuntimeError, ValueError) as error:
            first = str(error).strip().splitlines()[0]
            raise ValueError(f"the LoRA {self.path.name!r} does not fit the {self.role}: {first[:200]}") from error
        scales[name] = self.scale
        library.set_weights_and_activate_adapters(module, list(scales), list(scales.values()))
        if self.fused:
            _merge(module, name)
            del scales[name]

    def add(self, module: Any, name: str) -> None:
        """Put its layers into a module, under a name."""
        _add(module, self.path, self.role, name)


def _add(module: Any, path: Path, role: str, name: str) -> None:
    from diffusers import loaders

    library: Any = loaders  # Untyped.
    mixin = library.StableDiffusionLoraLoaderMixin
    state, alphas, metadata = mixin.lora_state_dict(
        str(path.parent),
        weight_name=path.name,
        use_safetensors=True,
        local_files_only=True,
        return_lora_metadata=True,
        unet_config=module.config if role == "denoiser" else None,
    )
    if role == "denoiser":
        mixin.load_lora_into_unet(state, alphas, module, adapter_name=name, metadata=metadata)
    else:
        mixin.load_lora_into_text_encoder(state, alphas, module, prefix=role, adapter_name=name, metadata=metadata)


def _merge(module: Any, name: str) -> None:
    """Add the product of a LoRA's matrices to the weights, and take its layers out."""
    from diffusers.utils import peft_utils
    from peft.tuners.tuners_utils import BaseTunerLayer

    library: Any = peft_utils  # Untyped.
    if len(module.peft_config) > 1:
        raise ValueError("a fused LoRA cannot follow one that is not; fuse all of them, or put the fused ones first")
    for layer in module.modules():
        if isinstance(layer, BaseTunerLayer):
            layer.merge(adapter_names=[name])
    library.recurse_remove_peft_layers(module)
    del module.peft_config
    module._hf_peft_config_loaded = False


def describe_lora(literals: Mapping[str, Any]) -> Described:
    """The family that the file is for, from its header.

    Raises:
        AccessError: It is no LoRA.
    """
    path = literals.get("lora")
    family = read_lora(Path(path), path).family if isinstance(path, str) else ""
    return {"denoiser": family, "text_encoder": family} if family else {}


@node(category="model", describe=describe_lora, families=("sd1", "sd2"))
def load_lora(
    denoiser: Denoiser,
    text_encoder: TextEncoder,
    lora: Annotated[str, ReadsLora()],
    scale: float = 1.0,
    text_encoder_scale: float | None = None,
    fused: bool = False,
) -> WithLora:
    """Add a LoRA to a denoiser and its one text encoder. Put one behind the other for several.

    The parts that are given stay as they are: each combination has modules of its own.

    Args:
        denoiser: Of the model; a LoRA for the text encoder alone leaves it as it is.
        text_encoder: Of the model; a LoRA for the denoiser alone leaves it as it is.
        lora: A .safetensors file, as diffusers or kohya's scripts write it.
        scale: How much of it to add; 0 is nothing, and below 0 is its contrary.
        text_encoder_scale: For the text encoder; null: as for the denoiser.
        fused: Add it to the weights once and not at every call: faster, and rounded a little otherwise.

    Example:
        model = load_model()
        denoiser, text_encoder = load_lora(model.denoiser, model.text_encoder, "./lora.safetensors", scale=0.8)
    """
    file = read_lora(Path(lora), Path(lora).name)
    content = file_digest(file.path)
    if file.for_denoiser:
        denoiser = denoiser.adapted(LoraAdapter(file.path, content, "denoiser", scale, fused))
    if file.for_text_encoder:
        own = scale if text_encoder_scale is None else text_encoder_scale
        text_encoder = text_encoder.adapted(LoraAdapter(file.path, content, "text_encoder", own, fused))
    return WithLora(denoiser, text_encoder)
