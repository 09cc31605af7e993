"""Parts that come alone in one .safetensors file: their configuration is read off the names and shapes in its header.

ControlNets and T2I-Adapters have such files from their authors, in names of their own; an image encoder has the names
that transformers gives it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from latentgraph.graph.access import AccessError
from latentgraph.graph.digests import file_digest
from latentgraph.nodes.loading.held import json_digest
from latentgraph.nodes.loading.placing import filled
from latentgraph.nodes.loading.sources import misfit, part_class, quiet_libraries
from latentgraph.nodes.loading.vae_file import vae_config, vae_tensors
from latentgraph.nodes.loading.weights import read_header, refuse_pickle

Header = Mapping[str, Any]
Tensors = dict[str, Any]
NAMES: Final = {
    "controlnet": "ControlNet",
    "t2i_adapter": "T2I-Adapter",
    "image_encoder": "image encoder",
    "vae": "VAE",
}
"""What messages call the roles."""
_CONTROL: Final = "control_model."
_ADAPTER: Final = "adapter."
_WIDTH_OF_HEADS: Final = 64
"""Of the attention of Stable Diffusion 2 and XL; that of 1.x has 8 heads whatever its width."""
_SD1_WIDTH: Final = 768
_QUICK: Final = 768
"""Width of what CLIP ViT-L gives, which alone of the published ones has the faster activation."""


@dataclass(frozen=True)
class FileKind:
    """What the header of such a file says."""

    config: Mapping[str, Any]
    """Of the class in diffusers or transformers."""
    renamed: Callable[[Tensors], Tensors]
    """The tensors by the names of that class."""


def described_file(role: str, path: Path, shown: str) -> FileKind:
    """What is in the file of a part.

    Raises:
        AccessError: It is a pickle, damaged, or no such part.
    """
    refuse_pickle(path, shown)
    header = read_header(path, repr(shown))
    try:
        return READERS[role](header)
    except (KeyError, IndexError, ValueError, TypeError):
        raise AccessError(
            f"{shown!r} is a file, and no {NAMES[role]} in a layout that is known", "name another, or a folder with one"
        ) from None


def component_digest(path: Path, config: Mapping[str, Any]) -> str:
    """Digest of the part in a file: the whole file's, and the configuration that it is read with."""
    return json_digest({"file": file_digest(path), "config": config})


@dataclass(frozen=True)
class ComponentFileSource:
    """A part that comes alone in a file."""

    file: str
    """Absolute."""
    shown: str
    role: str
    library: str
    class_name: str

    def make(self, device: str, dtype: str, warn: Callable[[str], None]) -> Any:
        """Build the module from what the header says, and fill it with the tensors."""
        import torch
        from accelerate import init_empty_weights
        from safetensors.torch import load_file

        kind = described_file(self.role, Path(self.file), self.shown)
        wanted = part_class(self.role, self.library, self.class_name, self.shown)
        with quiet_libraries():
            try:
                tensors = kind.renamed(load_file(self.file))
                with init_empty_weights(include_buffers=False):
                    config = dict(kind.config)
                    module = (
                        wanted(wanted.config_class(**config)) if self.library == "transformers" else wanted(**config)
                    )
                return filled(module, tensors, device, dtype)
            except torch.OutOfMemoryError:
                raise
            except (ValueError, RuntimeError, KeyError, TypeError) as error:
                raise misfit(self.shown, " ".join(str(error).split())) from error


