"""Models from files."""

from __future__ import annotations

from dataclasses import replace

from latentgraph.graph.workflow import Link
from latentgraph.nodes.comfyui.checkpoints import KINDS, family_of, readable_name
from latentgraph.nodes.comfyui.prompt import PromptNode
from latentgraph.nodes.comfyui.translation import Translation, Untranslatable, rule
from latentgraph.nodes.comfyui.values import ClipValue, ModelValue, VaeValue, Value


@rule("CheckpointLoaderSimple", "CheckpointLoader", "unCLIPCheckpointLoader")
def checkpoint_loader(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`load_model` or, of Stable Diffusion XL and its refiner, `load_sdxl`."""
    written = t.literal(node, "ckpt_name", "")
    if ("checkpoint", written) in t.memory:
        opened: tuple[Value, ...] = t.memory["checkpoint", written]
        return opened
    family = family_of(written, t.options, t.prompt.nodes, node.id)
    if family.other:
        raise Untranslatable(
            f"{written!r} is no model that is read from a single file here: {family.why}",
            "open it in diffusers layout by load_sd3 or load_flux",
        )
    model = checkpoint_input(t, written, family.name)
    if family.why:
        t.note(f"{written!r}: {family.why}; `--models DIR` of the import lets the file itself say it")
    opened = (
        opened_sdxl(t, node, model, family.name, written)
        if family.name.startswith("sdxl")
        else opened_sd(t, node, model, family.name, written)
    )
    if isinstance(model_value := opened[0], ModelValue):
        opened = (replace(model_value, channels=family.channels), *opened[1:])
    t.memory["checkpoint", written] = opened
    return opened


@rule("VAELoader")
def vae_loader(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`load_vae`, for the family of the checkpoints beside it: a file does not say how its latents are scaled."""
    written: str = t.literal(node, "vae_name", "")
    if ("vae file", written) not in t.memory:
        name, remark = readable_name(written)
        if remark:
            t.note(f"{written!r}: {remark}")
        file = t.file("vae", name, "A VAE: a .safetensors file, or a folder with its config.json.")
        family = _family_beside(t)
        made = t.add(t.name(node, "vae"), "load_vae", vae=file, family=family)
        t.memory["vae file", written] = VaeValue(made.vae, family)
        t.memory.setdefault("lone vae", made.vae)
    known: VaeValue = t.memory["vae file", written]
    return (known,)


def _family_beside(t: Translation) -> str:
    """Of the checkpoints that the workflow loads; where they are of several, of the first."""
    for node in t.prompt.nodes.values():
        written = node.inputs.get("ckpt_name")
        if isinstance(written, str):
            family = family_of(written, t.options, t.prompt.nodes, node.id).name
            return {"": "sd1", "sdxl_refiner": "sdxl"}.get(family, family)
    return "sd1"


@rule("UNETLoader", "CLIPLoader", "DualCLIPLoader", "TripleCLIPLoader", "UnetLoaderGGUF")
def part_loader(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Nothing yet: a denoiser or a text encoder comes with its model."""
    what = "a denoiser" if node.class_type.lower().startswith("unet") else "text encoders"
    raise Untranslatable(
        f"{what} in a file without the rest of the model cannot be opened here",
        "open the whole model, as a checkpoint or in diffusers layout, by load_model, load_sdxl, load_sd3 or load_flux",
    )


def checkpoint_input(t: Translation, written: str, family: str) -> Link:
    """The input of the workflow for a checkpoint."""
    name, remark = readable_name(written)
    if remark:
        t.note(f"{written!r}: {remark}")
    called = "refiner" if family == "sdxl_refiner" else "checkpoint"
    text = f"A checkpoint of {KINDS[family]}: a .safetensors file, or a folder in diffusers layout."
    return t.file(called, name, text)


def opened_sd(t: Translation, node: PromptNode, model: Link, family: str, written: str) -> tuple[Value, ...]:
    """The parts of Stable Diffusion 1.x and 2.x."""
    made = t.add(t.name(node, "model"), "load_model", model=model)
    t.memory.setdefault("vae", made.vae)
    return (
        ModelValue(made.denoiser, made.scheduler, family, made.vae, name=written),
        ClipValue(family, made.tokenizer, made.text_encoder),
        VaeValue(made.vae, family),
    )


def opened_sdxl(t: Translation, node: PromptNode, model: Link, family: str, written: str) -> tuple[Value, ...]:
    """The parts of Stable Diffusion XL, whose refiner has one text encoder alone."""
    made = t.add(t.name(node, "refiner" if family == "sdxl_refiner" else "model"), "load_sdxl", model=model)
    t.memory.setdefault("vae", made.vae)
    refiner = family == "sdxl_refiner"
    return (
        ModelValue(made.denoiser, made.scheduler, family, made.vae, name=written),
        ClipValue(
            family,
            None if refiner else made.tokenizer,
            None if refiner else made.text_encoder,
            made.tokenizer_2,
            made.text_encoder_2,
        ),
        VaeValue(made.vae, "sdxl"),
    )
