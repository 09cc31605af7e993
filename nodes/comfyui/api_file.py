"""ComfyUI's API format: what its server takes, and what it writes into pictures as `prompt`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from latentgraph.nodes.comfyui.flattening import MAX_NODES, short
from latentgraph.nodes.comfyui.loading import fault
from latentgraph.nodes.comfyui.prompt import JSON, LeftOut, Prompt, PromptLink, PromptNode
from latentgraph.nodes.comfyui.widgets import core_nodes

WRAPPED = "__value__"
"""The one key of an object that holds a list which is meant as it stands, and not as a link."""


def is_api(data: Mapping[str, Any]) -> bool:
    """Whether an object is a workflow in the API format."""
    return any(isinstance(one, dict) and "class_type" in one for one in data.values())


def read_api(data: Mapping[str, Any], name: str) -> Prompt:
    """Read an object in the API format.

    Raises:
        WorkflowError: It has more than `MAX_NODES` nodes.
    """
    if len(data) > MAX_NODES:
        raise fault(name, f"the workflow has more than {MAX_NODES:,} nodes", "take a smaller part of it")
    nodes: dict[str, PromptNode] = {}
    left_out, notes = [], []
    for key, one in data.items():
        class_type = one.get("class_type") if isinstance(one, dict) else None
        place = f"node {short(key)}"
        if not isinstance(class_type, str) or not class_type:
            if isinstance(one, dict):
                left_out.append(LeftOut(PromptNode(key, "?", {}, "", place), "it does not say what kind of node it is"))
            continue
        meta = one.get("_meta")
        title = meta.get("title", "") if isinstance(meta, dict) else ""
        title = title if isinstance(title, str) and title != class_type else ""
        if title:
            place = f"{place} '{short(title)}'"
        inputs: dict[str, JSON | PromptLink] = {}
        written = one.get("inputs")
        for port, value in written.items() if isinstance(written, dict) else ():
            read = _value(value, class_type, port, data)
            if isinstance(read, PromptLink) and read.slot < 0:
                notes.append(f"{place}: its input '{short(port)}' is linked to output {read.slot}, which no node has")
            else:
                inputs[port] = read
        nodes[key] = PromptNode(key, class_type, inputs, title, place)
    return Prompt(nodes, tuple(left_out), tuple(notes))


def _value(value: Any, class_type: str, port: str, data: Mapping[str, Any]) -> JSON | PromptLink:
    if isinstance(value, dict) and len(value) == 1 and WRAPPED in value:
        literal: JSON = value[WRAPPED]
        return literal
    if isinstance(value, list) and len(value) == 2:
        node, slot = value
        # The server wants the id as text; programs that write the format have been seen to leave it a number.
        written_as_number = type(node) is int and str(node) in data and port not in core_nodes().get(class_type, {})
        whole = type(slot) is int or (isinstance(slot, float) and slot.is_integer())
        if (isinstance(node, str) or written_as_number) and whole:
            return PromptLink(str(node), int(slot))
    plain: JSON = value
    return plain
