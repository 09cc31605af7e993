"""LoRAs, one behind the other."""

from __future__ import annotations

from dataclasses import replace

from latentgraph.graph.workflow import Link
from latentgraph.nodes.comfyui.prompt import PromptNode
from latentgraph.nodes.comfyui.translation import Translation, Untranslatable, rule
from latentgraph.nodes.comfyui.values import ClipValue, ModelValue, Source, Value


@rule("LoraLoader")
def lora_loader(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`load_lora` or `load_lora_sdxl`. diffusers adds its product at every call, and ComfyUI to the weights: close."""
    model, clip = t.take(node, "model", ModelValue), t.take(node, "clip", ClipValue)
    scale, text_scale = t.scalar(node, "strength_model", 1.0), t.scalar(node, "strength_clip", 1.0)
    if scale == 0 and text_scale == 0:
        return model, clip
    denoiser, encoders = added(t, node, model, clip, scale, text_scale)
    first, second = encoders.get("text_encoder"), encoders.get("text_encoder_2")
    return replace(model, denoiser=denoiser), replace(clip, text_encoder=first, text_encoder_2=second)


@rule("LoraLoaderModelOnly")
def lora_loader_model_only(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """As LoraLoader; the text encoder of the checkpoint is given and what comes back of it is left alone."""
    model, scale = t.take(node, "model", ModelValue), t.scalar(node, "strength_model", 1.0)
    if scale == 0:
        return (model,)
    opened = t.memory.get(("checkpoint", model.name), ())
    clip = next((one for one in opened if isinstance(one, ClipValue)), None)
    if clip is None:
        raise Untranslatable("its model comes without a text encoder", "load the model by a checkpoint")
    return (replace(model, denoiser=added(t, node, model, clip, scale, None)[0]),)


def added(
    t: Translation, node: PromptNode, model: ModelValue, clip: ClipValue, scale: Source, text_scale: Source | None
) -> tuple[Link, dict[str, Link]]:
    """The denoiser with a LoRA, and the text encoders by their names in a ClipValue."""
    path = t.file("lora", t.literal(node, "lora_name", ""), "A LoRA: a .safetensors file.")
    xl = model.family.startswith("sdxl")
    encoders = {
        name: link
        for name, link in (("text_encoder", clip.text_encoder), ("text_encoder_2", clip.text_encoder_2))
        if link is not None
    }
    scales = {f"{name}_scale": text_scale for name in encoders} if text_scale != scale else {}
    made = t.add(
        t.name(node, "with_lora"),
        "load_lora_sdxl" if xl else "load_lora",
        denoiser=model.denoiser,
        **encoders,
        lora=path,
        scale=scale,
        **scales,
    )
    return made.denoiser, {name: made.port(name) for name in encoders}
