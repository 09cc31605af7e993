"""The files that the examples of the nodes read, under the names that they have there: tiny models, adapters, pictures.

What goes with `load_model()` fits the model that ships; the models of other families have few random weights.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

UNET = Path("sd1") / "unet" / "diffusion_pytorch_model.safetensors"
SHAPES = Path(str(files("latentgraph.nodes"))) / "models" / "shapes"


def write_example_files(folder: Path) -> None:
    """Write all of them into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_pictures(folder)
    _write_models(folder)
    _write_adapters(folder)
    _write_loras(folder)
    _write_values(folder)


def _write_pictures(folder: Path) -> None:
    from PIL import Image

    (folder / "photos").mkdir()
    for number, name in enumerate(("photo", "depth", "edges", "photos/first", "photos/second")):
        Image.radial_gradient("L").resize((64, 64)).rotate(40 * number).convert("RGB").save(folder / f"{name}.png")
    mask = Image.new("L", (64, 64))
    mask.paste(255, (16, 16, 48, 40))
    mask.save(folder / "mask.png")


def _write_models(folder: Path) -> None:
    import diffusers
    import torch
    from tests.nodes.test_depth_estimator import processor, tiny_estimator
    from tests.nodes.tiny import build_tiny_sd1, load_pipeline
    from tests.nodes.tiny_families import build_tiny_sdxl
    from tests.nodes.tiny_flux import build_tiny_flux
    from tests.nodes.tiny_sd3 import build_tiny_sd3

    library: Any = diffusers  # Untyped.
    build_tiny_sd1(folder / "sd1", safety_checker=False)
    build_tiny_sdxl(folder / "sdxl")
    (folder / "unet.safetensors").write_bytes((folder / UNET).read_bytes())
    build_tiny_sdxl(folder / "sdxl-refiner", refiner=True)
    build_tiny_sd3(folder / "sd3")
    build_tiny_flux(folder / "flux")
    parts = dict(load_pipeline(folder / "sd1").components)
    kept = {name: parts[name] for name in ("vae", "text_encoder", "tokenizer", "scheduler")}
    torch.manual_seed(1)

    def unet(**entries: int) -> Any:
        return library.UNet2DConditionModel.from_config(dict(parts["unet"].config) | entries)

    library.StableDiffusionInpaintPipeline(
        **kept, unet=unet(in_channels=9), safety_checker=None, feature_extractor=None, requires_safety_checker=False
    ).save_pretrained(folder / "sd1-inpaint")
    library.StableDiffusionDepth2ImgPipeline(
        **kept, unet=unet(in_channels=5), depth_estimator=tiny_estimator(), feature_extractor=processor()
    ).save_pretrained(folder / "sd2-depth")
    noisy = library.DDPMScheduler(beta_start=0.0001, beta_end=0.02, beta_schedule="scaled_linear")
    parts["vae"].register_to_config(scaling_factor=0.08333)
    library.StableDiffusionUpscalePipeline(
        **kept, unet=unet(in_channels=7, num_class_embeds=1000), low_res_scheduler=noisy
    ).save_pretrained(folder / "upscaler")


def _write_adapters(folder: Path) -> None:
    import diffusers
    import torch
    from safetensors.torch import save_file
    from tests.nodes.test_upscale_model import network
    from tests.nodes.tiny_ip_adapter import build_ip_adapters

    library: Any = diffusers  # Untyped.
    torch.manual_seed(2)
    unet = library.UNet2DConditionModel.from_pretrained(SHAPES / "unet")
    library.ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(16, 32)).save_pretrained(
        folder / "controlnet"
    )
    library.T2IAdapter(
        in_channels=3, channels=[32, 64], num_res_blocks=1, downscale_factor=4, adapter_type="full_adapter"
    ).save_pretrained(folder / "t2i_adapter")
    build_ip_adapters(folder, unet)
    (folder / "plain.safetensors").rename(folder / "ip_adapter.safetensors")
    save_file(network(1).state_dict(), folder / "upscale_model.safetensors")


def _write_loras(folder: Path) -> None:
    import diffusers
    import torch
    from safetensors.torch import save_file
    from tests.nodes.tiny_loras import drawn, save_plain
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    library: Any = diffusers  # Untyped.

    def saved(name: str, pipeline: Any, **parts: Any) -> None:
        save_plain(folder / name, pipeline, {part: drawn(module, 3) for part, module in parts.items()})

    unet = library.UNet2DConditionModel.from_pretrained
    saved("lora.safetensors", library.StableDiffusionPipeline, unet=unet(SHAPES / "unet"),
          text_encoder=CLIPTextModel.from_pretrained(SHAPES / "text_encoder"))  # fmt: skip
    saved("lora-sdxl.safetensors", library.StableDiffusionXLPipeline, unet=unet(folder / "sdxl" / "unet"),
          text_encoder=CLIPTextModel.from_pretrained(folder / "sdxl" / "text_encoder"),
          text_encoder_2=CLIPTextModelWithProjection.from_pretrained(folder / "sdxl" / "text_encoder_2"))  # fmt: skip
    saved("lora-flux.safetensors", library.FluxPipeline,
          text_encoder=CLIPTextModel.from_pretrained(folder / "flux" / "text_encoder"))  # fmt: skip
    width = CLIPTextModel.from_pretrained(SHAPES / "text_encoder").config.hidden_size
    save_file({"<mine>": torch.randn(1, width)}, folder / "mine.safetensors")
    save_file({"clip_l": torch.randn(2, 32), "clip_g": torch.randn(2, 48)}, folder / "mine-sdxl.safetensors")


def _write_values(folder: Path) -> None:
    import torch
    from safetensors.torch import save_file

    from latentgraph.nodes.tensor_files import CONDITIONING_FILE, IMAGE_PROMPT_FILE, LATENTS_FILE
    from latentgraph.nodes.values import Conditioning, ImagePrompt, Latents

    values: dict[str, tuple[Any, Any]] = {
        "positive": (CONDITIONING_FILE, Conditioning(torch.randn(1, 77, 96))),
        "latents": (LATENTS_FILE, Latents(torch.randn(1, 4, 16, 16), 64, 64)),
        "image_prompt": (IMAGE_PROMPT_FILE, ImagePrompt(torch.randn(1, 24), torch.zeros(1, 24))),
        "image_prompt-sdxl": (IMAGE_PROMPT_FILE, ImagePrompt(torch.randn(1, 40), torch.zeros(1, 40))),
    }
    comfyui = {"latent_tensor": torch.randn(1, 4, 16, 16), "latent_format_version_0": torch.tensor([])}
    save_file(comfyui, folder / "comfyui.latent")
    for name, (form, value) in values.items():
        with (folder / f"{name}.safetensors").open("wb") as file:
            form.write(value, file, {})
