"""LoRAs with few random weights, in the names that diffusers gives them and in those of kohya's scripts."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

DENOISER = ("to_k", "to_q", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2")
ENCODER = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")
"""What of the modules is added to; kohya's scripts leave none of these out."""
KOHYA = {"unet": "lora_unet_", "text_encoder": "lora_te_", "text_encoder_2": "lora_te2_"}
"""What the names begin with, by the part of the model; with two encoders the first has `lora_te1_`."""
RANK = 4


def drawn(module: Any, seed: int) -> dict[str, Tensor]:
    """Random matrices for a denoiser or a text encoder, under peft's names; the module stays as it is."""
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    torch.manual_seed(seed)
    added = copy.deepcopy(module)
    targets = list(DENOISER if hasattr(module, "conv_in") else ENCODER)
    added.add_adapter(LoraConfig(r=RANK, lora_alpha=RANK, init_lora_weights=False, target_modules=targets))
    # Small enough that a picture is left.
    return {name: (one * 0.3).contiguous() for name, one in get_peft_model_state_dict(added).items()}


def drawn_for(pipeline: Any, seed: int = 1) -> dict[str, dict[str, Tensor]]:
    """Random matrices for each part of a pipeline that takes a LoRA."""
    parts = {name: getattr(pipeline, name, None) for name in KOHYA}
    return {name: drawn(part, seed + n) for n, (name, part) in enumerate(parts.items()) if part is not None}


def save_plain(path: Path, pipeline: Any, parts: Mapping[str, dict[str, Tensor]]) -> None:
    """As diffusers writes it."""
    layers = {f"{name}_lora_layers": state for name, state in parts.items()}
    pipeline.save_lora_weights(path.parent, weight_name=path.name, **layers)


def save_kohya(
    path: Path, parts: Mapping[str, dict[str, Tensor]], alpha: float = RANK, layers_per_block: int | None = None
) -> None:
    """As kohya's scripts write it: with an alpha for each layer, by which the product of its matrices is scaled.

    Args:
        path: Of the file.
        parts: Matrices under peft's names, by the part of the model.
        alpha: Of every layer; the scale is alpha / rank.
        layers_per_block: Of the denoiser, to name its blocks as Stability AI's own code does, which those scripts
            train Stable Diffusion XL with; None: as diffusers names them.
    """
    written: dict[str, Tensor] = {}
    for part, state in parts.items():
        beginning = "lora_te1_" if part == "text_encoder" and "text_encoder_2" in parts else KOHYA[part]
        for name, tensor in state.items():
            layer, _, matrix = name.removesuffix(".weight").rpartition(".")
            if part != "unet" and not layer.startswith("text_model."):
                layer = f"text_model.{layer}"
            elif part == "unet" and layers_per_block is not None:
                layer = stability_name(layer, layers_per_block)
            key = beginning + layer.replace(".", "_")
            written[f"{key}.{'lora_down' if matrix == 'lora_A' else 'lora_up'}.weight"] = tensor
            written[f"{key}.alpha"] = torch.tensor(float(alpha))
    save_file(written, path)


def stability_name(layer: str, layers_per_block: int) -> str:
    """A layer in an attention block, as Stability AI's own code names it: the blocks are counted through."""
    count = layers_per_block + 1
    places = re.fullmatch(r"(down|up)_blocks\.(\d+)\.attentions\.(\d+)\.(.*)", layer)
    if places is None:
        return layer.replace("mid_block.attentions.0.", "middle_block.1.")
    number = int(places[2]) * count + int(places[3])
    block = f"input_blocks.{number + 1}" if places[1] == "down" else f"output_blocks.{number}"
    return f"{block}.1.{places[4]}"
