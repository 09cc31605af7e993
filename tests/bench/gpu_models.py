"""Models of the sizes that the GPU's benchmark is about, with random weights: the time does not depend on them."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from shutil import copytree
from typing import Any

from tests.nodes.tiny import build_tiny_sd1
from tests.nodes.tiny_families import build_tiny_sdxl

PARTS = {
    "sd1": {"unet": "UNet2DConditionModel", "vae": "AutoencoderKL", "text_encoder": "CLIPTextModel"},
    "sdxl": {
        "unet": "UNet2DConditionModel",
        "vae": "AutoencoderKL",
        "text_encoder": "CLIPTextModel",
        "text_encoder_2": "CLIPTextModelWithProjection",
    },
}
"""The classes of the parts with weights."""


def build(kind: str, folder: Path, device: str, *, tiny: bool) -> None:
    """Write a model in diffusers' layout, in half precision.

    The VAE of `sdxl` is one that does not overflow in it, as that of the fixed weights that people take.

    Args:
        kind: `sd1` or `sdxl`.
        folder: For the model.
        device: Where the weights are drawn.
        tiny: A few thousand weights in float32, to try the benchmark itself.
    """
    if tiny:
        build_tiny_sd1(folder, safety_checker=False) if kind == "sd1" else build_tiny_sdxl(folder)
        return
    _copy_configurations(kind, folder)
    import diffusers
    import torch
    import transformers

    for name, class_name in PARTS[kind].items():
        torch.manual_seed(0)
        made: Any = getattr(diffusers if hasattr(diffusers, class_name) else transformers, class_name)
        with torch.device(device):
            if hasattr(made, "config_class") and made.config_class is not None:
                module = made(made.config_class.from_pretrained(str(folder / name)))
            else:
                module = made.from_config(made.load_config(str(folder / name)))
        module.half().save_pretrained(folder / name)
        del module


def _copy_configurations(kind: str, folder: Path) -> None:
    """Those that ship for single files; of SDXL the first text encoder and the tokenizers are those of 1.5."""
    shipped = Path(str(files("latentgraph.nodes").joinpath("configs")))
    copytree(shipped / kind, folder, dirs_exist_ok=True)
    if kind == "sdxl":
        for name, source in (
            ("text_encoder", "text_encoder"),
            ("tokenizer", "tokenizer"),
            ("tokenizer_2", "tokenizer"),
        ):
            copytree(shipped / "sd1" / source, folder / name, dirs_exist_ok=True)
        config = folder / "vae" / "config.json"
        config.write_text(json.dumps(json.loads(config.read_text()) | {"force_upcast": False}))
    index = json.loads((folder / "model_index.json").read_text())
    if kind == "sd1":
        index |= {"safety_checker": [None, None], "feature_extractor": [None, None], "requires_safety_checker": False}
    (folder / "model_index.json").write_text(json.dumps(index))


def operations(folder: Path, kind: str, *, size: int, steps: int, batch: int) -> float:
    """Floating-point operations of a whole guided run but for its text encoders, a multiplication and an addition two.

    Args:
        folder: Of the model.
        kind: `sd1` or `sdxl`.
        size: Edge of the picture in pixels.
        steps: Calls of the denoiser.
        batch: Pictures at once.
    """
    import diffusers
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    library: Any = diffusers  # Untyped.
    with torch.device("meta"), torch.no_grad():
        unet = library.UNet2DConditionModel.from_config(library.UNet2DConditionModel.load_config(str(folder / "unet")))
        vae = library.AutoencoderKL.from_config(library.AutoencoderKL.load_config(str(folder / "vae")))
        cell = 2 ** (len(vae.config.block_out_channels) - 1)
        latents, text = (
            torch.empty(2, 4, size // cell, size // cell),
            torch.empty(2, 77, unet.config.cross_attention_dim),
        )
        added = None
        if kind == "sdxl":
            width = unet.config.projection_class_embeddings_input_dim - 6 * unet.config.addition_time_embed_dim
            added = {"text_embeds": torch.empty(2, width), "time_ids": torch.empty(2, 6)}
        with FlopCounterMode(display=False) as step:
            unet(latents, torch.empty((), dtype=torch.int64), text, added_cond_kwargs=added)
        with FlopCounterMode(display=False) as decoding:
            vae.decode(latents[:1])
    return float(batch * (steps * step.get_total_flops() + decoding.get_total_flops()))
