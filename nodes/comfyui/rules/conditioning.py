"""Conditionings put together: several texts in one denoising, and what is between two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from latentgraph.nodes.comfyui.prompt import PromptNode
from latentgraph.nodes.comfyui.translation import Translation, Untranslatable, rule
from latentgraph.nodes.comfyui.values import (
    AreaValue,
    ConditioningEntry,
    ConditioningValue,
    ImageEncoderValue,
    ImageFeaturesValue,
    ImageValue,
    MaskValue,
    PictureValue,
    Value,
)


def changed(value: ConditioningValue, change: Callable[[ConditioningEntry], ConditioningEntry]) -> ConditioningValue:
    """A conditioning with every entry changed."""
    return replace(value, entries=tuple(change(one) for one in value.entries))


@rule("ConditioningCombine")
def conditioning_combine(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """The entries of both: their predictions are averaged by weight."""
    one, other = (t.take(node, f"conditioning_{number}", ConditioningValue) for number in (1, 2))
    return (ConditioningValue((*one.entries, *other.entries), one.family),)


@rule("ConditioningSetArea", "ConditioningSetAreaPercentage")
def conditioning_set_area(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """The box of a `regional_prompt`."""
    shares = node.class_type == "ConditioningSetAreaPercentage"
    default: float | int = 1.0 if shares else 64
    width, height = (float(t.literal(node, name, default)) for name in ("width", "height"))
    left, top = (float(t.literal(node, name, 0.0 if shares else 0)) for name in ("x", "y"))
    area, strength = AreaValue(width, height, left, top, shares), t.scalar(node, "strength", 1.0)
    given = t.take(node, "conditioning", ConditioningValue)
    return (changed(given, lambda one: replace(one, area=area, strength=strength)),)


@rule("ConditioningSetAreaStrength")
def conditioning_set_area_strength(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """The strength of a `regional_prompt`."""
    strength = t.scalar(node, "strength", 1.0)
    return (changed(t.take(node, "conditioning", ConditioningValue), lambda one: replace(one, strength=strength)),)


@rule("ConditioningSetMask")
def conditioning_set_mask(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """The mask of a `regional_prompt`."""
    mask, strength = t.take(node, "mask", MaskValue).mask, t.scalar(node, "strength", 1.0)
    bounds = t.literal(node, "set_cond_area", "default") != "default"
    if bounds:
        t.note("ConditioningSetMask with 'mask bounds' looks at the whole picture here")
    given = t.take(node, "conditioning", ConditioningValue)
    return (changed(given, lambda one: replace(one, mask=mask, mask_bounds=bounds, strength=strength)),)


@rule("ConditioningSetTimestepRange")
def conditioning_set_timestep_range(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """When a `regional_prompt` counts."""
    start, end = t.scalar(node, "start", 0.0), t.scalar(node, "end", 1.0)
    return (changed(t.take(node, "conditioning", ConditioningValue), lambda one: replace(one, start=start, end=end)),)


@rule("ConditioningZeroOut")
def conditioning_zero_out(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`zero_conditioning`."""

    def zeroed(one: ConditioningEntry) -> ConditioningEntry:
        made = t.add(t.name(node, "nothing"), "zero_conditioning", conditioning=one.conditioning)
        return replace(one, conditioning=made.conditioning)

    return (changed(t.take(node, "conditioning", ConditioningValue), zeroed),)


@rule("ConditioningAverage")
def conditioning_average(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`mix_conditioning`: the other one is cut or filled up with zeros to the tokens of the first."""
    onto, other = (t.take(node, f"conditioning_{name}", ConditioningValue) for name in ("to", "from"))
    amount = t.scalar(node, "conditioning_to_strength", 1.0)

    def mixed(one: ConditioningEntry) -> ConditioningEntry:
        made = t.add(
            t.name(node, "mixed"),
            "mix_conditioning",
            first=_first(t, node, other).conditioning,
            second=one.conditioning,
            amount=amount,
            fit=True,
        )
        return replace(one, conditioning=made.conditioning)

    return (changed(onto, mixed),)


@rule("ConditioningConcat")
def conditioning_concat(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`join_conditioning`."""
    onto, other = (t.take(node, f"conditioning_{name}", ConditioningValue) for name in ("to", "from"))

    def joined(one: ConditioningEntry) -> ConditioningEntry:
        second = _first(t, node, other).conditioning
        made = t.add(t.name(node, "joined"), "join_conditioning", first=one.conditioning, second=second)
        return replace(one, conditioning=made.conditioning)

    return (changed(onto, joined),)


def _first(t: Translation, node: PromptNode, value: ConditioningValue) -> ConditioningEntry:
    if len(value.entries) > 1:
        t.note(f"{node.class_type} takes the first text alone of what it is given, as in ComfyUI")
    return value.entries[0]


@rule("CLIPVisionLoader")
def clip_vision_loader(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`load_image_encoder`."""
    about = "A CLIP image encoder: a .safetensors file, or a folder."
    path = t.file("image_encoder", t.literal(node, "clip_name", ""), about)
    return (ImageEncoderValue(t.add(t.name(node, "looking"), "load_image_encoder", image_encoder=path).image_encoder),)


@rule("CLIPVisionEncode")
def clip_vision_encode(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`encode_image_prompt` without an IP-Adapter; it always cuts a square from the middle, and resizes by Pillow."""
    encoder, image = t.take(node, "clip_vision", ImageEncoderValue), t.take(node, "image", ImageValue)
    if t.literal(node, "crop", "center") != "center":
        raise Untranslatable("it squeezes the picture into a square", "set its crop to 'center'")
    t.note("CLIPVisionEncode becomes encode_image_prompt, which resizes pictures by Pillow: close, but not to the bit")
    made = t.add(t.name(node, "seen"), "encode_image_prompt", image_encoder=encoder.image_encoder, image=image.image)
    return (ImageFeaturesValue(made.image_prompt),)


@rule("unCLIPConditioning")
def unclip_conditioning(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`augment_image_prompt` and `pool_image_prompt`, once the sampler's seed is known."""
    given, features = (
        t.take(node, "conditioning", ConditioningValue),
        t.take(node, "clip_vision_output", ImageFeaturesValue),
    )
    strength, noise = t.scalar(node, "strength", 1.0), t.scalar(node, "noise_augmentation", 0.0)
    if strength == 0:
        return (given,)
    if given.family != "sdxl":
        raise Untranslatable(f"models of {given.family} are told no picture here", "take Stable Diffusion XL")
    picture = PictureValue(features.features, strength, noise)
    return (changed(given, lambda one: replace(one, pictures=(*one.pictures, picture))),)


@rule("GLIGENLoader", "GLIGENTextBoxApply")
def gligen(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Nothing: GLIGEN adds layers to the UNet, and no node here opens a file with them."""
    raise Untranslatable("there is no GLIGEN here", "say where a text counts by ConditioningSetArea")
