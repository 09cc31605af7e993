"""What is in a file with a LoRA, told from the names and shapes in its header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from latentgraph.graph.access import AccessError, FileAccess, Resource
from latentgraph.graph.digests import file_digest
from latentgraph.nodes.loading.weights import read_header, refuse_pickle

_UNET: Final = ("unet.", "lora_unet_")
_TEXT_ENCODER: Final = ("text_encoder.", "lora_te_", "lora_te1_")
_SECOND_ENCODER: Final = ("text_encoder_2.", "lora_te2_")
_OF_TWO_ENCODERS: Final = (*_SECOND_ENCODER, "lora_te1_")
"""Kohya's scripts number the text encoders where there are two."""
_KOHYA_ENCODERS: Final = (("lora_te_", "lora_te1_"), ("lora_te2_",))
_TELLING: Final = ("_out_proj.", "_mlp_")
"""By one of these diffusers 0.42.1 (utils/state_dict_utils.py) knows how the names of an encoder's layers are meant."""
_OTHERS: Final = ("transformer.", "lora_transformer_")
_CROSS_ATTENTION: Final = ("attn2.to_k", "attn2_to_k")
_DOWN: Final = ("lora_A.weight", "lora_down.weight", "lora.down.weight", "to_k_lora.down.weight")
_KINDS: Final = {".hada_": "LoHa", ".lokr_": "LoKr"}
"""Other small additions to weights, by what is in the names of their tensors."""
WIDTHS: Final = {768: "sd1", 1024: "sd2", 2048: "sdxl"}
"""Of the embeddings that the denoisers of a family read."""


@dataclass(frozen=True)
class LoraFile:
    """A LoRA (Hu et al. 2021) for parts of one model, named as diffusers or as kohya's scripts name it."""

    path: Path
    shown: str
    names: frozenset[str]
    width: int
    """Of the embeddings that its denoiser reads; 0 where it leaves cross-attention alone."""

    @property
    def family(self) -> str:
        """`sd1`, `sd2` or `sdxl`; empty where the widths are of no published model."""
        if self.has(_OF_TWO_ENCODERS):
            return "sdxl"
        return WIDTHS.get(self.width, "")

    @property
    def for_denoiser(self) -> bool:
        """Whether it adds to the denoiser."""
        return self.has(_UNET)

    @property
    def for_text_encoder(self) -> bool:
        """Whether it adds to the (first) text encoder."""
        return self.has(_TEXT_ENCODER)

    @property
    def for_second_encoder(self) -> bool:
        """Whether it adds to the second text encoder."""
        return self.has(_SECOND_ENCODER)

    def has(self, beginnings: tuple[str, ...]) -> bool:
        """Whether a tensor's name begins so."""
        return any(name.startswith(beginnings) for name in self.names)


def read_lora(path: Path, shown: str) -> LoraFile:
    """What the header says.

    Raises:
        AccessError: It is a pickle, damaged, no LoRA of a UNet, or one that diffusers cannot read.
    """
    refuse_pickle(path, shown)
    if path.is_dir() or path.suffix.lower() != ".safetensors":
        raise AccessError(f"{shown!r} is no LoRA", "a LoRA is a .safetensors file")
    header = read_header(path, f"{shown!r}")
    found = LoraFile(path, shown, frozenset(header), _width(header))
    if not any("lora" in name for name in header):
        raise AccessError(f"{shown!r} is no LoRA: none of its tensors is called so", "name a file with a LoRA")
    if kind := next((_KINDS[part] for name in header for part in _KINDS if part in name), ""):
        raise AccessError(f"{shown!r} is a {kind}, and not a LoRA", "take a plain LoRA")
    if not (found.for_denoiser or found.for_text_encoder or found.for_second_encoder):
        what = "a transformer" if found.has(_OTHERS) else "something else"
        raise AccessError(f"{shown!r} is a LoRA for {what}, not for a UNet or its text encoder", "take another model")
    _refuse_unreadable(found)
    return found


def _refuse_unreadable(found: LoraFile) -> None:
    for beginnings in _KOHYA_ENCODERS:
        own = [name for name in found.names if name.startswith(beginnings)]
        if own and not any(part in name for name in own for part in _TELLING):
            raise AccessError(
                f"{found.shown!r} adds to a text encoder, but to none of its out_proj and mlp layers; diffusers cannot "
                "read such a LoRA",
                "kohya's scripts always train those too: take the file as they wrote it",
            )


def _width(header: Mapping[str, Any]) -> int:
    for name, entry in header.items():
        if any(part in name for part in _CROSS_ATTENTION) and name.endswith(_DOWN) and len(entry["shape"]) == 2:
            return int(entry["shape"][1])
    return 0


@dataclass(frozen=True, slots=True)
class ReadsLora:
    """The port names a file with a LoRA: `Annotated[str, ReadsLora()]`."""

    def resolve(self, written: str, access: FileAccess, *, given: bool) -> Resource:
        """The file, and the digest of its bytes; looks at the header alone.

        Raises:
            AccessError: It may not be read, is not there, or is no LoRA.
        """
        path = access.path(written, given=given)
        read_lora(path, written)
        return Resource(str(path), lambda: file_digest(path))
