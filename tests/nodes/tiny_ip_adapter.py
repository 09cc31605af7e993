"""IP-Adapters of a few random weights in the layout of their authors, their image encoder, and pictures for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

WIDTH, PROJECTED, EDGE = 32, 24, 30
"""Of the image encoder's hidden states and its one vector of a picture; of the square that it sees, in pixels."""
TOKENS, DEPTH, HEAD = 4, 4, 64
"""As diffusers takes them for granted: tokens of a plain IP-Adapter, layers of a resampler, width of a head in it."""
PICTURES = {"wide": (40, 64), "high": (56, 36), "small": (20, 24)}
"""Pictures and their rows and columns."""


def build_ip_adapters(folder: Path, unet: Any) -> None:
    """Write plain, plus and full-face IP-Adapters for `unet`, an image encoder and pictures into `folder`."""
    from PIL import Image
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(11)
    vision = CLIPVisionConfig(
        hidden_size=WIDTH, intermediate_size=37, num_attention_heads=4, num_hidden_layers=3,
        image_size=EDGE, patch_size=10, projection_dim=PROJECTED,
    )  # fmt: skip
    CLIPVisionModelWithProjection(vision).save_pretrained(folder / "image_encoder")
    for name, projection in PROJECTIONS.items():
        save_file(projection(unet.config.cross_attention_dim) | attention(unet), folder / f"{name}.safetensors")
    for name, size in PICTURES.items():
        rows = (torch.rand(*size, 3) * 255).to(torch.uint8)
        Image.fromarray(rows.numpy()).save(folder / f"{name}.png")


def attention(unet: Any) -> dict[str, torch.Tensor]:
    """What an IP-Adapter adds to each cross-attention: the odd numbers among all attention layers."""
    cross = [one for name, one in unet.named_modules() if name.endswith("attn2")]
    # diffusers numbers them by the order of the attention processors: down, up, middle, as they are in the UNet.
    shapes = {"to_k_ip": cross, "to_v_ip": cross}
    return {
        f"ip_adapter.{2 * index + 1}.{name}.weight": weight(*layer.to_k.weight.shape)
        for name, layers in shapes.items()
        for index, layer in enumerate(layers)
    }


def weight(*shape: int) -> torch.Tensor:
    """Random numbers large enough to be seen in a picture."""
    return torch.randn(shape) * 0.3


def norm(name: str, width: int) -> dict[str, torch.Tensor]:
    """Of a layer that normalises."""
    return {f"{name}.weight": 1 + weight(width), f"{name}.bias": weight(width)}


def plain(cross: int) -> dict[str, torch.Tensor]:
    """One matrix."""
    tokens = {
        "image_proj.proj.weight": weight(TOKENS * cross, PROJECTED),
        "image_proj.proj.bias": weight(TOKENS * cross),
    }
    return tokens | norm("image_proj.norm", cross)


def full(cross: int) -> dict[str, torch.Tensor]:
    """Two layers for each hidden state."""
    return {
        "image_proj.proj.0.weight": weight(WIDTH, WIDTH),
        "image_proj.proj.0.bias": weight(WIDTH),
        "image_proj.proj.2.weight": weight(cross, WIDTH),
        "image_proj.proj.2.bias": weight(cross),
        **norm("image_proj.proj.3", cross),
    }


def plus(cross: int, inner: int = 16, queries: int = 5) -> dict[str, torch.Tensor]:
    """A resampler: learned queries that attend to the hidden states."""
    made = {"latents": weight(1, queries, inner)}
    made |= {"proj_in.weight": weight(inner, WIDTH), "proj_in.bias": weight(inner)}
    made |= {"proj_out.weight": weight(cross, inner), "proj_out.bias": weight(cross), **norm("norm_out", cross)}
    for layer in (f"layers.{number}" for number in range(DEPTH)):
        made |= norm(f"{layer}.0.norm1", inner) | norm(f"{layer}.0.norm2", inner) | norm(f"{layer}.1.0", inner)
        made |= {f"{layer}.0.to_q.weight": weight(HEAD, inner), f"{layer}.0.to_kv.weight": weight(2 * HEAD, inner)}
        made |= {f"{layer}.0.to_out.weight": weight(inner, HEAD)}
        made |= {f"{layer}.1.1.weight": weight(4 * inner, inner), f"{layer}.1.3.weight": weight(inner, 4 * inner)}
    return {f"image_proj.{name}": one for name, one in made.items()}


PROJECTIONS = {"plain": plain, "plus": plus, "full": full, "other": plain}
