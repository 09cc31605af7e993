"""The models of `tests.bench.peak_memory`: random weights, of such a size that they outweigh the interpreter.

    python -m tests.bench.peak_memory_models FOLDER

A Stable Diffusion 1 of 250 million numbers and what comes with it: 2 ControlNets, denoisers of 9 and 5 channels, an
upscaler, Stable Diffusion XL with its refiner, a LoRA, an embedding, and pictures of 256 × 256.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import diffusers
import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from PIL import Image
from safetensors.torch import save_file
from tests.nodes.tiny import text_config, tiny_tokenizer
from tests.nodes.tiny_families import NOISE_LEVELS
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

LIBRARY: Any = diffusers  # Untyped.
SIZE: Final = 256
"""Edge of the pictures in pixels."""
WIDTHS: Final = (192, 384, 768)
"""Of the levels of a denoiser."""


def unet(channels: int = 4, width: int = 768, **config: Any) -> Any:
    """A denoiser of 115 million numbers."""
    return LIBRARY.UNet2DConditionModel(
        block_out_channels=WIDTHS,
        layers_per_block=1,
        sample_size=SIZE // 8,
        in_channels=channels,
        cross_attention_dim=width,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        **config,
    )


def vae(levels: int = 4, **config: Any) -> Any:
    """A VAE of 20 million numbers, whose cells are 2^(levels - 1) pixels wide."""
    return LIBRARY.AutoencoderKL(
        block_out_channels=(64, 128, 256, 256)[:levels],
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        layers_per_block=2,
        latent_channels=4,
        **config,
    )


def text(width: int = 768, layers: int = 8) -> dict[str, Any]:
    """Configuration of a text encoder."""
    own = {"hidden_size": width, "intermediate_size": 4 * width, "num_hidden_layers": layers}
    return {**text_config(tiny_tokenizer()), **own, "num_attention_heads": width // 64}


def noise_levels() -> Any:
    """A scheduler."""
    return LIBRARY.DDIMScheduler(**NOISE_LEVELS, clip_sample=False, set_alpha_to_one=False, steps_offset=1)


def build_sd1(folder: Path) -> None:
    """The model with a safety checker, those of other channels with the same parts, ControlNets, and an upscaler."""
    vision = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 6, "num_attention_heads": 12}
    vision |= {"image_size": 224, "patch_size": 32}
    checker = CLIPConfig(text_config=text(), vision_config=vision, projection_dim=512)
    parts = {
        "vae": vae(),
        "text_encoder": CLIPTextModel(CLIPTextConfig(**text())),
        "tokenizer": tiny_tokenizer(),
        "unet": unet(),
        "scheduler": noise_levels(),
    }
    checked = {"safety_checker": StableDiffusionSafetyChecker(checker), "feature_extractor": CLIPImageProcessorPil()}
    _save(LIBRARY.StableDiffusionPipeline(**parts, **checked), folder / "sd1")
    for number, name in enumerate(("controlnet", "controlnet_2")):
        torch.manual_seed(number)
        net = LIBRARY.ControlNetModel.from_unet(parts["unet"])
        for parameter in net.parameters():
            if not parameter.any():
                torch.nn.init.normal_(parameter, std=0.01)
        net.save_pretrained(folder / name)
    _save(LIBRARY.StableDiffusionInpaintPipeline(**{**parts, "unet": unet(9)}, **checked), folder / "sd1_inpaint")
    blind = LIBRARY.StableDiffusionDepth2ImgPipeline(
        **{**parts, "unet": unet(5)}, depth_estimator=None, feature_extractor=None
    )
    _save(blind, folder / "sd1_depth")
    larger = {**parts, "unet": unet(7, num_class_embeds=1000), "vae": vae(3, scaling_factor=0.08333)}
    noisy = LIBRARY.DDPMScheduler(beta_start=0.0001, beta_end=0.02, beta_schedule="scaled_linear")
    _save(LIBRARY.StableDiffusionUpscalePipeline(**larger, low_res_scheduler=noisy), folder / "upscaler")


def build_sdxl(folder: Path) -> None:
    """The base model and the refiner, which has the base's VAE and second text encoder."""
    second = CLIPTextModelWithProjection(CLIPTextConfig(**text(1280, 4), projection_dim=1280))
    shared = {"vae": vae(scaling_factor=0.13025), "text_encoder_2": second, "tokenizer_2": tiny_tokenizer()}
    told: dict[str, Any] = {
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "use_linear_projection": True,
    }
    base = unet(width=768 + 1280, projection_class_embeddings_input_dim=1280 + 6 * 256, **told)
    first = CLIPTextModel(CLIPTextConfig(**text()))
    pipeline = LIBRARY.StableDiffusionXLPipeline(
        **shared, text_encoder=first, tokenizer=tiny_tokenizer(), unet=base, scheduler=noise_levels()
    )
    _save(pipeline, folder / "sdxl")
    fine = unet(width=1280, projection_class_embeddings_input_dim=1280 + 5 * 256, **told)
    refiner = LIBRARY.StableDiffusionXLImg2ImgPipeline(
        **shared, text_encoder=None, tokenizer=None, unet=fine, scheduler=noise_levels(),
        requires_aesthetics_score=True, force_zeros_for_empty_prompt=False,
    )  # fmt: skip
    _save(refiner, folder / "sdxl_refiner")


