"""What is in a single-file checkpoint, told from the names and shapes in its header.

The names are those of the original latent diffusion code (https://github.com/CompVis/stable-diffusion), which single
files keep to this day; diffusers translates them when it loads one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from latentgraph.graph.access import AccessError
from latentgraph.nodes.loading.weights import count_parameters, read_header

PREFIXES: Final[Mapping[str, str]] = {
    "denoiser": "model.diffusion_model.",
    "vae": "first_stage_model.",
    "text_encoder": "cond_stage_model.transformer.",
}
"""How the names of each part's tensors begin in a Stable Diffusion 1.x file."""
PART_NAMES: Final = {"denoiser": "UNet", "vae": "VAE", "text_encoder": "text encoder"}
_ATTENTION: Final = "attn2.to_k.weight"
_FIRST: Final = "model.diffusion_model.input_blocks.0.0.weight"
_OTHERS: Final = (
    ("conditioner.embedders.", "a Stable Diffusion XL checkpoint"),
    ("model.diffusion_model.joint_blocks.", "a Stable Diffusion 3 checkpoint"),
    ("model.diffusion_model.double_blocks.", "a Flux checkpoint"),
    ("cond_stage_model.model.", "a Stable Diffusion 2 checkpoint"),
)
"""Names that only checkpoints of other families have."""
_NO_MODELS: Final = (
    ("lora_", "a LoRA"),
    ("control_model.", "a ControlNet"),
    ("controlnet_", "a ControlNet"),
    ("emb_params", "a textual inversion"),
)


@dataclass(frozen=True)
class Checkpoint:
    """A single-file checkpoint of Stable Diffusion 1.x."""

    path: Path
    shown: str

    @cached_property
    def header(self) -> Mapping[str, Any]:
        """The tensors in it, by name."""
        return read_header(self.path, f"{self.shown!r}")

    def inspect(self) -> None:
        """See whether it is a whole model of this family.

        Raises:
            AccessError: It is none, or another file than its name says.
        """
        for beginning, what in _OTHERS:
            if any(name.startswith(beginning) for name in self.header):
                raise AccessError(
                    f"{self.shown!r} is {what}; single files are read of Stable Diffusion 1.x only",
                    "take the model as a folder in diffusers layout",
                )
        absent = [role for role, prefix in PREFIXES.items() if not self._has(prefix)]
        if len(absent) == len(PREFIXES):
            raise AccessError(f"{self.shown!r} is {self._what_it_is()}, not a Stable Diffusion model", self._hint())
        if absent:
            raise AccessError(
                f"{self.shown!r} holds no {' and no '.join(PART_NAMES[role] for role in absent)}",
                "a single-file model is a full checkpoint; a part of one cannot be loaded alone",
            )

    @cached_property
    def attention_width(self) -> int:
        """Of the embeddings that its UNet reads; 0 where it cannot be told."""
        prefix = PREFIXES["denoiser"]
        shapes = (e["shape"] for name, e in self.header.items() if name.startswith(prefix) and _ATTENTION in name)
        shape: list[int] = next(shapes, [])
        return shape[1] if len(shape) == 2 else 0

    @cached_property
    def in_channels(self) -> int:
        """Of its UNet: 4, or 9 where it was trained to inpaint; 0 where it cannot be told."""
        shape: list[int] = self.header.get(_FIRST, {}).get("shape", [])
        return shape[1] if len(shape) == 4 else 0

    def parameters(self, role: str) -> int:
        """How many numbers the weights of a part are."""
        return count_parameters({n: e for n, e in self.header.items() if n.startswith(PREFIXES[role])})

    def _has(self, prefix: str) -> bool:
        return any(name.startswith(prefix) for name in self.header)

    def _what_it_is(self) -> str:
        for beginning, what in _NO_MODELS:
            if any(name.startswith(beginning) or ".lora_" in name for name in self.header):
                return what
        return "something else"

    def _hint(self) -> str:
        return "name a full checkpoint (UNet, VAE and text encoder in one file) or a folder in diffusers layout"
