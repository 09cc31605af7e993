"""Which family a model belongs to, told from its configuration alone.

Parts of one family fit together: the embeddings of its text encoder are what its denoiser was trained on, and its
latents mean the same to denoiser and VAE. The figures are those of the published configurations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

PIPELINE_FAMILIES: Final = (
    ("StableDiffusionXL", "sdxl"),
    ("StableDiffusion3", "sd3"),
    ("StableDiffusionUpscale", "upscale"),
    ("Flux2", "flux2"),
    ("Flux", "flux"),
    ("PixArt", "pixart"),
    ("Kandinsky", "kandinsky"),
    ("StableCascade", "cascade"),
    ("QwenImage", "qwen"),
    ("Lumina", "lumina"),
    ("Sana", "sana"),
)
"""Beginnings of pipeline class names in model_index.json; plain `StableDiffusion` is told by its denoiser."""
TRANSFORMER_FAMILIES: Final = {"SD3Transformer2DModel": "sd3", "FluxTransformer2DModel": "flux"}
"""Classes of denoisers that one family has alone."""
SD1_VAE_SCALE: Final = 0.18215
"""Of Stable Diffusion 1 and 2; SDXL's is 0.13025."""
SD2_WIDTH: Final = 1024
"""Of the OpenCLIP ViT-H embeddings that Stable Diffusion 2 reads; the CLIP ViT-L of Stable Diffusion 1 has 768."""


LATENT_CHANNELS: Final = 4
SEEN: Final[Mapping[int, str]] = {5: "mask", 1: "depth", 3: "picture"}
"""What UNets were made to see behind the latents, by the number of its channels: a mask and what it leaves, depths, and
the picture to be made larger."""
STRENGTH: Final = "strength"
"""Variant of what is told how strongly to follow the text, as a number."""


def family_of_model(pipeline: str, denoiser_class: str, denoiser: Mapping[str, Any]) -> str:
    """The family of a whole model.

    Args:
        pipeline: `_class_name` of its model_index.json; may be empty.
        denoiser_class: Such as `UNet2DConditionModel`.
        denoiser: Its configuration.
    """
    for beginning, family in PIPELINE_FAMILIES:
        if pipeline.startswith(beginning):
            return family
    return family_of_component("denoiser", denoiser_class, denoiser)


def family_of_component(role: str, class_name: str, config: Mapping[str, Any]) -> str:
    """The family of a part on its own; empty where the configuration does not tell."""
    if role == "denoiser" and class_name == "UNet2DConditionModel":
        return _unet_family(config)
    if role == "denoiser" and class_name in TRANSFORMER_FAMILIES:
        return TRANSFORMER_FAMILIES[class_name]
    if role == "controlnet" and class_name == "ControlNetModel":
        return _unet_family(config)
    if role == "t2i_adapter":
        return "sdxl" if config.get("adapter_type") == "full_adapter_xl" else "sd1"
    if role == "text_encoder" and class_name == "CLIPTextModel":
        return "sd2" if config.get("hidden_size", 512) == SD2_WIDTH else "sd1"
    if role == "vae" and class_name == "AutoencoderKL":
        scale = config.get("scaling_factor", SD1_VAE_SCALE)
        return "sd1" if scale == SD1_VAE_SCALE and config.get("latent_channels", 4) == 4 else ""
    return ""


def variant_of_denoiser(class_name: str, config: Mapping[str, Any]) -> str:
    """What a denoiser sees or is told beside latents and text, as the variant of its family; empty where it is nothing.

    Every transformer of Flux counts as one that is told how strongly to follow the text: those that are not ignore it.

    Args:
        class_name: Such as `UNet2DConditionModel`.
        config: Its configuration.
    """
    if class_name == "FluxTransformer2DModel":
        return STRENGTH
    if class_name != "UNet2DConditionModel":
        return ""
    taken, given = (config.get(name, LATENT_CHANNELS) for name in ("in_channels", "out_channels"))
    if not isinstance(taken, int) or not isinstance(given, int) or taken == given:
        return ""
    return SEEN.get(taken - given, f"{taken} channels")


def _unet_family(config: Mapping[str, Any]) -> str:
    width = config.get("cross_attention_dim", 1280)
    if config.get("addition_embed_type") == "text_time":
        return "sdxl"
    # An added embedding of the `text` is made from the text encoder's output; every other one needs more inputs.
    if config.get("addition_embed_type") not in (None, "text") or not isinstance(width, int):
        return ""
    if config.get("encoder_hid_dim_type"):
        return ""
    if config.get("class_embed_type") or config.get("num_class_embeds"):
        return ""
    return "sd2" if width == SD2_WIDTH else "sd1"
