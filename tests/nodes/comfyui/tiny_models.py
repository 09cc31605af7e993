"""Tiny models under the names that a ComfyUI workflow gives: single files of every kind that its loaders read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import diffusers
import torch
from PIL import Image as Picture
from safetensors.torch import save_file
from tests.nodes.original_names import single_file_tensors
from tests.nodes.tiny import build_tiny_sd1
from tests.nodes.tiny_families import build_tiny_sd2, build_tiny_sdxl
from tests.nodes.tiny_loras import drawn_for, save_kohya
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from latentgraph.nodes.loading.esrgan import UpscaleConfig
from latentgraph.nodes.loading.rrdb import RRDBNet

library: Any = diffusers  # Untyped.
BUILDERS: Mapping[str, Callable[[Path], None]] = {
    "sd1": lambda folder: build_tiny_sd1(folder, safety_checker=False),
    "sd2": build_tiny_sd2,
    "sdxl": build_tiny_sdxl,
    "sdxl_refiner": lambda folder: build_tiny_sdxl(folder, refiner=True),
}
CLASSES = {"sd1": "StableDiffusionPipeline", "sd2": "StableDiffusionPipeline", "sdxl": "StableDiffusionXLPipeline",
           "sdxl_refiner": "StableDiffusionXLImg2ImgPipeline"}  # fmt: skip


def family_of(checkpoint: str) -> str:
    """What the checkpoint of the templates is, that has this name."""
    known = (("refiner", "sdxl_refiner"), ("sd_xl", "sdxl"), ("v2-1", "sd2"), ("512-inpainting", "sd2_inpaint"))
    return next((family for part, family in known if part in checkpoint), "sd1")


class TinyModels:
    """Makes each model once in a folder, and gives it any name by a hard link."""

    def __init__(self, folder: Path) -> None:
        """With nothing made yet."""
        self.folder = folder

    def configuration(self, family: str) -> Path:
        """The model in diffusers layout."""
        folder = self.folder / family
        if not folder.exists():
            base = family.removesuffix("_inpaint")
            BUILDERS[base](folder)
            if base != family:
                self._inpaint(folder)
        return folder

    def _inpaint(self, folder: Path) -> None:
        unet = library.UNet2DConditionModel.from_pretrained(folder / "unet")
        torch.manual_seed(5)
        wider = library.UNet2DConditionModel.from_config(unet.config, in_channels=9)
        wider.save_pretrained(folder / "unet")

    def pipeline(self, family: str) -> Any:
        """As diffusers loads it."""
        kind = getattr(library, CLASSES[family.removesuffix("_inpaint")])
        return kind.from_pretrained(self.configuration(family), use_safetensors=True)

    def checkpoint(self, family: str) -> Path:
        """The model in a single file."""
        return self._made(f"{family}.safetensors", lambda path: save_file(self._tensors(family), path))

    def _tensors(self, family: str) -> dict[str, torch.Tensor]:
        return single_file_tensors(self.pipeline(family))

    def vae(self) -> Path:
        """A VAE alone."""
        start = "first_stage_model."
        return self._made(
            "vae.safetensors",
            lambda path: save_file(
                {n.removeprefix(start): t for n, t in self._tensors("sd1").items() if n.startswith(start)}, path
            ),
        )

    def lora(self) -> Path:
        """A LoRA for the denoiser and the text encoder, as kohya's scripts write it."""
        return self._made("lora.safetensors", lambda path: save_kohya(path, drawn_for(self.pipeline("sd1"))))

    def controlnet(self) -> Path:
        """One whose last layers are not zero."""

        def save(path: Path) -> None:
            torch.manual_seed(1)
            unet = self.pipeline("sd1").unet
            net = library.ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(16, 32))
            for parameter in net.parameters():
                if not parameter.any():
                    torch.nn.init.normal_(parameter, std=0.05)
            save_file(net.state_dict(), path)

        return self._made("controlnet.safetensors", save)

    def t2i_adapter(self) -> Path:
        """One for the tiny denoiser."""

        def save(path: Path) -> None:
            torch.manual_seed(1)
            adapter = library.T2IAdapter(channels=[32], num_res_blocks=2, downscale_factor=4)
            save_file(adapter.state_dict(), path)

        return self._made("t2i_adapter.safetensors", save)

    def upscale_model(self) -> Path:
        """For two times."""

        def save(path: Path) -> None:
            torch.manual_seed(1)
            save_file(RRDBNet(UpscaleConfig(8, 4, 1, 1, 1)).state_dict(), path)

        return self._made("upscale.safetensors", save)

    def image_encoder(self) -> Path:
        """Which gives as many numbers as the second text encoder of the tiny SDXL."""

        def save(path: Path) -> None:
            torch.manual_seed(1)
            kind: Any = CLIPVisionModelWithProjection  # Untyped.
            shape: dict[str, Any] = {
                "hidden_size": 32,
                "intermediate_size": 37,
                "num_attention_heads": 1,
                "num_hidden_layers": 2,
            }
            config = CLIPVisionConfig(**shape, image_size=30, patch_size=15, projection_dim=40)
            save_file(kind(config).state_dict(), path)

        return self._made("clip_vision.safetensors", save)

    def embedding(self) -> Path:
        """A textual inversion for Stable Diffusion 2."""
        drawn = torch.randn(2, 1024, generator=torch.manual_seed(1)) * 0.1
        return self._made("embedding.safetensors", lambda path: save_file({"emb_params": drawn}, path))

    def picture(self) -> Path:
        """Of which a part is transparent."""

        def save(path: Path) -> None:
            pixels = torch.rand(64, 64, 4, generator=torch.manual_seed(1))
            pixels[..., 3] = 1
            pixels[16:40, 16:40, 3] = 0
            Picture.fromarray((pixels.numpy() * 255).astype("uint8"), "RGBA").save(path)

        return self._made("picture.png", save)

    def _made(self, name: str, save: Callable[[Path], None]) -> Path:
        path = self.folder / name
        if not path.exists():
            save(path)
        return path

    def place(self, workflow: bytes, folder: Path) -> None:
        """Put what a workflow in the editor format names into a folder, under its names."""
        makers: dict[str, Callable[[], Path]] = {
            "VAELoader": self.vae,
            "LoraLoader": self.lora,
            "UpscaleModelLoader": self.upscale_model,
            "CLIPVisionLoader": self.image_encoder,
            "LoadImage": self.picture,
        }
        for node in json.loads(workflow)["nodes"]:
            kind, values = node["type"], node.get("widgets_values") or [""]
            name = values[0]
            if kind == "CheckpointLoaderSimple":
                family = family_of(name)
                link(self.checkpoint(family), folder / name)
            elif kind == "ControlNetLoader":
                link(self.t2i_adapter() if "T2I" in name else self.controlnet(), folder / name)
            elif kind in makers:
                link(makers[kind](), folder / name)
        link(self.embedding(), folder / "SDA768.safetensors")


def link(made: Path, wanted: Path) -> None:
    """A hard link, so that it lies where the workflow may read."""
    wanted.parent.mkdir(parents=True, exist_ok=True)
    if not wanted.exists():
        os.link(made, wanted)
