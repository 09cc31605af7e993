"""Masks from pictures and to pictures."""

from __future__ import annotations

from latentgraph.nodes.comfyui.prompt import PromptNode
from latentgraph.nodes.comfyui.translation import Translation, Untranslatable, rule
from latentgraph.nodes.comfyui.values import ImageValue, MaskValue, Value


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
