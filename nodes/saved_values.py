"""Latents, conditioning and image prompts kept in files, to go on from them in another run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from latentgraph.graph.access import ReadsFile
from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.image import FileName
from latentgraph.nodes.tensor_files import SUFFIX, read_conditioning, read_image_prompt, read_latents
from latentgraph.nodes.text import repeat_rows
from latentgraph.nodes.values import Conditioning, ImagePrompt, Latents, Noise

TensorFile = Annotated[str, ReadsFile((SUFFIX,))]


@node(category="latents", effect=True)
def save_latents(latents: Latents | Noise, name: FileName = "latents", *, context: RunContext = ALONE) -> Latents:
    """Save latents, or noise, as a safetensors file in the output folder, and hand them on.

    Args:
        latents: The whole batch goes into one file, as the tensor `latents`.
        name: Beginning of the file's name; a number and .safetensors follow.

    Example:
        latents = save_latents(load_latents("./latents.safetensors"), "copy")  # in a run: copy-1.safetensors
    """
    if isinstance(latents, Noise):
        latents = Latents(latents.samples, latents.height, latents.width, family=latents.family)
    context.save(latents, name)
    return latents


@node(category="latents")
def load_latents(path: TensorFile | None = None) -> Latents | None:
    """Read latents from a safetensors file.

    Args:
        path: Of a file that save_latents wrote, or of any with one float tensor (B, C, h, w); null: there are none.

    Example:
        latents = load_latents("./latents.safetensors")
    """
    return None if path is None else read_latents(Path(path))


@node(category="text", effect=True)
def save_conditioning(
    conditioning: Conditioning, name: FileName = "conditioning", *, context: RunContext = ALONE
) -> Conditioning:
    """Save what a text encoder made as a safetensors file in the output folder, and hand it on.

    Args:
        conditioning: The tensors `embeddings`, `pooled` and `mask`, as far as it has them, and its extras.
        name: Beginning of the file's name; a number and .safetensors follow.

    Example:
        model = load_model()
        positive = encode(model.text_encoder, tokenize(model.tokenizer, "a red circle"))
        conditioning = save_conditioning(positive, "positive")  # in a run: positive-1.safetensors
    """
    context.save(conditioning, name)
    return conditioning


@node(category="text")
def load_conditioning(
    path: TensorFile | None = None,
    otherwise: Conditioning | None = None,
    images_per_prompt: Annotated[int, Field(ge=1)] = 1,
) -> Conditioning:
    """Read from a safetensors file what a text encoder made (diffusers' argument `prompt_embeds`).

    Args:
        path: Of a file that save_conditioning wrote, or of any with one float tensor (B, T, D); null: take `otherwise`.
        otherwise: What to hand on where there is no file.
        images_per_prompt: How often to repeat each row of the file, once for each image of the prompt.

    Example:
        conditioning = load_conditioning("./positive.safetensors")
    """
    if path is not None:
        read = read_conditioning(Path(path))
        pooled = read.pooled if read.pooled is None else read.pooled.repeat_interleave(images_per_prompt, dim=0)
        return replace(read, embeddings=repeat_rows(read.embeddings, images_per_prompt), pooled=pooled)
    if otherwise is None:
        raise ValueError("there is nothing to hand on; give a path, or link otherwise to an encode node")
    return otherwise


@node(category="text", effect=True)
def save_image_prompt(
    prompt: ImagePrompt, name: FileName = "image_prompt", *, context: RunContext = ALONE
) -> ImagePrompt:
    """Save what an image encoder made of pictures as a safetensors file in the output folder, and hand it on.

    Args:
        prompt: The tensors `positive` and `negative`.
        name: Beginning of the file's name; a number and .safetensors follow.

    Example:
        prompt = save_image_prompt(load_image_prompt("./image_prompt.safetensors"), "copy")
    """
    context.save(prompt, name)
    return prompt


@node(category="text")
def load_image_prompt(path: TensorFile) -> ImagePrompt:
    """Read from a safetensors file what an image encoder made (diffusers' argument `ip_adapter_image_embeds`).

    Args:
        path: Of a file that save_image_prompt wrote, or of any with one tensor [negative; positive], (2, N, D) or
            (2, N, T, D), as diffusers has it.

    Example:
        prompt = load_image_prompt("./image_prompt.safetensors")
    """
    return read_image_prompt(Path(path))
