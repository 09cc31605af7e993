"""A Stable Diffusion 3 model with few random weights, in the standard folder layout, and its T5 encoder alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.nodes.tiny import WORDS, text_config, tiny_tokenizer
from tests.nodes.tiny_families import tiny_vae


def build_tiny_sd3(
    folder: Path, *, seed: int = 0, t5: bool = True, dynamic: bool = False, shift: float = 3.0, **more: Any
) -> None:
    """A transformer of two blocks with its three text encoders.

    Args:
        folder: Where it is saved, by diffusers' own `save_pretrained`.
        seed: Of its weights.
        t5: Whether it has its third text encoder.
        dynamic: Whether its noise levels depend on the size of the picture.
        shift: Of its noise levels, where they do not.
        more: Entries of the transformer's configuration.
    """
    import diffusers
    import torch
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    library: Any = diffusers  # Untyped.
    torch.manual_seed(seed)
    tokenizer = tiny_tokenizer()
    text = text_config(tokenizer)
    first = CLIPTextConfig(**{**text, "projection_dim": 16})
    second = CLIPTextConfig(**{**text, "hidden_size": 48, "projection_dim": 24, "hidden_act": "gelu"})
    third = tiny_t5_tokenizer() if t5 else None
    pipeline = library.StableDiffusion3Pipeline(
        transformer=tiny_transformer(**more),
        vae=tiny_vae(
            latent_channels=more.get("in_channels", 4),
            scaling_factor=1.5305,
            shift_factor=0.0609,
            use_quant_conv=False,
            use_post_quant_conv=False,
        ),
        scheduler=library.FlowMatchEulerDiscreteScheduler(shift=shift, use_dynamic_shifting=dynamic),
        tokenizer=tokenizer,
        text_encoder=CLIPTextModelWithProjection(first),
        tokenizer_2=tokenizer,
        text_encoder_2=CLIPTextModelWithProjection(second),
        tokenizer_3=third,
        text_encoder_3=tiny_t5(third) if third is not None else None,
    )
    pipeline.save_pretrained(folder)


def tiny_transformer(**more: Any) -> Any:
    """Of Stable Diffusion 3; it attends to embeddings of 96 numbers, and is told a vector of 16 + 24."""
    import diffusers

    library: Any = diffusers  # Untyped.
    return library.SD3Transformer2DModel(
        **{
            "sample_size": 32,
            "patch_size": 2,
            "in_channels": 4,
            "out_channels": 4,
            "num_layers": 2,
            "attention_head_dim": 8,
            "num_attention_heads": 4,
            "joint_attention_dim": 96,
            "caption_projection_dim": 32,
            "pooled_projection_dim": 40,
            "pos_embed_max_size": 64,
            **more,
        }
    )


def tiny_t5_tokenizer() -> Any:
    """A T5 tokenizer that knows a dozen words and every letter, made without sentencepiece."""
    from transformers import T5Tokenizer

    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0)]
    words = [(f"\u2581{word}", -3.0) for word in WORDS]
    letters = [(chr(code), -6.0) for code in range(33, 127)]
    tokenizer: Any = T5Tokenizer
    return tokenizer(vocab=[*special, *words, *letters], extra_ids=0, model_max_length=512)


def tiny_t5(tokenizer: Any, width: int = 96) -> Any:
    """A T5 encoder of two layers, gated as that of Stable Diffusion 3 and Flux."""
    from transformers import T5Config, T5EncoderModel

    encoder: Any = T5EncoderModel
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=width,
        d_kv=8,
        d_ff=37,
        num_layers=2,
        num_heads=4,
        feed_forward_proj="gated-gelu",
    )
    return encoder(config).eval()