def controlnet_file(header: Header) -> FileKind:
    """A ControlNet, in the names of its authors' code or in those of diffusers."""
    if "controlnet_cond_embedding.conv_in.weight" in header:
        return FileKind(_controlnet_of_diffusers(header), lambda tensors: tensors)
    start = _CONTROL if any(name.startswith(_CONTROL) for name in header) else ""
    shapes = {name.removeprefix(start): list(entry["shape"]) for name, entry in header.items()}
    hints = [shapes[f"input_hint_block.{number}.weight"][0] for number in (0, 4, 8, 12)]
    blocks = 1 + max(int(name.split(".")[1]) for name in shapes if name.startswith("input_blocks."))
    ends = [number for number in range(blocks) if f"input_blocks.{number}.0.op.weight" in shapes] + [blocks]
    firsts = [1, *(end + 1 for end in ends[:-1])]
    attention = [_depth(shapes, f"input_blocks.{first}.1.") for first in firsts]
    channels = [shapes[f"input_blocks.{first}.0.out_layers.3.weight"][0] for first in firsts]
    width = next(shape[1] for name, shape in shapes.items() if name.endswith("attn2.to_k.weight"))
    flat = next(len(shape) == 2 for name, shape in shapes.items() if name.endswith(".1.proj_in.weight"))
    config = {
        **_unet_config(channels, attention, width),
        "in_channels": shapes["input_blocks.0.0.weight"][1],
        "layers_per_block": ends[0] - firsts[0],
        "use_linear_projection": flat,
        "conditioning_channels": shapes["input_hint_block.0.weight"][1],
        "conditioning_embedding_out_channels": tuple(hints),
        **_added(shapes.get("label_emb.0.0.weight")),
    }
    return FileKind(
        config, lambda tensors: _from_original({n.removeprefix(start): t for n, t in tensors.items()}, config)
    )


def _controlnet_of_diffusers(header: Header) -> dict[str, Any]:
    shapes = {name: list(entry["shape"]) for name, entry in header.items()}
    levels = _count(shapes, "down_blocks.")
    attention = [_depth(shapes, f"down_blocks.{level}.attentions.0.") for level in range(levels)]
    channels = [shapes[f"down_blocks.{level}.resnets.0.conv2.weight"][0] for level in range(levels)]
    width = next(shape[1] for name, shape in shapes.items() if name.endswith("attn2.to_k.weight"))
    flat = next(len(shape) == 2 for name, shape in shapes.items() if name.endswith(".proj_in.weight"))
    blocks = range(0, _count(shapes, "controlnet_cond_embedding.blocks."), 2)
    hints = [shapes[f"controlnet_cond_embedding.blocks.{number}.weight"][1] for number in blocks]
    last = shapes[f"controlnet_cond_embedding.blocks.{max(blocks) + 1}.weight"][0]
    return {
        **_unet_config(channels, attention, width),
        "in_channels": shapes["conv_in.weight"][1],
        "layers_per_block": _count(shapes, "down_blocks.0.resnets."),
        "use_linear_projection": flat,
        "conditioning_channels": shapes["controlnet_cond_embedding.conv_in.weight"][1],
        "conditioning_embedding_out_channels": (*hints, last),
        **_added(shapes.get("add_embedding.linear_1.weight")),
    }


