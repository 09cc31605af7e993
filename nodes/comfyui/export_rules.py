"""What each of our nodes is in ComfyUI."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Final

from latentgraph.graph.workflow import Link, Node, link_text
from latentgraph.nodes.comfyui.exporting import (
    Exporting,
    Given,
    Missing,
    Nothing,
    Plain,
    Reader,
    UnexportableError,
    V,
    Wire,
    exports,
)
from latentgraph.nodes.comfyui.samplers import SAMPLERS

NATIVE: Final[Mapping[str, int]] = {"load_model": 512, "load_sdxl": 1024}
"""Pixels of the edge of a picture that a model was trained on."""
WEIGHT_SIGNS: Final = re.compile(r"[()\\]")
"""What ComfyUI's notation of weights gives a meaning to."""
MASKED: Final = "keep_unmasked"


@dataclass(frozen=True, slots=True)
class Tokens(Given):
    """Texts that are yet to be encoded, as ComfyUI writes them."""

    text: str | Wire
    text_2: str | Wire


@dataclass(frozen=True, slots=True)
class SchedulerOf(Given):
    """A scheduler of diffusers; without a name the model's own."""

    class_name: str = ""
    options: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ScheduleOf(Given):
    """A schedule, or the part of it that a loop takes."""

    scheduler: SchedulerOf
    kind: str
    steps: Any
    denoise: float = 1.0
    """Of KSampler: the share of the levels, in all the steps."""
    first: int = 0
    """Of KSamplerAdvanced: the step at which it begins."""
    last: int | None = None
    leftover: bool = False


@dataclass(frozen=True, slots=True)
class RandomOf(Given):
    """A stream of random numbers, by where it begins."""

    seed: Any


@dataclass(frozen=True, slots=True)
class StartOf(Given):
    """Latents that a loop begins at, and the noise in them; and that noise alone."""

    latents: Wire
    seed: Any
    added: bool = True


@dataclass(frozen=True, slots=True)
class GuidanceOf(Given):
    """What steers a sampler."""

    positive: Wire
    negative: Wire
    scale: Any


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
    return (
        f"{PurePath(name).name.partition(':')[2] or PurePath(name).name}.safetensors" if name else "model.safetensors"
    )


def _file(path: Any) -> str:
    return PurePath(path.replace("\\", "/")).name if isinstance(path, str) else "unnamed"


