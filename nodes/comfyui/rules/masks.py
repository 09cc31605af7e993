"""Masks from pictures and to pictures, larger and smaller, and put together."""

from __future__ import annotations

from typing import Final, get_args

from latentgraph.nodes.comfyui.prompt import PromptNode
from latentgraph.nodes.comfyui.translation import Translation, Untranslatable, rule
from latentgraph.nodes.comfyui.values import ImageValue, MaskValue, Value
from latentgraph.nodes.mask_shapes import Operation

OPERATIONS: Final = get_args(Operation)


@rule("MaskToImage")
def mask_to_image(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`mask_to_image`."""
    mask = t.take(node, "mask", MaskValue)
    return (ImageValue(t.add(t.name(node, "shown"), "mask_to_image", mask=mask.mask).image),)


@rule("ImageToMask")
def image_to_mask(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`image_to_mask`; pictures have no alpha here."""
    channel = t.literal(node, "channel", "red")
    if channel == "alpha":
        raise Untranslatable("pictures have three channels here", "take the mask of LoadImage")
    image = t.take(node, "image", ImageValue)
    return (MaskValue(t.add(t.name(node, "mask"), "image_to_mask", image=image.image, channel=channel).mask),)


@rule("InvertMask")
def invert_mask(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`invert_mask`."""
    mask = t.take(node, "mask", MaskValue)
    return (MaskValue(t.add(t.name(node, "inverted"), "invert_mask", mask=mask.mask).mask),)


@rule("SolidMask")
def solid_mask(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`solid_mask`."""
    size = {name: t.scalar(node, name, 512) for name in ("height", "width")}
    made = t.add(t.name(node, "solid"), "solid_mask", **size, value=t.scalar(node, "value", 1.0))
    return (MaskValue(made.mask),)


@rule("GrowMask")
def grow_mask(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`spread_mask`, which leaves a mask as soft as it is, as ComfyUI does."""
    mask, pixels = t.take(node, "mask", MaskValue), t.scalar(node, "expand", 0)
    corners = not t.literal(node, "tapered_corners", True)
    made = t.add(t.name(node, "spread"), "spread_mask", mask=mask.mask, pixels=pixels, corners=corners or None)
    return (MaskValue(made.mask),)


@rule("MaskComposite")
def mask_composite(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`combine_masks`."""
    onto, mask = t.take(node, "destination", MaskValue), t.take(node, "source", MaskValue)
    operation = t.literal(node, "operation", "multiply")
    if operation not in OPERATIONS:
        raise Untranslatable(f"its operation {operation!r} is not known here", f"there are: {', '.join(OPERATIONS)}")
    made = t.add(
        t.name(node, "combined"),
        "combine_masks",
        onto=onto.mask,
        mask=mask.mask,
        operation=operation,
        left=t.scalar(node, "x", 0),
        top=t.scalar(node, "y", 0),
    )
    return (MaskValue(made.mask),)