def _unet_config(channels: list[int], attention: list[int], width: int) -> dict[str, Any]:
    heads: Any = [max(1, count // _WIDTH_OF_HEADS) for count in channels] if width > _SD1_WIDTH else 8
    # Where a level has no attention its count of transformer blocks means nothing; the middle has as many as the last.
    return {
        "block_out_channels": tuple(channels),
        "down_block_types": tuple("CrossAttnDownBlock2D" if depth else "DownBlock2D" for depth in attention),
        "transformer_layers_per_block": [depth or 1 for depth in attention],
        "cross_attention_dim": width,
        "attention_head_dim": heads,
    }


def _added(shape: list[int] | None) -> dict[str, Any]:
    if shape is None:
        return {}
    return {
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": shape[1],
    }


def _depth(shapes: Mapping[str, list[int]], start: str) -> int:
    return _count(shapes, f"{start}transformer_blocks.")


def _count(shapes: Mapping[str, Any], start: str) -> int:
    """How many numbers follow `start` in names."""
    numbers = {name.removeprefix(start).split(".")[0] for name in shapes if name.startswith(start)}
    return len(numbers)


def _from_original(tensors: Tensors, config: Mapping[str, Any]) -> Tensors:
    from diffusers.loaders import single_file_utils

    convert: Any = single_file_utils.convert_controlnet_checkpoint  # Untyped.
    converted: Tensors = convert(tensors, config)
    for number in (1, 2):
        for what in ("weight", "bias"):
            name = f"label_emb.0.{2 * (number - 1)}.{what}"
            if name in tensors:
                converted[f"add_embedding.linear_{number}.{what}"] = tensors[name]
    return converted


def t2i_adapter_file(header: Header) -> FileKind:
    """A full T2I-Adapter, in the names of its authors' code or in those of diffusers."""
    shapes = {name.removeprefix(_ADAPTER): list(entry["shape"]) for name, entry in header.items()}
    first, cells = shapes["conv_in.weight"][:2]
    edge, pixels = next((math.isqrt(cells // n), n) for n in (3, 1) if math.isqrt(cells // n) ** 2 * n == cells)
    ours = any(".resnets." in name for name in shapes)
    blocks = _count(shapes, "body.") if ours else 0
    original = [f"body.{number}." for number in range(_count(shapes, "body."))]
    per_level = _count(shapes, "body.0.resnets.") if ours else len(original) // 4
    name = "body.{}.resnets.0.block1.weight" if ours else "body.{}.block1.weight"
    levels = range(blocks) if ours else range(0, len(original), per_level)
    channels = [shapes[name.format(level)][0] for level in levels]
    if channels[0] != first:
        raise ValueError("its first level has other channels than what goes in")
    config = {
        "in_channels": pixels,
        "channels": channels,
        "num_res_blocks": per_level,
        "downscale_factor": edge,
        "adapter_type": "full_adapter_xl" if edge == 16 else "full_adapter",
    }
    return FileKind(config, lambda tensors: _adapter_names(tensors, 0 if ours else per_level))


def _adapter_names(tensors: Tensors, per_level: int) -> Tensors:
    """Names of diffusers; `per_level` is 0 where they are so but for their beginning."""
    renamed: Tensors = {}
    for full, tensor in tensors.items():
        parts = full.removeprefix(_ADAPTER).split(".")
        if per_level and parts[0] == "body":
            level, number = divmod(int(parts[1]), per_level)
            inner = parts[2:] if parts[2] == "in_conv" else ["resnets", str(number), *parts[2:]]
            parts = ["body", str(level), *inner]
        renamed[".".join(["adapter", *parts])] = tensor
    return renamed


def image_encoder_file(header: Header) -> FileKind:
    """A CLIP image encoder with its projection, in the names of transformers."""
    shapes = {name: list(entry["shape"]) for name, entry in header.items()}
    width, _, patch, _ = shapes["vision_model.embeddings.patch_embedding.weight"]
    places = shapes["vision_model.embeddings.position_embedding.weight"][0] - 1
    projection = shapes["visual_projection.weight"][0]
    config = {
        "hidden_size": width,
        "intermediate_size": shapes["vision_model.encoder.layers.0.mlp.fc1.weight"][0],
        "num_hidden_layers": _count(shapes, "vision_model.encoder.layers."),
        "num_attention_heads": 16 if width >= 1024 else max(1, width // 64),
        "image_size": math.isqrt(places) * patch,
        "patch_size": patch,
        "projection_dim": projection,
        "hidden_act": "quick_gelu" if projection == _QUICK else "gelu",
    }
    return FileKind(config, lambda tensors: tensors)


def vae_file(header: Header) -> FileKind:
    """A VAE, in the names of the original code or in those of diffusers."""
    config = vae_config(header)
    return FileKind(config, lambda tensors: vae_tensors(tensors, config))


READERS: Final[Mapping[str, Callable[[Header], FileKind]]] = {
    "controlnet": controlnet_file,
    "t2i_adapter": t2i_adapter_file,
    "image_encoder": image_encoder_file,
    "vae": vae_file,
}
"""By the role of the part."""