@exports("load_vae")
def load_vae(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """VAELoader."""
    (vae,) = x.add("VAELoader", node.name, vae_name=_file(node.plain("vae")))
    return {"vae": vae}


@exports("load_lora", "load_lora_sdxl")
def load_lora(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """LoraLoader, with one strength for both parts."""
    name, strength = _file(node.plain("lora")), node.scalar("scale")
    model = node.take("denoiser", Wire)
    if not node.has("text_encoder") and not node.has("text_encoder_2"):
        (model,) = x.add("LoraLoaderModelOnly", node.name, model=model, lora_name=name, strength_model=strength)
        return {"denoiser": model}
    clip = node.take("text_encoder" if node.has("text_encoder") else "text_encoder_2", Wire)
    model, clip = x.add("LoraLoader", node.name, model=model, clip=clip, lora_name=name, strength_model=strength,
                        strength_clip=strength)  # fmt: skip
    return {"denoiser": model, "text_encoder": clip, "text_encoder_2": clip}


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
    if set(node.node.inputs) - {"guidance", "denoiser", "latents"}:
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


@exports("configure_scheduler")
def configure_scheduler(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """A part of the sampler."""
    own = node.take("scheduler", SchedulerOf)
    options = node.plain("options") or {}
    return {
        "scheduler": SchedulerOf(node.plain("class_name") or own.class_name, tuple(sorted(options.items(), key=str)))
    }


@exports("schedule")
def schedule(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """A part of the sampler: timesteps at even distances, as the scheduler spreads them."""
    made = ScheduleOf(node.take("scheduler", SchedulerOf), "", node.scalar("num_inference_steps"))
    return {"timesteps": made, "state": made}


@exports("schedule_sigmas")
def schedule_sigmas(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """A part of the sampler: the levels of one of ComfyUI's own schedulers."""
    if node.has("sigma_max") or node.has("sigma_min") or node.plain("kind") == "turbo":
        raise UnexportableError("its levels are no scheduler's of KSampler", "SamplerCustom takes such")
    made = ScheduleOf(
        node.take("scheduler", SchedulerOf), node.plain("kind"), node.scalar("num_inference_steps"),
        node.plain("denoise"), node.plain("start_at_step"), node.plain("end_at_step"), node.plain("leftover_noise"),
    )  # fmt: skip
    return {"timesteps": made, "state": made}


@exports("skip_steps")
def skip_steps(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """The first steps are left out, as many as diffusers leaves out at this strength."""
    whole, strength = node.take("state", ScheduleOf), node.plain("strength")
    if not isinstance(whole.steps, int):
        raise UnexportableError("how many steps there are is computed")
    made = replace(whole, first=whole.steps - min(int(whole.steps * strength), whole.steps))
    return {"timesteps": made, "state": made}


@exports("part_of_schedule")
def part_of_schedule(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """The whole of it, where neither end is told."""
    if node.has("denoising_start") or node.has("denoising_end"):
        raise UnexportableError("it takes a part of the schedule", "KSamplerAdvanced takes steps, and not shares")
    return {"timesteps": node.take("timesteps", ScheduleOf), "state": node.take("state", ScheduleOf)}


@exports("random_state")
def random_state(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """The seed of the sampler."""
    return {"random_state": RandomOf(node.scalar("seed"))}


@exports("draw_noise")
def draw_noise(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """EmptyLatentImage: the sampler draws the noise itself."""
    random = node.take("random", RandomOf)
    native = next((NATIVE[one.type] for one in x.workflow.nodes.values() if one.type in NATIVE), 512)
    sizes = [node.scalar(port) if node.has(port) else native for port in ("width", "height")]
    if not node.has("width") or not node.has("height"):
        node.note(f"the size that the model was trained on is taken for {native} pixels")
    (empty,) = x.add("EmptyLatentImage", node.name, width=sizes[0], height=sizes[1], batch_size=node.scalar("batch"))
    return {"noise": StartOf(empty, random.seed), "random": random}


@exports("draw_noise_like")
def draw_noise_like(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """The sampler draws the noise itself, for the latents that it begins at."""
    random = node.take("random", RandomOf)
    return {"noise": StartOf(node.take("latents", Wire), random.seed), "random": random}


@exports("make_latents")
def make_latents(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """What the sampler begins at, of nothing but noise."""
    return {"latents": node.take("noise", StartOf)}


@exports("add_noise", "start_inpaint")
def add_noise(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """What the sampler begins at, a picture with noise in it."""
    return {"latents": StartOf(node.take("latents", Wire), node.take("noise", StartOf).seed)}


@exports("encode_image")
def encode_image(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """VAEEncode."""
    (latents,) = x.add("VAEEncode", node.name, pixels=node.take("image", Wire), vae=node.take("vae", Wire))
    return {"latents": latents, "random": node.given("random")}


@exports("decode")
def decode(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """VAEDecode."""
    (image,) = x.add("VAEDecode", node.name, samples=node.take("latents", Wire), vae=node.take("vae", Wire))
    return {"image": image}


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
    if not node.has("width") and not node.has("height"):
        return {"image": image}
    if not (node.has("width") and node.has("height")) or node.plain("fit") == "fill":
        raise UnexportableError("ImageScale wants both a width and a height, and fills nothing")
    (image,) = x.add("ImageScale", node.name, image=image, upscale_method="lanczos", width=node.scalar("width"),
                     height=node.scalar("height"),
                     crop="center" if node.plain("fit") == "crop" else "disabled")  # fmt: skip
    return {"image": image}


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
    """What it makes is for models that see the mask, which `inpaint_channels` would hand to one."""
    return {"image": node.take("image", Wire)}


@exports("overlay")
def overlay(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """ImageCompositeMasked."""
    (image,) = x.add("ImageCompositeMasked", node.name, destination=node.take("original", Wire),
                     source=node.take("image", Wire), mask=node.take("mask", Wire), x=0, y=0,
                     resize_source=False)  # fmt: skip
    return {"image": image}


@exports("upscale_latents")
def upscale_latents(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """LatentUpscaleBy."""
    (larger,) = x.add("LatentUpscaleBy", node.name, samples=node.take("latents", Wire),
                      upscale_method=node.plain("method"), scale_by=node.scalar("factor"))  # fmt: skip
    return {"latents": larger}


@exports("loop")
def loop(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """KSampler, or KSamplerAdvanced where it begins or ends inside the schedule."""
    body = node.node.body
    steps = [one for one in body.values() if one.type == "denoise_step"]
    others = [one.type for one in body.values() if one.type not in ("denoise_step", MASKED)]
    if len(steps) != 1 or others:
        more = ", ".join(dict.fromkeys(others)) or "more than one denoise_step"
        raise UnexportableError(f"a sampler of ComfyUI is closed, and its body holds {more}" if body else "it is empty",
                                "the body may hold one denoise_step")  # fmt: skip
    outside = _Outside(x, node.node)
    step = steps[0]
    steered = outside.take(step, "guidance", GuidanceOf)
    plan = outside.take(step, "timestep", ScheduleOf)
    start = outside.take(step, "latents", StartOf)
    latents = start.latents
    for one in body.values():
        if one.type == MASKED:
            (latents,) = x.add("SetLatentNoiseMask", samples=latents, mask=outside.take(one, "mask", Wire))
    common = {
        "model": outside.take(step, "denoiser", Wire), "steps": plan.steps, "cfg": steered.scale,
        "sampler_name": _sampler(node, plan.scheduler), "scheduler": plan.kind or "normal",
        "positive": steered.positive, "negative": steered.negative, "latent_image": latents,
    }  # fmt: skip
    if not plan.kind:
        node.note("ComfyUI's scheduler 'normal' spreads the steps a little otherwise than diffusers")
    if plan.first or plan.last is not None or plan.leftover or not start.added:
        (made,) = x.add("KSamplerAdvanced", node.name, noise_seed=start.seed, start_at_step=plan.first,
                        add_noise="enable" if start.added else "disable",
                        end_at_step=10_000 if plan.last is None else plan.last,
                        return_with_leftover_noise="enable" if plan.leftover else "disable", **common)  # fmt: skip
    else:
        (made,) = x.add("KSampler", node.name, seed=start.seed, denoise=plan.denoise, **common)
    carried = {name: Nothing() for name in node.node.carry or {}}
    name = _loop_name(step, "latents")
    return {**carried, "random": RandomOf(start.seed), **({name: made} if name else {})}


@dataclass(frozen=True, slots=True)
class _Outside:
    """What the names of a loop are outside of it."""

    x: Exporting
    loop: Node

    def take(self, node: Node, port: str, kind: type[V]) -> V:
        """What an input of a node in the body is, which reads it from the loop.

        Raises:
            UnexportableError: It is of another kind, or made in the body.
        """
        name = _loop_name(node, port)
        each, carry = (self.loop.each or {}).get(name), (self.loop.carry or {}).get(name)
        text = each.source if each else carry.source if carry else link_text(self.loop.inputs.get(name))
        given = self.x.at(text) if text else None
        if isinstance(given, Missing):
            raise UnexportableError(f"it needs {given.node}, which has no counterpart")
        # What comes out of one sampler may go straight into the next.
        if kind is StartOf and isinstance(given, Wire):
            given = StartOf(given, 0, added=False)
        if not isinstance(given, kind):
            raise UnexportableError(f"what its body reads as '{port}' has no counterpart in ComfyUI")
        return given


def _loop_name(node: Node, port: str) -> str:
    text = link_text(node.inputs.get(port))
    link = Link.parse(text) if text else None
    return link.port if link is not None and link.node == "loop" else ""


def _sampler(node: Reader, scheduler: SchedulerOf) -> str:
    """The sampler whose scheduler it is, by class and options."""
    if not scheduler.class_name:
        node.note("which sampler is the model's own is not in the workflow: 'euler' stands in its place")
        return "euler"
    alike = [(name, one) for name, one in SAMPLERS.items() if one.class_name == scheduler.class_name]
    if not alike:
        raise UnexportableError(f"ComfyUI has no sampler like {scheduler.class_name}", "choose another scheduler")
    options = dict(scheduler.options)

    def misses(pair: tuple[str, Any]) -> int:
        wanted = pair[1].options
        return sum(options.get(key) != value for key, value in wanted.items())

    name, sampler = min(alike, key=misses)
    if misses((name, sampler)) or set(options) - set(sampler.options):
        node.note(f"of the options of {scheduler.class_name}, ComfyUI's '{name}' has not all")
    return name
