"""Latents: empty ones, from pictures and to pictures, and parts of a batch."""

from __future__ import annotations

from latentgraph.nodes.comfyui.prompt import PromptNode
from latentgraph.nodes.comfyui.translation import Translation, rule
from latentgraph.nodes.comfyui.values import ImageValue, LatentValue, VaeValue, Value


@rule("EmptyLatentImage")
def empty_latent_image(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Nothing yet: what samples draws noise of this size."""
    width, height = t.scalar(node, "width", 512), t.scalar(node, "height", 512)
    return (LatentValue(None, width, height, t.scalar(node, "batch_size", 1)),)


@rule("VAEDecode", "VAEDecodeTiled")
def vae_decode(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`decode`."""
    latents, vae = t.take(node, "samples", LatentValue), t.take(node, "vae", VaeValue)
    if node.class_type == "VAEDecodeTiled":
        t.note("VAEDecodeTiled decodes at once here, which takes more memory and leaves no seams")
    decoded = t.add(t.name(node, "decoded"), "decode", vae=vae.vae, latents=t.latents(latents))
    return (ImageValue(decoded.image, latents.batch),)


@rule("VAEEncode", "VAEEncodeTiled")
def vae_encode(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`encode_image_mean`, since ComfyUI draws nothing when it encodes."""
    image, vae = t.take(node, "pixels", ImageValue), t.take(node, "vae", VaeValue)
    encoded = t.add(t.name(node, "encoded"), "encode_image_mean", vae=vae.vae, image=image.image)
    return (LatentValue(encoded.latents, batch=image.batch),)
