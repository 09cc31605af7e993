"""Upscale models."""

from __future__ import annotations

from dataclasses import replace

from latentgraph.nodes.comfyui.prompt import PromptNode
from latentgraph.nodes.comfyui.translation import Translation, rule
from latentgraph.nodes.comfyui.values import ImageValue, UpscalerValue, Value


@rule("UpscaleModelLoader")
def upscale_model_loader(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`load_upscale_model`; a pickle is named as a .safetensors file, which it has to be converted to."""
    written: str = t.literal(node, "model_name", "")
    stem, dot, ending = written.rpartition(".")
    if dot and ending.lower() in ("pth", "pt", "ckpt", "bin"):
        t.note(
            f"{written!r} is a pickle, which is never read; the workflow names {stem + '.safetensors'!r} in its place"
        )
        written = f"{stem}.safetensors"
    path = t.file("upscale_model", written, "An upscale model of the ESRGAN kind: a .safetensors file.")
    made = t.add(t.name(node, "upscaler"), "load_upscale_model", upscale_model=path)
    return (UpscalerValue(made.upscale_model),)


@rule("ImageUpscaleWithModel")
def image_upscale_with_model(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`upscale_image`; the seams of its tiles are mixed by other weights than ComfyUI's."""
    model, image = t.take(node, "upscale_model", UpscalerValue), t.take(node, "image", ImageValue)
    made = t.add(t.name(node, "upscaled"), "upscale_image", upscale_model=model.upscaler, image=image.image)
    return (replace(image, image=made.image),)
