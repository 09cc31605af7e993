"""Pictures: from files, in other sizes, with room around them; and latents treated as if they were pictures."""

from __future__ import annotations

from dataclasses import replace

from latentgraph.graph.workflow import Link
from latentgraph.nodes.comfyui.prompt import PromptLink, PromptNode
from latentgraph.nodes.comfyui.translation import Translation, Untranslatable, rule
from latentgraph.nodes.comfyui.values import ImageValue, LatentValue, MaskValue, Source, Value


def picture_file(t: Translation, node: PromptNode) -> Link:
    """The input of the workflow for a picture; ComfyUI may write its folder behind the name."""
    written: str = t.literal(node, "image", "image.png")
    for folder in (" [input]", " [output]", " [temp]"):
        written = written.removesuffix(folder)
    return t.file("image", written, "A picture: a PNG, JPEG, WebP, BMP, GIF or TIFF file.")


def is_taken(t: Translation, node: PromptNode, slot: int) -> bool:
    """Whether anything is linked to an output of a node."""
    wanted = PromptLink(node.id, slot)
    return any(wanted in one.inputs.values() for one in t.prompt.nodes.values())


@rule("LoadImage", "LoadImageOutput")
def load_image(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`load_image` and, where somebody takes it, `load_mask` of what is transparent."""
    path = picture_file(t, node)
    key = ("picture", path)
    if key not in t.memory:
        t.memory[key] = t.add(t.name(node, "picture"), "load_image", path=path).image
    image: Link = t.memory[key]
    if not is_taken(t, node, 1):
        return (ImageValue(image, 1),)
    return (ImageValue(image, 1), MaskValue(t.add("transparent", "load_mask", path=path, channel="alpha").mask))


@rule("LoadImageMask")
def load_image_mask(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`load_mask`."""
    made = t.add(
        t.name(node, "mask"), "load_mask", path=picture_file(t, node), channel=t.scalar(node, "channel", "alpha")
    )
    return (MaskValue(made.mask),)


@rule("ImageScale")
def image_scale(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`resize_image`."""
    size = {name: t.scalar(node, name, 512) for name in ("height", "width")}
    if 0 in size.values():
        raise Untranslatable("an edge of 0 keeps the picture's shape", "take ImageScaleBy, or give both edges")
    fit = "crop" if t.literal(node, "crop", "disabled") == "center" else None
    return (resized(t, node, fit=fit, **size),)


@rule("ImageScaleBy")
def image_scale_by(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`resize_image`."""
    return (resized(t, node, factor=t.scalar(node, "scale_by", 1.0)),)


@rule("ImageScaleToTotalPixels")
def image_scale_to_total_pixels(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`resize_image`."""
    if t.literal(node, "resolution_steps", 1) != 1:
        raise Untranslatable("its edges are to be multiples of something", "set its resolution_steps to 1")
    return (resized(t, node, megapixels=t.scalar(node, "megapixels", 1.0)),)


def resized(t: Translation, node: PromptNode, **size: Source | None) -> ImageValue:
    """A picture of another size; of Lanczos ComfyUI cuts off what is below a whole colour, and Pillow's is rounded."""
    given = t.take(node, "image", ImageValue)
    method = t.scalar(node, "upscale_method", "nearest-exact")
    made = t.add(t.name(node, "resized"), "resize_image", image=given.image, method=method, **size)
    return replace(given, image=made.image)


@rule("ImageInvert")
def image_invert(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`invert_image`."""
    given = t.take(node, "image", ImageValue)
    return (replace(given, image=t.add(t.name(node, "inverted"), "invert_image", image=given.image).image),)


@rule("Canny")
def canny(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`canny_edges`."""
    given = t.take(node, "image", ImageValue)
    low, high = t.scalar(node, "low_threshold", 0.4), t.scalar(node, "high_threshold", 0.8)
    made = t.add(t.name(node, "edges"), "canny_edges", image=given.image, low_threshold=low, high_threshold=high)
    return (replace(given, image=made.image),)


@rule("ImagePadForOutpaint")
def image_pad_for_outpaint(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`pad_image`."""
    given = t.take(node, "image", ImageValue)
    room = {name: t.scalar(node, name, 0) for name in ("left", "top", "right", "bottom")}
    feathering = t.scalar(node, "feathering", 40)
    made = t.add(t.name(node, "padded"), "pad_image", image=given.image, **room, feathering=feathering)
    return (replace(given, image=made.image), MaskValue(made.mask))


@rule("LatentUpscale")
def latent_upscale(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`upscale_latents`; an edge of 0 stays as it is where both are."""
    given = t.take(node, "samples", LatentValue)
    size = {name: t.scalar(node, name, 512) for name in ("height", "width")}
    if all(edge == 0 for edge in size.values()):
        return (given,)
    if 0 in size.values():
        raise Untranslatable("an edge of 0 keeps the picture's shape", "take LatentUpscaleBy, or give both edges")
    crop = True if t.literal(node, "crop", "disabled") == "center" else None
    return (larger(t, node, given, crop=crop, **size),)


@rule("LatentUpscaleBy")
def latent_upscale_by(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`upscale_latents`."""
    return (larger(t, node, t.take(node, "samples", LatentValue), factor=t.scalar(node, "scale_by", 1.5)),)


def larger(t: Translation, node: PromptNode, given: LatentValue, **size: Source | None) -> LatentValue:
    """Latents of another size."""
    method = t.scalar(node, "upscale_method", "nearest-exact")
    made = t.add(t.name(node, "larger"), "upscale_latents", latents=t.latents(given), method=method, **size)
    return replace(given, latents=made.latents)


@rule("LatentComposite")
def latent_composite(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`composite_latents`."""
    onto, over = (t.take(node, f"samples_{name}", LatentValue) for name in ("to", "from"))
    made = t.add(
        t.name(node, "composed"),
        "composite_latents",
        onto=t.latents(onto),
        latents=t.latents(over),
        left=t.scalar(node, "x", 0),
        top=t.scalar(node, "y", 0),
        feather=t.scalar(node, "feather", 0),
    )
    return (replace(onto, latents=made.latents),)
