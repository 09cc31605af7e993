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

_SHARED: Final = {"denoiser": "model.diffusion_model.", "vae": "first_stage_model."}
LAYOUTS: Final[Mapping[str, Mapping[str, str]]] = {
    "sdxl": {
        **_SHARED,
        "text_encoder": "conditioner.embedders.0.transformer.",
        "text_encoder_2": "conditioner.embedders.1.model.",
    },
    "sdxl_refiner": {**_SHARED, "text_encoder_2": "conditioner.embedders.0.model."},
    "sd2": {**_SHARED, "text_encoder": "cond_stage_model.model."},
    "sd1": {**_SHARED, "text_encoder": "cond_stage_model.transformer."},
}
"""How the names of each part's tensors begin, by the kind of model; the first kind whose text encoders are there."""
KINDS: Final = {
    "sd1": "Stable Diffusion 1.x",
    "sd2": "Stable Diffusion 2.x",
    "sdxl": "Stable Diffusion XL",
    "sdxl_refiner": "the refiner of Stable Diffusion XL",
}
PART_NAMES: Final = {
    "denoiser": "UNet",
    "vae": "VAE",
    "text_encoder": "text encoder",
    "text_encoder_2": "second text encoder",
}
OPEN_CLIP: Final = (".model.",)
"""How the prefix of a text encoder ends that has the names of OpenCLIP, and its two or three unused tensors."""
_UNUSED: Final = ("logit_scale", "attn_mask")
_UNUSED_BY_SD2: Final = ("transformer.resblocks.23.", "text_projection")
"""Stable Diffusion 2 reads what the last layer but one gives."""
_ATTENTION: Final = "attn2.to_k.weight"
_FIRST: Final = "model.diffusion_model.input_blocks.0.0.weight"
_CLASSES: Final = "model.diffusion_model.label_emb.weight"
_OTHERS: Final = (
    ("model.diffusion_model.joint_blocks.", "a Stable Diffusion 3 checkpoint"),
    ("model.diffusion_model.double_blocks.", "a Flux checkpoint"),
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
    """A single-file checkpoint of Stable Diffusion 1.x, 2.x or XL."""

    path: Path
    shown: str

    @cached_property
    def header(self) -> Mapping[str, Any]:
        """The tensors in it, by name."""
        return read_header(self.path, f"{self.shown!r}")

    @cached_property
    def kind(self) -> str:
        """`sd1`, `sd2`, `sdxl` or `sdxl_refiner`, by the names of its text encoders."""
        for kind, prefixes in LAYOUTS.items():
            if all(self._has(prefix) for role, prefix in prefixes.items() if role.startswith("text_encoder")):
                return kind
        return "sd1"

    @property
    def prefixes(self) -> Mapping[str, str]:
        """How the names of each part's tensors begin, by its role."""
        return LAYOUTS[self.kind]

    def inspect(self) -> None:
        """See whether it is a whole model of this family.

        Raises:
            AccessError: It is none, or another file than its name says.
        """
        for beginning, what in _OTHERS:
            if any(name.startswith(beginning) for name in self.header):
                raise AccessError(
                    f"{self.shown!r} is {what}; single files are read of Stable Diffusion 1.x, 2.x and XL only",
                    "take the model as a folder in diffusers layout",
                )
        absent = [role for role, prefix in self.prefixes.items() if not self._has(prefix)]
        if len(absent) == len(self.prefixes):
            raise AccessError(f"{self.shown!r} is {self._what_it_is()}, not a Stable Diffusion model", self._hint())
        if absent:
            raise AccessError(
                f"{self.shown!r} holds no {' and no '.join(PART_NAMES[role] for role in absent)}",
                "a single-file model is a full checkpoint; a part of one cannot be loaded alone",
            )

    @cached_property
    def attention_width(self) -> int:
        """Of the embeddings that its UNet reads; 0 where it cannot be told."""
        prefix = self.prefixes["denoiser"]
        shapes = (e["shape"] for name, e in self.header.items() if name.startswith(prefix) and _ATTENTION in name)
        shape: list[int] = next(shapes, [])
        return shape[1] if len(shape) == 2 else 0

    @cached_property
    def in_channels(self) -> int:
        """Of its UNet: 4, or 9 where it was trained to inpaint; 0 where it cannot be told."""
        shape: list[int] = self.header.get(_FIRST, {}).get("shape", [])
        return shape[1] if len(shape) == 4 else 0

    @property
    def has_classes(self) -> bool:
        """Whether its UNet is told one of several classes too, as that of the x4 upscaler is told a noise level."""
        return _CLASSES in self.header

    def parameters(self, role: str) -> int:
        """How many numbers the weights of a part are."""
        prefix = self.prefixes[role]
        unused: tuple[str, ...] = ()
        if prefix.endswith(OPEN_CLIP):
            unused = (*_UNUSED, *_UNUSED_BY_SD2) if self.kind == "sd2" else _UNUSED
        inside = {n.removeprefix(prefix): e for n, e in self.header.items() if n.startswith(prefix)}
        return count_parameters({name: entry for name, entry in inside.items() if not name.startswith(unused)})

    def _has(self, prefix: str) -> bool:
        return any(name.startswith(prefix) for name in self.header)

    def _what_it_is(self) -> str:
        for beginning, what in _NO_MODELS:
            if any(name.startswith(beginning) or ".lora_" in name for name in self.header):
                return what
        return "something else"

    def _hint(self) -> str:
        return "name a full checkpoint (UNet, VAE and text encoder in one file) or a folder in diffusers layout"
