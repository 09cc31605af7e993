"""ControlNets and T2I-Adapters, which ComfyUI loads by one node."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final, Literal

from latentgraph.graph.access import AccessError
from latentgraph.nodes.comfyui.checkpoints import found_file
from latentgraph.nodes.comfyui.prompt import PromptNode
from latentgraph.nodes.comfyui.rules.conditioning import changed
from latentgraph.nodes.comfyui.translation import Translation, rule
from latentgraph.nodes.comfyui.values import ConditioningValue, ControlNetValue, ControlValue, ImageValue, Value
from latentgraph.nodes.loading.weights import read_header

FOLDERS: Final = ("controlnet", "t2i_adapter")
ADAPTER: Final = re.compile(r"t2i[-_]?adapter|coadapter", re.IGNORECASE)


@rule("ControlNetLoader", "DiffControlNetLoader")
def controlnet_loader(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """`load_controlnet` or `load_t2i_adapter`, as the file says if it is there, and else its name.

    DiffControlNetLoader is for files that hold only what they differ by from a model's weights; whole ones, which it
    takes as well, are read here, and the others are refused when they are.
    """
    written = t.literal(node, "control_net_name", "")
    kind = kind_of(t, written)
    title = "T2I-Adapter" if kind == "t2i_adapter" else "ControlNet"
    path = t.file(kind, written, f"A {title}: a .safetensors file, or a folder.")
    made = t.add(t.name(node, kind), f"load_{kind}", **{kind: path})
    return (ControlNetValue(made.port(kind), kind),)


def kind_of(t: Translation, written: str) -> Literal["controlnet", "t2i_adapter"]:
    """What a file is for."""
    path = found_file(written, t.options, FOLDERS)
    if path is not None and path.suffix == ".safetensors":
        try:
            names = {name.removeprefix("adapter.") for name in read_header(path, written)}
        except (AccessError, OSError):
            names = set()
        if names:
            adapter = "conv_in.weight" in names and any(name.startswith("body.") for name in names)
            return "t2i_adapter" if adapter else "controlnet"
    return "t2i_adapter" if ADAPTER.search(written) else "controlnet"


@rule("ControlNetApplyAdvanced", "ControlNetApply")
def controlnet_apply(t: Translation, node: PromptNode) -> tuple[Value, ...]:
    """Noted for what samples, which puts `control` or `add_t2i_adapter` into its guidance."""
    net, image = t.take(node, "control_net", ControlNetValue), t.take(node, "image", ImageValue)
    sides = ("conditioning",) if node.class_type == "ControlNetApply" else ("positive", "negative")
    given = [t.take(node, side, ConditioningValue) for side in sides]
    strength = t.scalar(node, "strength", 1.0)
    if strength == 0:
        return tuple(given)
    told = ControlValue(
        net.controlnet,
        image.image,
        strength,
        t.scalar(node, "start_percent", 0.0),
        t.scalar(node, "end_percent", 1.0),
        net.kind,
    )
    return tuple(changed(one, lambda entry: replace(entry, controls=(*entry.controls, told))) for one in given)
