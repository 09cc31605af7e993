"""What is in a file with a LoRA for Flux, told from the names in its header."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from latentgraph.graph.access import AccessError, FileAccess, Resource
from latentgraph.graph.digests import file_digest
from latentgraph.nodes.loading.weights import read_header, refuse_pickle

_TRANSFORMER: Final = ("transformer.", "lora_transformer_", "lora_unet_double_blocks_", "lora_unet_single_blocks_")
"""As diffusers and as kohya's scripts name the tensors of the transformer."""
_TEXT_ENCODER: Final = ("text_encoder.", "lora_te1_")
"""Of CLIP; diffusers 0.42.1 adds none to T5."""
_CONTROL: Final = (".norm_q.", ".norm_k.", "query_norm", "key_norm")
"""In LoRAs that make the transformer look at a picture, which changes its shape."""


@dataclass(frozen=True)
class FluxLoraFile:
    """A LoRA (Hu et al. 2021) for the transformer of Flux, its CLIP text encoder, or both."""

    path: Path
    for_denoiser: bool
    for_text_encoder: bool


def read_flux_lora(path: Path, shown: str) -> FluxLoraFile:
    """What the header says.

    Raises:
        AccessError: It is a pickle, damaged, or no LoRA for Flux.
    """
    refuse_pickle(path, shown)
    if path.is_dir() or path.suffix.lower() != ".safetensors":
        raise AccessError(f"{shown!r} is no LoRA", "a LoRA is a .safetensors file")
    names = list(read_header(path, f"{shown!r}"))
    if not any("lora" in name for name in names):
        raise AccessError(f"{shown!r} is no LoRA: none of its tensors is called so", "name a file with a LoRA")
    found = FluxLoraFile(
        path,
        for_denoiser=any(name.startswith(_TRANSFORMER) for name in names),
        for_text_encoder=any(name.startswith(_TEXT_ENCODER) for name in names),
    )
    if not (found.for_denoiser or found.for_text_encoder):
        raise AccessError(
            f"{shown!r} is a LoRA for something else, and not for Flux",
            "load_lora adds one to Stable Diffusion 1 and 2, load_lora_sdxl to XL",
        )
    if any(part in name for name in names for part in _CONTROL):
        raise AccessError(
            f"{shown!r} makes Flux look at a picture, which takes more than its additions", "take another LoRA"
        )
    return found


@dataclass(frozen=True, slots=True)
class ReadsFluxLora:
    """The port names a file with a LoRA for Flux: `Annotated[str, ReadsFluxLora()]`."""

    def resolve(self, written: str, access: FileAccess, *, given: bool) -> Resource:
        """The file, and the digest of its bytes; looks at the header alone.

        Raises:
            AccessError: It may not be read, is not there, or is no LoRA for Flux.
        """
        path = access.path(written, given=given)
        read_flux_lora(path, written)
        return Resource(str(path), lambda: file_digest(path))
