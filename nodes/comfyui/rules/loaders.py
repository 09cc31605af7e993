"""Models from files."""

from __future__ import annotations

from dataclasses import replace

from latentgraph.graph.workflow import Link
from latentgraph.nodes.comfyui.checkpoints import KINDS, denoiser_family, family_of, readable_name
from latentgraph.nodes.comfyui.draft import Added
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
    """Of the checkpoints that the workflow loads, or of its denoisers; where they are of several, of the first."""
    nodes = t.prompt.nodes
    named = ((node, name) for node in nodes.values() if isinstance(name := node.inputs.get("ckpt_name"), str))
    families = [family_of(name, t.options, nodes, node.id).name for node, name in named][:1]
    alone = (name for node in nodes.values() if isinstance(name := node.inputs.get("unet_name"), str))
    families += [denoiser_family(name, t.options)[0] for name in alone]
    family = next(iter(families), "")
    return {"": "sd1", "sdxl_refiner": "sdxl"}.get(family, family)


@rule("UNETLoader")
def unet_loader(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`load_denoiser`, of Stable Diffusion 1.x, 2.x and XL alone: a name has to say so where the file is not there."""
    written: str = t.literal(node, "unet_name", "")
    family, channels = denoiser_family(written, t.options)
    if not family:
        raise Untranslatable(
            f"nothing tells that {written!r} is the denoiser of Stable Diffusion 1.x, 2.x or XL, which alone is read "
            "from a file without the rest of the model",
            "`--models DIR` of the import lets the file itself say it; open others whole, by load_sd3 or load_flux",
        )
    key = ("denoiser", written)
    if key not in t.memory:
        name, remark = readable_name(written)
        if remark:
            t.note(f"{written!r}: {remark}")
        file = t.file("denoiser", name, f"A denoiser of {KINDS[family]} alone: a .safetensors file.")
        t.memory[key] = t.add(t.name(node, "denoiser"), "load_denoiser", unet=file)
    made: Added = t.memory[key]
    return (ModelValue(made.denoiser, made.scheduler, family, name=written, channels=channels),)


@rule("CLIPLoader", "DualCLIPLoader", "TripleCLIPLoader", "UnetLoaderGGUF")
def part_loader(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Nothing: text encoders come with their model."""
    what = (
        "a denoiser in a .gguf file" if node.class_type == "UnetLoaderGGUF" else "text encoders in files of their own"
    )
    raise Untranslatable(
        f"{what} cannot be opened here",
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