def build_lora(folder: Path) -> None:
    """A LoRA of rank 16 for the attention of the denoiser and of the text encoder."""
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    states = []
    for part, targets in (("unet", ["to_k", "to_q", "to_v", "to_out.0"]), ("text_encoder", ["q_proj", "v_proj"])):
        kind = LIBRARY.UNet2DConditionModel if part == "unet" else CLIPTextModel
        module = kind.from_pretrained(folder / "sd1" / part)
        module.add_adapter(LoraConfig(r=16, lora_alpha=16, init_lora_weights=False, target_modules=targets))
        states.append({name: one.contiguous() for name, one in get_peft_model_state_dict(module).items()})
    LIBRARY.StableDiffusionPipeline.save_lora_weights(
        folder, unet_lora_layers=states[0], text_encoder_lora_layers=states[1], weight_name="lora.safetensors"
    )


def build_pictures(folder: Path) -> None:
    """Blots of colour, of gray, and a mask."""
    for seed, (name, size) in enumerate((("picture", SIZE), ("other", SIZE), ("small", SIZE // 4))):
        rough = torch.rand((1, 3, 9, 9), generator=torch.Generator().manual_seed(seed))
        soft = torch.nn.functional.interpolate(rough, (size, size), mode="bicubic").clamp(0, 1)[0].permute(1, 2, 0)
        Image.fromarray((soft.numpy() * 255).round().astype("uint8")).save(folder / f"{name}.png")
    with Image.open(folder / "picture.png") as opened:
        opened.convert("L").save(folder / "gray.png")
    mask = Image.new("L", (SIZE, SIZE), 0)
    mask.paste(255, (SIZE // 4, SIZE // 4, SIZE // 2, SIZE // 2))
    mask.save(folder / "mask.png")


def _save(pipeline: Any, folder: Path) -> None:
    pipeline.save_pretrained(folder)
    # Without torchvision the Pillow processor's name gets into the index, which an installation with it cannot load.
    index = folder / "model_index.json"
    index.write_text(index.read_text("utf-8").replace("CLIPImageProcessorPil", "CLIPImageProcessor"), "utf-8")


def main() -> None:
    """Build everything."""
    folder = Path(sys.argv[1])
    torch.manual_seed(0)
    build_sd1(folder)
    build_sdxl(folder)
    build_lora(folder)
    save_file({"<mine>": torch.randn(2, 768) * 0.1}, folder / "embedding.safetensors")
    build_pictures(folder)


if __name__ == "__main__":
    main()
