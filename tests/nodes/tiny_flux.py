"""A Flux model with few random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.nodes.tiny import text_config, tiny_tokenizer
from tests.nodes.tiny_families import tiny_vae
from tests.nodes.tiny_sd3 import tiny_t5, tiny_t5_tokenizer

CHANNELS = 4
"""Of the tiny VAE; a patch has four times as many."""
TEXT, POOLED = 32, 24
"""Widths of the embeddings and of the pooled vector."""


def tiny_transformer(*, guided: bool = True, text: int = TEXT, pooled: int = POOLED) -> Any:
    """Of two blocks with two streams and two with one, told how strongly to follow the text where `guided`."""
    import diffusers

    library: Any = diffusers  # Untyped.
    transformer = library.FluxTransformer2DModel(
        in_channels=4 * CHANNELS,
        num_layers=2,
        num_single_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=text,
        pooled_projection_dim=pooled,
        guidance_embeds=guided,
        axes_dims_rope=(4, 4, 8),
    )
    return transformer.eval()


def tiny_flux_vae() -> Any:
    """Scaled and shifted as Flux has it."""
    return tiny_vae(scaling_factor=0.3611, shift_factor=0.1159).eval()


def tiny_scheduler(*, dynamic: bool = True) -> Any:
    """Of `dev`, which shifts by the size of the picture, or of `schnell`, which does not."""
    import diffusers

    library: Any = diffusers  # Untyped.
    return library.FlowMatchEulerDiscreteScheduler(shift=3.0 if dynamic else 1.0, use_dynamic_shifting=dynamic)


def tiny_flux(*, guided: bool = True, seed: int = 0) -> Any:
    """`dev`, or `schnell` where it is not guided, as diffusers' pipeline, without text encoders."""
    import diffusers
    import torch

    library: Any = diffusers  # Untyped.
    torch.manual_seed(seed)
    return library.FluxPipeline(
        transformer=tiny_transformer(guided=guided),
        vae=tiny_flux_vae(),
        scheduler=tiny_scheduler(dynamic=guided),
        **dict.fromkeys(("text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2")),
    )


def build_tiny_flux(folder: Path, *, guided: bool = True, seed: int = 0) -> None:
    """Write a whole model into `folder`, `dev` or `schnell`, through diffusers' own `save_pretrained`."""
    import diffusers
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel

    library: Any = diffusers  # Untyped.
    torch.manual_seed(seed)
    tokenizer, tokenizer_2 = tiny_tokenizer(), tiny_t5_tokenizer()
    pipeline = library.FluxPipeline(
        transformer=tiny_transformer(guided=guided, text=TEXT + 8, pooled=32),
        vae=tiny_flux_vae(),
        scheduler=tiny_scheduler(dynamic=guided),
        text_encoder=CLIPTextModel(CLIPTextConfig(**text_config(tokenizer))),
        tokenizer=tokenizer,
        text_encoder_2=tiny_t5(tokenizer_2, TEXT + 8),
        tokenizer_2=tokenizer_2,
    )
    pipeline.save_pretrained(folder)
