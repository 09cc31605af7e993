"""Text to conditioning."""

from __future__ import annotations

from dataclasses import replace

from latentgraph.graph.workflow import Link
from latentgraph.nodes.comfyui.prompt import PromptNode
from latentgraph.nodes.comfyui.translation import Translation, Untranslatable, rule
from latentgraph.nodes.comfyui.values import ClipValue, ConditioningEntry, ConditioningValue, Source, Value

PROMPTS = {
    "positive": ("prompt", "What the picture should show."),
    "negative": ("negative_prompt", "What it should not show."),
}
"""The input of the workflow that the text of a side becomes, and what it says of itself."""


@rule("CLIPTextEncode")
def clip_text_encode(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`encode_weighted` or `encode_weighted_sdxl`: a prompt of any length, with weights."""
    clip = t.take(node, "clip", ClipValue)
    text = prompt_input(t, node, t.scalar(node, "text", ""))
    return (encoded(t, node, clip, text),)


def prompt_input(t: Translation, node: PromptNode, text: Source) -> Source:
    """A text as an input of the workflow, for the first text of each side; else as it is."""
    role = t.roles.get(node.id, "")
    if isinstance(text, Link) or role not in PROMPTS or ("prompt", role) in t.memory:
        return text
    name, description = PROMPTS[role]
    t.memory["prompt", role] = node.id
    return t.input(name, "string", text, description)


def encoded(
    t: Translation, node: PromptNode, clip: ClipValue, text: Source, text_2: Source | None = None
) -> ConditioningValue:
    """What the text encoders make of a text; SDXL's second one may read another."""
    name = t.name(node, t.roles.get(node.id, "text"))
    parts = {
        "tokenizer": clip.tokenizer,
        "text_encoder": clip.text_encoder,
        "tokenizer_2": clip.tokenizer_2,
        "text_encoder_2": clip.text_encoder_2,
    }
    type_name = "encode_weighted_sdxl" if clip.family.startswith("sdxl") else "encode_weighted"
    skipped = clip_skip(clip)
    made = t.add(
        name,
        type_name,
        **parts,
        text=text,
        text_2=text_2,
        clip_skip=skipped or None,
        notation=node.notation,
    )
    return ConditioningValue((ConditioningEntry(made.conditioning),), clip.family)


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


@rule("CLIPSetLastLayer")
def clip_set_last_layer(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Noted for the nodes that encode, whose `clip_skip` it is."""
    return (replace(t.take(node, "clip", ClipValue), last_layer=t.literal(node, "stop_at_clip_layer", -1)),)
