"""Latents: empty ones, from pictures and to pictures, and parts of a batch."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from latentgraph.nodes.comfyui.prompt import PromptNode
from latentgraph.nodes.comfyui.translation import Translation, rule
from latentgraph.nodes.comfyui.values import ImageValue, LatentValue, VaeValue, Value

NAME: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_ .-]{0,98}[A-Za-z0-9_])?")
"""What save_latents takes for the beginning of a file's name."""


@rule("EmptyLatentImage")
def empty_latent_image(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Nothing yet: what samples draws noise of this size."""
    width, height = t.scalar(node, "width", 512), t.scalar(node, "height", 512)
    return (LatentValue(None, width, height, t.scalar(node, "batch_size", 1)),)


@rule("RepeatLatentBatch")
def repeat_latent_batch(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`repeat_latents`, or more noise from the start of an empty one."""
    latents, amount = t.take(node, "samples", LatentValue), t.literal(node, "amount", 1)
    batch = latents.batch * amount if isinstance(latents.batch, int) else None
    if latents.latents is None and batch is not None:
        return (replace(latents, batch=batch),)
    made = t.add(t.name(node, "repeated"), "repeat_latents", latents=t.latents(latents), amount=amount)
    return (replace(latents, latents=made.latents, batch=batch),)


@rule("LatentFromBatch")
def latent_from_batch(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`pick_latents`; what samples them draws the noise of their place in the batch."""
    latents = t.take(node, "samples", LatentValue)
    first, length = t.literal(node, "batch_index", 0), t.literal(node, "length", 1)
    begin = (latents.first or 0) + first
    if isinstance(latents.batch, int):
        first = min(latents.batch - 1, first)
        length = min(latents.batch - first, length)
        begin = (latents.first or 0) + first
        if latents.latents is None:
            # Zeros are alike; only the noise has to know the place, so they are made real for it to be drawn.
            latents = replace(latents, latents=t.latents(replace(latents, batch=length)))
            return (replace(latents, batch=length, first=begin),)
    made = t.add(t.name(node, "picked"), "pick_latents", latents=t.latents(latents), first=first, count=length)
    return (replace(latents, latents=made.latents, batch=length, first=begin),)


@rule("VAEDecode", "VAEDecodeTiled")
def vae_decode(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`decode`."""
    latents, vae = t.take(node, "samples", LatentValue), t.take(node, "vae", VaeValue)
    tile: dict[str, int] = {}
    if node.class_type == "VAEDecodeTiled":
        tile = {"tile": t.literal(node, "tile_size", 512) // 64 * 64}
        t.note("VAEDecodeTiled blends its tiles otherwise than here: they overlap by a quarter")
    decoded = t.add(t.name(node, "decoded"), "decode", vae=vae.vae, latents=t.latents(latents), **tile)
    return (ImageValue(decoded.image, latents.batch),)


@rule("VAEEncode", "VAEEncodeTiled")
def vae_encode(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`encode_image_mean`, since ComfyUI draws nothing when it encodes."""
    image, vae = t.take(node, "pixels", ImageValue), t.take(node, "vae", VaeValue)
    encoded = t.add(t.name(node, "encoded"), "encode_image_mean", vae=vae.vae, image=image.image)
    return (LatentValue(encoded.latents, batch=image.batch),)


@rule("LoadLatent")
def load_latent(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`load_comfyui_latents`, once somebody takes it: then a VAE is known, which tells how latents are scaled."""
    written = t.literal(node, "latent", "").removesuffix(" [input]")
    path = t.file("latent", written, "Latents: a .latent file of ComfyUI.")
    return (LatentValue(None, batch=None, file=path),)


@rule("SaveLatent", output=True)
def save_latent(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`save_latents`, in a file that load_latents reads, and ComfyUI does not."""
    latents = t.latents(t.take(node, "samples", LatentValue))
    written = t.literal(node, "filename_prefix", "ComfyUI").replace("\\", "/").rpartition("/")[2]
    name = written if NAME.fullmatch(written) else "latents"
    saved = t.add(t.name(node, "saved"), "save_latents", latents=latents, name=name)
    t.note("SaveLatent becomes save_latents, whose files load_latents reads; LoadLatent of ComfyUI does not")
    t.output(t.name(node, "latents"), saved.latents)
    return ()
