"""Models of other families with few random weights, in the standard folder layout: Stable Diffusion 2, XL, refiner."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.nodes.tiny import text_config, tiny_tokenizer

SD2_WIDTH = 1024
"""By which the family is told, so that the tiny model has it too."""
NOISE_LEVELS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def build_tiny_sd2(folder: Path, *, seed: int = 0) -> None:
    """A model that predicts velocity, as Stable Diffusion 2.1 does."""
    import diffusers
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel

    library: Any = diffusers  # Untyped.
    torch.manual_seed(seed)
    tokenizer = tiny_tokenizer()
    text = {**text_config(tokenizer), "hidden_size": SD2_WIDTH, "num_hidden_layers": 2, "hidden_act": "gelu"}
    pipeline = library.StableDiffusionPipeline(
        vae=tiny_vae(),
        text_encoder=CLIPTextModel(CLIPTextConfig(**text)),
        tokenizer=tokenizer,
        unet=tiny_unet(cross_attention_dim=SD2_WIDTH, attention_head_dim=(2, 4), use_linear_projection=True),
        scheduler=library.DDIMScheduler(
            **NOISE_LEVELS, prediction_type="v_prediction", clip_sample=False, set_alpha_to_one=False, steps_offset=1
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(folder)


def build_tiny_sdxl(folder: Path, *, seed: int = 0, refiner: bool = False) -> None:
    """The base model with two text encoders, or the refiner with the second one alone."""
    import diffusers
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    library: Any = diffusers  # Untyped.
    torch.manual_seed(seed)
    tokenizer = tiny_tokenizer()
    text = text_config(tokenizer)
    second = CLIPTextConfig(**{**text, "hidden_size": 48, "projection_dim": 40, "hidden_act": "gelu"})
    unet = tiny_unet(
        cross_attention_dim=48 if refiner else 80,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=40 + 8 * (5 if refiner else 6),
        use_linear_projection=True,
        attention_head_dim=(2, 4),
    )
    parts = {
        "vae": tiny_vae(scaling_factor=0.13025, force_upcast=True),
        "text_encoder": None if refiner else CLIPTextModel(CLIPTextConfig(**text)),
        "text_encoder_2": CLIPTextModelWithProjection(second),
        "tokenizer": None if refiner else tokenizer,
        "tokenizer_2": tokenizer,
        "unet": unet,
        "scheduler": library.EulerDiscreteScheduler(**NOISE_LEVELS, steps_offset=1, timestep_spacing="leading"),
    }
    if refiner:
        pipeline = library.StableDiffusionXLImg2ImgPipeline(
            **parts, force_zeros_for_empty_prompt=False, requires_aesthetics_score=True
        )
    else:
        pipeline = library.StableDiffusionXLPipeline(**parts)
    pipeline.save_pretrained(folder)


def tiny_unet(**config: Any) -> Any:
    """A UNet of two levels."""
    import diffusers

    library: Any = diffusers  # Untyped.
    return library.UNet2DConditionModel(
        block_out_channels=(32, 64),
        layers_per_block=1,
        sample_size=32,
        in_channels=4,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        **config,
    )


def tiny_vae(**config: Any) -> Any:
    """A VAE that halves the picture once."""
    import diffusers

    library: Any = diffusers  # Untyped.
    return library.AutoencoderKL(
        block_out_channels=(32, 64),
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D"),
        up_block_types=("UpDecoderBlock2D", "UpDecoderBlock2D"),
        **{"latent_channels": 4, **config},
    )
