"""Our nodes that are a node of ComfyUI's each: a table, and the few whose values have to be put otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from latentgraph.nodes.comfyui.exporting import Exporting, Given, Reader, Wire, exports


@dataclass(frozen=True, slots=True)
class Alike:
    """A node of ComfyUI that does what one of ours does."""

    class_type: str
    links: Mapping[str, str]
    """Our inputs that are linked, and what its are called."""
    outputs: tuple[str, ...]
    """What ours calls its outputs."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Our inputs that are values, and what its are called."""
    fixed: Mapping[str, Any] = field(default_factory=dict)


ALIKE: Final[Mapping[str, Alike]] = {
    "encode_image_mean": Alike("VAEEncode", {"vae": "vae", "image": "pixels"}, ("latents",)),
    "empty_latents": Alike(
        "EmptyLatentImage", {}, ("latents",), {"width": "width", "height": "height", "batch": "batch_size"}
    ),
    "repeat_latents": Alike("RepeatLatentBatch", {"latents": "samples"}, ("latents",), {"amount": "amount"}),
    "pick_latents": Alike(
        "LatentFromBatch", {"latents": "samples"}, ("latents",), {"first": "batch_index", "count": "length"}
    ),
    "upscale_latents": Alike(
        "LatentUpscaleBy", {"latents": "samples"}, ("latents",), {"method": "upscale_method", "factor": "scale_by"}
    ),
    "zero_conditioning": Alike("ConditioningZeroOut", {"conditioning": "conditioning"}, ("conditioning",)),
    "join_conditioning": Alike(
        "ConditioningConcat", {"first": "conditioning_to", "second": "conditioning_from"}, ("conditioning",)
    ),
    "upscale_image": Alike("ImageUpscaleWithModel", {"upscale_model": "upscale_model", "image": "image"}, ("image",)),
    "canny_edges": Alike(
        "Canny", {"image": "image"}, ("image",), {"low_threshold": "low_threshold", "high_threshold": "high_threshold"}
    ),
    "invert_image": Alike("ImageInvert", {"image": "image"}, ("image",)),
    "invert_mask": Alike("InvertMask", {"mask": "mask"}, ("mask",)),
    "mask_to_image": Alike("MaskToImage", {"mask": "mask"}, ("image",)),
    "solid_mask": Alike("SolidMask", {}, ("mask",), {one: one for one in ("height", "width", "value")}),
    "combine_masks": Alike(
        "MaskComposite",
        {"onto": "destination", "mask": "source"},
        ("mask",),
        {"operation": "operation", "left": "x", "top": "y"},
    ),
    "crop_image": Alike(
        "ImageCrop", {"image": "image"}, ("image",), {"width": "width", "height": "height", "left": "x", "top": "y"}
    ),
    "join_images": Alike("ImageBatch", {"first": "image1", "second": "image2"}, ("image",)),
    "repeat_images": Alike("RepeatImageBatch", {"image": "image"}, ("image",), {"amount": "amount"}),
    "pick_images": Alike("ImageFromBatch", {"image": "image"}, ("image",), {"first": "batch_index", "count": "length"}),
    "pad_image": Alike(
        "ImagePadForOutpaint",
        {"image": "image"},
        ("image", "mask"),
        {one: one for one in ("left", "top", "right", "bottom", "feathering")},
    ),
}
"""By our node type."""


@exports(*ALIKE)
def alike(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """A node for a node."""
    one = ALIKE[node.node.type]
    inputs = {theirs: node.take(ours, Wire) for ours, theirs in one.links.items()}
    inputs |= {theirs: node.scalar(ours) for ours, theirs in one.values.items()}
    made = x.add(one.class_type, node.name, **inputs, **one.fixed)
    return dict(zip(one.outputs, made, strict=False))


@exports("grow_mask")
def grow_mask(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """GrowMask with corners, of a mask that is 0 or 1 alone; an even square is a little larger there."""
    pixels = node.plain("pixels")
    if pixels > 1 and pixels % 2 == 0:
        node.note(f"a square of {pixels} pixels becomes one of {pixels + 1}, which ComfyUI can make")
    (mask,) = x.add("GrowMask", node.name, mask=node.take("mask", Wire), expand=pixels // 2, tapered_corners=False)
    return {"mask": mask}


@exports("freeu")
def freeu(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """FreeU, or FreeU_V2."""
    factors = {name: node.scalar(name) for name in ("b1", "b2", "s1", "s2")}
    kind = "FreeU_V2" if node.plain("structured") else "FreeU"
    (model,) = x.add(kind, node.name, model=node.take("denoiser", Wire), **factors)
    return {"denoiser": model}


@exports("spread_mask")
def spread_mask(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """GrowMask."""
    (mask,) = x.add("GrowMask", node.name, mask=node.take("mask", Wire), expand=node.scalar("pixels"),
                    tapered_corners=not node.plain("corners"))  # fmt: skip
    return {"mask": mask}


@exports("composite_images")
def composite_images(x: Exporting, node: Reader) -> Mapping[str, Given]:
    """ImageCompositeMasked."""
    mask = {"mask": node.take("mask", Wire)} if node.has("mask") else {}
    (image,) = x.add("ImageCompositeMasked", node.name, destination=node.take("onto", Wire),
                     source=node.take("image", Wire), x=node.scalar("left"), y=node.scalar("top"),
                     resize_source=node.plain("stretch"), **mask)  # fmt: skip
    return {"image": image}
