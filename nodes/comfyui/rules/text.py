"""Text to conditioning: prompts with weights and textual inversions, and what SDXL is told beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from latentgraph.graph.workflow import Link
from latentgraph.nodes.comfyui.checkpoints import readable_name
from latentgraph.nodes.comfyui.draft import Added
from latentgraph.nodes.comfyui.prompt import PromptNode
from latentgraph.nodes.comfyui.translation import Translation, Untranslatable, rule
from latentgraph.nodes.comfyui.values import (
    ClipValue,
    ConditioningEntry,
    ConditioningValue,
    SizeValue,
    Source,
    Value,
)

PROMPTS: Final = {
    "positive": ("prompt", "What the picture should show."),
    "negative": ("negative_prompt", "What it should not show."),
}
"""The input of the workflow that the text of a side becomes, and what it says of itself."""
EMBEDDING: Final = re.compile(r"embedding:([^\s,():]+)")
"""How a prompt calls a textual inversion, by the name of its file."""
PARTS: Final = ("tokenizer", "tokenizer_2", "text_encoder", "text_encoder_2")
"""Of a ClipValue, and of the nodes that teach them a token."""


@rule("CLIPTextEncode")
def clip_text_encode(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`encode_weighted` or `encode_weighted_sdxl`: a prompt of any length, with weights."""
    clip = t.take(node, "clip", ClipValue)
    text = t.scalar(node, "text", "")
    return (encoded(t, node, with_embeddings(t, clip, text), prompt_input(t, node, text)),)


@rule("CLIPTextEncodeSDXL")
def clip_text_encode_sdxl(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """A text for each encoder, and sizes for the denoiser."""
    clip = t.take(node, "clip", ClipValue)
    if clip.family != "sdxl":
        raise Untranslatable(f"its text encoder is of {clip.family}, and it is a node of sdxl")
    first, second = t.scalar(node, "text_l", ""), t.scalar(node, "text_g", "")
    for text in (first, second):
        clip = with_embeddings(t, clip, text)
    size = SizeValue(
        width=t.literal(node, "width", 1024),
        height=t.literal(node, "height", 1024),
        crop_left=t.literal(node, "crop_w", 0),
        crop_top=t.literal(node, "crop_h", 0),
        target_width=t.literal(node, "target_width", 1024),
        target_height=t.literal(node, "target_height", 1024),
    )
    prompt = prompt_input(t, node, second)
    same = first == second
    return (encoded(t, node, clip, prompt if same else first, None if same else prompt, size),)


@rule("CLIPTextEncodeSDXLRefiner")
def clip_text_encode_refiner(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """A text for the refiner's one encoder, and how good the picture should look."""
    clip = t.take(node, "clip", ClipValue)
    if clip.family != "sdxl_refiner":
        raise Untranslatable(f"its text encoder is of {clip.family}, and it is a node of the refiner")
    text = t.scalar(node, "text", "")
    size = SizeValue(
        width=t.literal(node, "width", 1024),
        height=t.literal(node, "height", 1024),
        score=t.literal(node, "ascore", 6.0),
    )
    return (encoded(t, node, with_embeddings(t, clip, text), prompt_input(t, node, text), size=size),)


@rule("CLIPSetLastLayer")
def clip_set_last_layer(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Noted for the nodes that encode, whose `clip_skip` it is."""
    return (replace(t.take(node, "clip", ClipValue), last_layer=t.literal(node, "stop_at_clip_layer", -1)),)


def prompt_input(t: Translation, node: PromptNode, text: Source) -> Source:
    """A text as an input of the workflow, for the first text of each side and what says the same; else as it is."""
    role = t.roles.get(node.id, "")
    if isinstance(text, Link) or role not in PROMPTS:
        return text
    if ("prompt", role) not in t.memory:
        name, description = PROMPTS[role]
        t.memory["prompt", role] = (text, t.input(name, "string", text, description))
    first, link = t.memory["prompt", role]
    chosen: Source = link if text == first else text
    return chosen


def encoded(
    t: Translation,
    node: PromptNode,
    clip: ClipValue,
    text: Source,
    text_2: Source | None = None,
    size: SizeValue | None = None,
) -> ConditioningValue:
    """What the text encoders make of a text; SDXL's second one may read another."""
    made = t.add(
        t.name(node, t.roles.get(node.id, "text")),
        "encode_weighted_sdxl" if clip.family.startswith("sdxl") else "encode_weighted",
        tokenizer=clip.tokenizer,
        text_encoder=clip.text_encoder,
        tokenizer_2=clip.tokenizer_2,
        text_encoder_2=clip.text_encoder_2,
        text=text,
        text_2=text_2,
        clip_skip=clip_skip(clip) or None,
        notation=node.notation,
    )
    return ConditioningValue((ConditioningEntry(made.conditioning, size),), clip.family)


def clip_skip(clip: ClipValue) -> int:
    """How many layers to leave out, from ComfyUI's number of the last one to take: -1 is the last there is.

    Stable Diffusion 2 and XL leave out one by themselves, which is not counted.

    Raises:
        Untranslatable: It is the last layer of such a model.
    """
    if not clip.last_layer:
        return 0
    own = 1 if clip.family == "sd1" else 2
    if -clip.last_layer < own:
        raise Untranslatable(
            f"it takes the text encoder's last layer, and models of {clip.family} were trained on the last but one",
            "leave CLIPSetLastLayer out, or set it to -2",
        )
    return -clip.last_layer - own


def with_embeddings(t: Translation, clip: ClipValue, text: Source) -> ClipValue:
    """A CLIP that knows the textual inversions of a text, each in a file of its own."""
    if not isinstance(text, str):
        return clip
    for name in embeddings_in(text):
        clip = _with_embedding(t, clip, name)
    return clip


def _with_embedding(t: Translation, clip: ClipValue, name: str) -> ClipValue:
    """`load_textual_inversion`, or `load_textual_inversion_sdxl` where there is a second text encoder."""
    parts = {port: link for port in PARTS if (link := getattr(clip, port)) is not None}
    key = ("embedding", *parts.values(), name)
    if key not in t.memory:
        file, _ = readable_name(name)
        file = file if file.endswith(".safetensors") else f"{file}.safetensors"
        t.memory[key] = t.add(
            "embedding",
            "load_textual_inversion" if clip.tokenizer_2 is None else "load_textual_inversion_sdxl",
            **parts,
            embedding=t.file("embedding", file, f"A textual inversion, which prompts call embedding:{name}."),
            token=f"embedding:{name}",
        )
    made: Added = t.memory[key]
    taught: dict[str, Any] = {port: made.port(port) for port in parts}
    return replace(clip, **taught)


def embeddings_in(text: str) -> Iterator[str]:
    """The names of the textual inversions that a prompt calls, each once."""
    return iter(dict.fromkeys(found[1] for found in EMBEDDING.finditer(text)))
