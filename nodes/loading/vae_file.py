"""A VAE that comes alone in one .safetensors file, in the names of the original code or in those of diffusers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_PREFIX: Final = "first_stage_model."
_OLD_ATTENTION: Final = (("query", "to_q"), ("key", "to_k"), ("value", "to_v"), ("proj_attn", "to_out.0"))
"""What diffusers called the parts of an attention block once, and what it calls them now."""


def vae_config(header: Mapping[str, Any]) -> dict[str, Any]:
    """Its configuration, but for the scaling factor, which no file says.

    Raises:
        KeyError: It is no VAE that is known.
    """
    shapes = {name.removeprefix(_PREFIX): list(entry["shape"]) for name, entry in header.items()}
    ours = "encoder.down_blocks.0.resnets.0.conv2.weight" in shapes
    level = "encoder.down_blocks.{}.resnets.{}.conv2.weight" if ours else "encoder.down.{}.block.{}.conv2.weight"
    levels = next(count for count in range(1, 100) if level.format(count, 0) not in shapes)
    layers = next(count for count in range(1, 100) if level.format(0, count) not in shapes)
    return {
        "block_out_channels": [shapes[level.format(one, 0)][0] for one in range(levels)],
        "layers_per_block": layers,
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
        "in_channels": shapes["encoder.conv_in.weight"][1],
        "out_channels": shapes["decoder.conv_out.weight"][0],
        "latent_channels": shapes["decoder.conv_in.weight"][1],
        "use_quant_conv": "quant_conv.weight" in shapes,
        "use_post_quant_conv": "post_quant_conv.weight" in shapes,
    }


def vae_tensors(tensors: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors by the names that diffusers has for them now."""
    plain = {name.removeprefix(_PREFIX): tensor for name, tensor in tensors.items()}
    if any(name.startswith("encoder.down_blocks.") for name in plain):
        return {_renamed(name): tensor for name, tensor in plain.items()}
    from diffusers.loaders import single_file_utils

    convert: Any = single_file_utils.convert_ldm_vae_checkpoint  # Untyped.
    converted: dict[str, Any] = convert(plain, config)
    return converted


def _renamed(name: str) -> str:
    for old, new in _OLD_ATTENTION:
        name = name.replace(f".attentions.0.{old}.", f".attentions.0.{new}.")
    return name
