"""Inpainting: what is masked of a picture, for models that were trained to see it and for those that were not.

A mask is brought to the size of its picture before it is grown. Where a picture's edges are no multiples of 8, latents
stand for its middle, and the mask, which is brought to their size whole, is off by up to three pixels.
"""

from __future__ import annotations

from dataclasses import replace

from latentgraph.graph.workflow import Link
from latentgraph.nodes.comfyui.prompt import PromptNode
from latentgraph.nodes.comfyui.rules.conditioning import changed
from latentgraph.nodes.comfyui.translation import Translation, rule
from latentgraph.nodes.comfyui.values import ConditioningValue, ImageValue, LatentValue, MaskValue, VaeValue, Value


def encoded(t: Translation, name: str, vae: VaeValue, image: Link) -> Link:
    """A picture as latents."""
    return t.add(name, "encode_image_mean", vae=vae.vae, image=image).latents


@rule("VAEEncodeForInpaint")
def vae_encode_for_inpaint(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """The picture with gray in the place of what is masked, and a mask that reaches a little further."""
    image, vae = t.take(node, "pixels", ImageValue), t.take(node, "vae", VaeValue)
    mask = t.add("mask", "resize_mask", mask=t.take(node, "mask", MaskValue).mask, like=image.image).mask
    painted = t.add("painted", "mask_image", image=image.image, mask=mask).image
    latents = encoded(t, t.name(node, "encoded"), vae, painted)
    grown = t.add("grown", "grow_mask", mask=mask, pixels=t.scalar(node, "grow_mask_by", 6))
    return (LatentValue(latents, batch=image.batch, mask=grown.mask),)


@rule("SetLatentNoiseMask")
def set_latent_noise_mask(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Noted for what samples."""
    return (replace(t.take(node, "samples", LatentValue), mask=t.take(node, "mask", MaskValue).mask),)


@rule("InpaintModelConditioning")
def inpaint_model_conditioning(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`inpaint_channels`, which what samples puts into its guidance."""
    image, vae = t.take(node, "pixels", ImageValue), t.take(node, "vae", VaeValue)
    given = [t.take(node, side, ConditioningValue) for side in ("positive", "negative")]
    mask = t.add("mask", "resize_mask", mask=t.take(node, "mask", MaskValue).mask, like=image.image).mask
    painted = t.add("painted", "mask_image", image=image.image, mask=mask).image
    channels = {"mask": mask, "latents": encoded(t, "masked_latents", vae, painted)}
    whole = encoded(t, t.name(node, "encoded"), vae, image.image)
    wanted = t.literal(node, "noise_mask", True)
    sides = (changed(one, lambda entry: replace(entry, channels=channels)) for one in given)
    return (*sides, LatentValue(whole, batch=image.batch, mask=mask if wanted else None))
