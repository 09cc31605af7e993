"""The workflows of the package comfyui-workflow-templates, which other people made, in both formats of ComfyUI."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from latentgraph.nodes.comfyui.prompt import Prompt, PromptLink
from latentgraph.nodes.comfyui.widgets import core_nodes

_OF_THE_EDITOR = ("Note", "MarkdownNote", "PrimitiveNode", "Reroute")
"""Nodes that the server does not know."""


def template_files() -> list[Path]:
    """Every JSON file of the package, its lists included."""
    return sorted(Path(str(files("comfyui_workflow_templates").joinpath("templates"))).glob("*.json"))


def template_workflows() -> list[Path]:
    """Those of the files that are workflows."""
    return [path for path in template_files() if '"last_node_id"' in path.read_text("utf-8")]


def api_of(workflow: Mapping[str, Any]) -> dict[str, Any]:
    """A workflow of the editor in the API format, made by a program that other people wrote (comfyui-autograph).

    It needs to be told the widgets of nodes, as ComfyUI's server would: those of core nodes come from our table, the
    others are made up, a text for each value that the file has.
    """
    from autograph.convert import convert_workflow_with_errors

    made = convert_workflow_with_errors(json.loads(json.dumps(workflow)), node_info=_node_info(workflow))
    return dict(json.loads(json.dumps(made.data)))


def graphs_of(workflow: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The graph of a file, and those of its subgraphs."""
    yield workflow
    yield from workflow.get("definitions", {}).get("subgraphs", [])


def _node_info(workflow: Mapping[str, Any]) -> dict[str, Any]:
    info: dict[str, Any] = {}
    for graph in graphs_of(workflow):
        for node in graph["nodes"]:
            known = core_nodes().get(node["type"])
            if node["type"] in _OF_THE_EDITOR:
                continue
            inputs = info.setdefault(node["type"], {"input": {"required": {}, "optional": {}}, "output": []})["input"]
            values = node.get("widgets_values") or []
            if known is not None:
                inputs["required"] |= {name: _spec(node["type"], name, default) for name, default in known.items()}
            elif isinstance(values, list):
                inputs["required"] |= {f"value_{index}": ["STRING", {}] for index in range(len(values))}
            for slot in node.get("inputs", []):
                if not slot.get("widget"):
                    inputs["optional"].setdefault(slot["name"], [slot["type"], {}])
    return info


def _spec(kind: str, name: str, default: Any) -> list[Any]:
    more: dict[str, Any] = {} if default is None else {"default": default}
    if name in ("seed", "noise_seed") or kind == "PrimitiveInt":
        more["control_after_generate"] = True
    if kind.startswith("LoadImage") and name == "image":
        more["image_upload"] = True
    if isinstance(default, dict):
        choices = [
            {"key": key, "inputs": {"required": {one: _spec("", one, value) for one, value in inner.items()}}}
            for key, inner in default.items()
        ]
        return ["COMFY_DYNAMICCOMBO_V3", {"options": choices}]
    kinds = {bool: "BOOLEAN", int: "INT", float: "FLOAT"}
    return [kinds.get(type(default), "STRING"), more]


def shape_of(prompt: Prompt) -> Counter[str]:
    """A prompt without its ids: each node as what it is and what it is linked to, all the way back.

    Links to nodes that are not there are left out: the other program leaves them where a node is muted.
    """
    known: dict[str, str] = {}

    def shape(key: str) -> str:
        if key not in known and key in prompt.nodes:
            node = prompt.nodes[key]
            core = core_nodes().get(node.class_type)
            inputs = {
                name: f"{shape(value.node)} {value.slot}" if isinstance(value, PromptLink) else json.dumps(value)
                for name, value in sorted(node.inputs.items())
                if (value.node in prompt.nodes if isinstance(value, PromptLink) else core is not None)
            }
            known[key] = f"{node.class_type} #{hash(json.dumps(inputs))}"
        return known.get(key, "nothing")

    return Counter(shape(key) for key in prompt.nodes)
