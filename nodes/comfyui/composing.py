"""What another program's picture says of itself, in ComfyUI's nodes: the parts that such programs have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from latentgraph.nodes.comfyui.prompt import JSON, LeftOut, Prompt, PromptLink, PromptNode


@dataclass(frozen=True, slots=True)
class Lora:
    """A LoRA and how strongly it acts."""

    name: str
    strength: float = 1.0
    strength_clip: float = 1.0


@dataclass
class Composer:
    """Takes nodes one after the other, each with the next number as its id."""

    place: str
    """Where all of it stands in the file, for people."""
    notation: str
    nodes: dict[str, PromptNode] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, class_type: str, title: str = "", **inputs: JSON | PromptLink) -> PromptLink:
        """Add a node, and give its first output."""
        key = str(len(self.nodes) + 1)
        self.nodes[key] = PromptNode(key, class_type, inputs, title, self.place, (), self.notation)
        return PromptLink(key, 0)

    def leave_out(self, what: str, reason: str, hint: str = "", **values: JSON) -> None:
        """Note something that has no counterpart."""
        key = f"left_out_{len(self.left_out) + 1}"
        self.left_out.append(LeftOut(PromptNode(key, what, values, "", self.place), reason, hint))

    def note(self, text: str) -> None:
        """Say something, once."""
        if text not in self.notes:
            self.notes.append(text)

    def prompt(self, description: str = "") -> Prompt:
        """What was taken, as a prompt."""
        return Prompt(dict(self.nodes), tuple(self.left_out), tuple(self.notes), description)


@dataclass(frozen=True, slots=True)
class Model:
    """The outputs of what loads a model."""

    model: PromptLink
    clip: PromptLink
    vae: PromptLink


def load(composer: Composer, checkpoint: str, vae: str, loras: Sequence[Lora], clip_skip: int) -> Model:
    """Load a checkpoint, with another VAE where one is named, LoRAs, and the layer to stop at.

    Args:
        composer: Takes the nodes.
        checkpoint: Name of its file.
        vae: Name of another VAE's file; empty: the checkpoint's own.
        loras: One after the other.
        clip_skip: Layers of the text encoder that are left out, plus one: 1 takes all.
    """
    loader = composer.add("CheckpointLoaderSimple", ckpt_name=checkpoint)
    model, clip = loader, PromptLink(loader.node, 1)
    for lora in loras:
        model = composer.add("LoraLoader", model=model, clip=clip, lora_name=lora.name,
                             strength_model=lora.strength, strength_clip=lora.strength_clip)  # fmt: skip
        clip = PromptLink(model.node, 1)
    if clip_skip > 1:
        clip = composer.add("CLIPSetLastLayer", clip=clip, stop_at_clip_layer=-clip_skip)
    own = PromptLink(loader.node, 2)
    return Model(model, clip, composer.add("VAELoader", vae_name=vae) if vae else own)


def file_name(name: str) -> str:
    """A model's name as that of a file: programs leave out the suffix."""
    known = (".safetensors", ".ckpt", ".pt", ".pth", ".bin")
    return name if name.lower().endswith(known) else f"{name}.safetensors"
