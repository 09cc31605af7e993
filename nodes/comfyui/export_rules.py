"""What each of our nodes is in ComfyUI: models, texts, pictures, and all that is a node for a node."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any, Final

from latentgraph.nodes.comfyui.export_values import GuidanceOf, SchedulerOf, Tokens
from latentgraph.nodes.comfyui.exporting import (
    Exporting,
    Given,
    Nothing,
    Plain,
    Reader,
    UnexportableError,
    Wire,
    exports,
)

WEIGHT_SIGNS: Final = re.compile(r"[()\\]")
"""What ComfyUI's notation of weights gives a meaning to."""


@exports("load_model", "load_sdxl")
def load(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """CheckpointLoaderSimple; a text encoder and its tokenizer are CLIP."""
    model, clip, vae = x.add("CheckpointLoaderSimple", node.name, ckpt_name=_checkpoint(node))
    parts = dict.fromkeys(("tokenizer", "tokenizer_2", "text_encoder", "text_encoder_2"), clip)
    return {**parts, "denoiser": model, "vae": vae, "scheduler": SchedulerOf()}


def _checkpoint(node: Reader) -> str:
    name = node.plain("model")
    if isinstance(name, str) and name.endswith(".safetensors"):
        return _file(name)
    node.note(f"ComfyUI takes a checkpoint in one file: put its name in place of {name!r}")
    last = PurePath(name).name if isinstance(name, str) else ""
    return f"{last.partition(':')[2] or last or 'model'}.safetensors"


def _file(path: Any) -> str:
    return PurePath(path.replace("\\", "/")).name if isinstance(path, str) else "unnamed"


@exports("load_denoiser")
def load_denoiser(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """UNETLoader."""
    (model,) = x.add("UNETLoader", node.name, unet_name=_file(node.plain("unet")), weight_dtype="default")
    return {"denoiser": model, "scheduler": SchedulerOf()}


@exports("load_vae")
def load_vae(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """VAELoader."""
    (vae,) = x.add("VAELoader", node.name, vae_name=_file(node.plain("vae")))
    return {"vae": vae}


@exports("load_lora", "load_lora_sdxl")
def load_lora(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """LoraLoader, or LoraLoaderModelOnly."""
    name, strength = _file(node.plain("lora")), node.scalar("scale")
    model = node.take("denoiser", Wire)
    if not node.has("text_encoder") and not node.has("text_encoder_2"):
        (model,) = x.add("LoraLoaderModelOnly", node.name, model=model, lora_name=name, strength_model=strength)
        return {"denoiser": model}
    side = "text_encoder" if node.has("text_encoder") else "text_encoder_2"
    of_text = f"{side}_scale"
    model, clip = x.add(
        "LoraLoader", node.name, model=model, clip=node.take(side, Wire), lora_name=name, strength_model=strength,
        strength_clip=node.scalar(of_text) if of_text in node.defaults and node.has(of_text) else strength,
    )  # fmt: skip
    return {"denoiser": model, "text_encoder": clip, "text_encoder_2": clip}


@exports("load_textual_inversion", "load_textual_inversion_sdxl")
def load_textual_inversion(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """Nothing: a prompt of ComfyUI calls the file by its name, as imported ones do."""
    called = f"embedding:{PurePath(_file(node.plain('embedding'))).stem}"
    if node.plain("token") != called:
        raise UnexportableError("its token is not called as ComfyUI's prompts call its file", f"call it {called!r}")
    ports = ("tokenizer", "tokenizer_2", "text_encoder", "text_encoder_2")
    given = [port for port in ports if (port in node.node.inputs or port in node.defaults) and node.has(port)]
    return {port: node.take(port, Wire) for port in given}


@exports("tokenize", "tokenize_sdxl")
def tokenize(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """Nothing yet: ComfyUI tokenizes and encodes in one node."""
    text = _text(node, "text")
    second = "text_2" in node.defaults and node.has("text_2")
    return {"tokens": Tokens(text, _text(node, "text_2") if second else text)}


def _text(node: Reader, port: str) -> str | Wire:
    """A text in which no sign means a weight."""
    text = node.scalar(port)
    return text if isinstance(text, Wire) else WEIGHT_SIGNS.sub(r"\\\g<0>", text or "")


@exports("encode", "encode_sdxl")
def encode(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """CLIPTextEncode, or CLIPTextEncodeSDXL for two texts."""
    xl = node.node.type == "encode_sdxl"
    return {"conditioning": _encoded(x, node, node.take("tokens", Tokens), xl=xl)}


@exports("encode_weighted", "encode_weighted_sdxl")
def encode_weighted(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """CLIPTextEncode, whose notation of weights is ComfyUI's own."""
    notation = node.plain("notation")
    texts = [node.scalar("text")]
    texts.append(node.scalar("text_2") if "text_2" in node.defaults and node.has("text_2") else texts[0])
    if notation == "plain":
        texts = [one if isinstance(one, Wire) else WEIGHT_SIGNS.sub(r"\\\g<0>", one or "") for one in texts]
    elif notation == "automatic1111" and any(isinstance(one, str) and ("[" in one or "(" in one) for one in texts):
        node.note("its weights are in AUTOMATIC1111's notation, in which [word] is less and means are restored: "
                  "the picture differs a little")  # fmt: skip
    return {"conditioning": _encoded(x, node, Tokens(*texts), xl=node.node.type == "encode_weighted_sdxl")}


def _encoded(x: Exporting, node: Reader, tokens: Tokens, *, xl: bool) -> Wire:
    clip = node.take("text_encoder_2" if xl else "text_encoder", Wire)
    skipped = node.plain("clip_skip") or 0
    if skipped:
        (clip,) = x.add("CLIPSetLastLayer", clip=clip, stop_at_clip_layer=-(skipped + (2 if xl else 1)))
    if tokens.text != tokens.text_2:
        (made,) = x.add("CLIPTextEncodeSDXL", node.name, clip=clip, text_l=tokens.text, text_g=tokens.text_2,
                        width=1024, height=1024, crop_w=0, crop_h=0, target_width=1024, target_height=1024)  # fmt: skip
    else:
        (made,) = x.add("CLIPTextEncode", node.name, clip=clip, text=tokens.text)
    return made


@exports("guidance")
def guidance(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """A part of the sampler."""
    positive = node.take("positive", Wire)
    negative = node.take("negative", Wire) if node.has("negative") else positive
    scale = node.scalar("scale") if node.has("negative") else 1.0
    if node.plain("rescale"):
        x.leave_out(node.name, node.node.type, "its guidance is not rescaled", "put RescaleCFG before the sampler")
    return {"guidance": GuidanceOf(positive, negative, scale)}


@exports("size_conditioning")
def size_conditioning(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """CLIPTextEncode tells the size of the picture by itself."""
    if set(node.node.inputs) - {"guidance", "denoiser", "latents", "pipeline"}:
        x.leave_out(node.name, node.node.type, "the sizes that it tells are those of the picture",
                    "CLIPTextEncodeSDXL tells others")  # fmt: skip
    return {"guidance": node.take("guidance", GuidanceOf)}


@exports("load_controlnet")
def load_controlnet(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """ControlNetLoader."""
    (loaded,) = x.add("ControlNetLoader", node.name, control_net_name=_file(node.plain("controlnet")))
    return {"controlnet": loaded}


@exports("control")
def control(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """ControlNetApplyAdvanced on both sides."""
    steered = node.take("guidance", GuidanceOf)
    if node.plain("guess_mode"):
        x.leave_out(node.name, node.node.type, "it moves both predictions and not only that for the prompt")
    positive, negative = x.add(
        "ControlNetApplyAdvanced", node.name, positive=steered.positive, negative=steered.negative,
        control_net=node.take("controlnet", Wire), image=node.take("image", Wire), strength=node.scalar("scale"),
        start_percent=node.scalar("start"), end_percent=node.scalar("end"),
    )  # fmt: skip
    return {"guidance": replace(steered, positive=positive, negative=negative)}


@exports("decode")
def decode(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """VAEDecode, or VAEDecodeTiled."""
    tile = node.plain("tile")
    edge = {"tile_size": tile, "overlap": tile // 4, "temporal_size": 64, "temporal_overlap": 8} if tile else {}
    (image,) = x.add("VAEDecodeTiled" if tile else "VAEDecode", node.name, samples=node.take("latents", Wire),
                     vae=node.take("vae", Wire), **edge)  # fmt: skip
    return {"image": image}


@exports("load_upscale_model")
def load_upscale_model(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """UpscaleModelLoader."""
    (loaded,) = x.add("UpscaleModelLoader", node.name, model_name=_file(node.plain("upscale_model")))
    return {"upscale_model": loaded}


@exports("mix_conditioning")
def mix_conditioning(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """ConditioningAverage, which goes straight."""
    if node.plain("method") != "lerp":
        x.leave_out(node.name, node.node.type, "ComfyUI mixes along a line, and not along an arc")
    (made,) = x.add("ConditioningAverage", node.name, conditioning_from=node.take("first", Wire),
                    conditioning_to=node.take("second", Wire),
                    conditioning_to_strength=node.scalar("amount"))  # fmt: skip
    return {"conditioning": made}


@exports("image_to_mask")
def image_to_mask(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """ImageToMask, of one colour."""
    channel = node.plain("channel")
    if channel not in ("red", "green", "blue", "alpha"):
        x.leave_out(node.name, node.node.type, "the mask is taken from red, and not from the lightness")
        channel = "red"
    (mask,) = x.add("ImageToMask", node.name, image=node.take("image", Wire), channel=channel)
    return {"mask": mask}


@exports("aesthetic_conditioning")
def aesthetic_conditioning(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """CLIPTextEncodeSDXLRefiner in place of what encodes the texts."""
    steered = node.take("guidance", GuidanceOf)
    if not set(node.node.inputs) - {"guidance", "denoiser", "latents"}:
        return {"guidance": steered}
    sides = {"positive": steered.positive, "negative": steered.negative}
    for side, port in (("positive", "aesthetic_score"), ("negative", "negative_aesthetic_score")):
        encoded = x.nodes[sides[side].node]
        if encoded["class_type"] != "CLIPTextEncode":
            raise UnexportableError("its texts come from more than one node", "link what encodes them straight to it")
        size = node.plain("original_size") or [1024, 1024]
        (sides[side],) = x.add("CLIPTextEncodeSDXLRefiner", encoded["_meta"]["title"], ascore=node.scalar(port),
                               width=size[1], height=size[0], **encoded["inputs"])  # fmt: skip
    return {"guidance": replace(steered, **sides)}


@exports("encode_image")
def encode_image(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """VAEEncode."""
    (latents,) = x.add("VAEEncode", node.name, pixels=node.take("image", Wire), vae=node.take("vae", Wire))
    return {"latents": latents, "random": node.given("random")}


@exports("safety_check")
def safety_check(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """The picture as it is."""
    x.leave_out(node.name, node.node.type, "ComfyUI has no safety checker: the picture goes on unchecked")
    return {"image": node.take("image", Wire), "flags": Nothing()}


@exports("save_image")
def save_image(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """SaveImage."""
    image = node.take("image", Wire)
    x.add("SaveImage", node.name, images=image, filename_prefix=node.plain("name"))
    return {"image": image}


@exports("load_image", "load_mask")
def load_image(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """LoadImage, or LoadImageMask."""
    name = _file(node.plain("path"))
    if node.node.type == "load_image":
        image, _ = x.add("LoadImage", node.name, image=name)
        return {"image": image}
    (mask,) = x.add("LoadImageMask", node.name, image=name, channel="red")
    return {"mask": mask}


@exports("image_size")
def image_size(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """GetImageSize."""
    width, height, _ = x.add("GetImageSize", node.name, image=node.take("image", Wire))
    return {"width": width, "height": height}


@exports("resize_image")
def resize_image(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """ImageScale; the picture as it is where no size is told."""
    image = node.take("image", Wire)
    other = [port for port in ("megapixels", "factor") if port in node.defaults and node.has(port)]
    if not node.has("width") and not node.has("height") and not other:
        return {"image": image}
    if other == ["megapixels"]:
        (image,) = x.add("ImageScaleToTotalPixels", node.name, image=image, upscale_method=_method(node),
                         megapixels=node.scalar("megapixels"), resolution_steps=1)  # fmt: skip
    elif other == ["factor"]:
        (image,) = x.add("ImageScaleBy", node.name, image=image, upscale_method=_method(node),
                         scale_by=node.scalar("factor"))  # fmt: skip
    elif not (node.has("width") and node.has("height")) or node.plain("fit") == "fill":
        raise UnexportableError("ImageScale wants both a width and a height, and fills nothing")
    else:
        (image,) = x.add("ImageScale", node.name, image=image, upscale_method=_method(node),
                         width=node.scalar("width"), height=node.scalar("height"),
                         crop="center" if node.plain("fit") == "crop" else "disabled")  # fmt: skip
    return {"image": image}


def _method(node: Reader) -> str:
    method = node.plain("method") if "method" in node.defaults else "lanczos"
    return method if method in ("nearest-exact", "bilinear", "area", "bicubic", "lanczos") else "lanczos"


@exports("resize_mask")
def resize_mask(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """The mask as it is: ComfyUI gives a mask the size of what it is for."""
    return {"mask": node.take("mask", Wire)}


@exports("inpaint_channels")
def inpaint_channels(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """ComfyUI hands the mask of the latents to a model that sees one."""
    return {"guidance": node.take("guidance", GuidanceOf)}


@exports("blur_mask")
def blur_mask(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """The mask as it is."""
    if node.plain("blur_factor"):
        x.leave_out(node.name, node.node.type, "the mask is not blurred", "FeatherMask or GrowMask comes near")
    return {"mask": node.take("mask", Wire)}


@exports("inpaint_area")
def inpaint_area(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """The whole picture."""
    if node.plain("padding_mask_crop") is not None:
        raise UnexportableError("it works on a crop around the mask", "set padding_mask_crop to null")
    return {"image": node.take("image", Wire), "mask": node.take("mask", Wire), "area": Plain(None)}


@exports("mask_image")
def mask_image(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """ImageCompositeMasked, with grey where the mask is."""
    (grey,) = x.add("EmptyImage", width=512, height=512, batch_size=1, color=0x808080)
    (image,) = x.add("ImageCompositeMasked", node.name, destination=node.take("image", Wire), source=grey,
                     mask=node.take("mask", Wire), x=0, y=0, resize_source=True)  # fmt: skip
    return {"image": image}


@exports("overlay")
def overlay(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """ImageCompositeMasked."""
    (image,) = x.add("ImageCompositeMasked", node.name, destination=node.take("original", Wire),
                     source=node.take("image", Wire), mask=node.take("mask", Wire), x=0, y=0,
                     resize_source=False)  # fmt: skip
    return {"image": image}
