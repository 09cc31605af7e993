"""ComfyUI's nodes as the text of a file, in its API format or its editor format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from latentgraph.nodes.comfyui.exporting import OUTPUTS, Wire
from latentgraph.nodes.comfyui.widgets import core_nodes

Nodes = Mapping[str, Mapping[str, Any]]
COLUMN, ROW = 340, 60
"""Pixels from one column of nodes to the next, and between two nodes of a column."""


def api_text(nodes: Nodes) -> str:
    """The file that ComfyUI's server runs."""
    written = {
        key: {**node, "inputs": {name: _written(value) for name, value in node["inputs"].items()}}
        for key, node in nodes.items()
    }
    return json.dumps(written, indent=2, ensure_ascii=False) + "\n"


def _written(value: Any) -> Any:
    if isinstance(value, Wire):
        return [value.node, value.slot]
    # A list of two would be taken for a link.
    return {"__value__": value} if isinstance(value, list) else value


def editor_text(nodes: Nodes, description: str) -> str:
    """The file that ComfyUI's editor opens, version 0.4, each node right of those that it reads."""
    links: list[list[Any]] = []
    made = []
    below: dict[int, int] = {}
    columns = _columns(nodes)
    for order, (key, node) in enumerate(nodes.items()):
        column = columns[key]
        one = _node(int(key), node, order, links)
        height = 60 + 24 * (len(one["inputs"]) + len(one["widgets_values"]))
        one |= {"pos": [column * COLUMN, below.get(column, 0)], "size": [300, height]}
        below[column] = below.get(column, 0) + height + ROW
        made.append(one)
    for link in links:
        source = next(one for one in made if one["id"] == link[1])
        source["outputs"][link[2]]["links"].append(link[0])
    last = max((one["id"] for one in made), default=0)
    if description:
        last += 1
        made.append({"id": last, "type": "MarkdownNote", "pos": [-COLUMN - 60, 0], "size": [340, 240], "flags": {},
                     "order": len(made), "mode": 0, "inputs": [], "outputs": [], "properties": {},
                     "widgets_values": [description]})  # fmt: skip
    file: dict[str, Any] = {"last_node_id": last, "last_link_id": len(links), "nodes": made, "links": links}
    file |= {"groups": [], "config": {}, "extra": {}, "version": 0.4}
    return json.dumps(file, indent=2, ensure_ascii=False) + "\n"


def _node(key: int, node: Mapping[str, Any], order: int, links: list[list[Any]]) -> dict[str, Any]:
    widgets = core_nodes()[node["class_type"]]
    inputs: list[dict[str, Any]] = []
    for name, value in node["inputs"].items():
        if isinstance(value, Wire):
            links.append([len(links) + 1, int(value.node), value.slot, key, len(inputs), value.type])
            inputs.append({"name": name, "type": value.type, "link": len(links)})
            if name in widgets:
                inputs[-1]["widget"] = {"name": name}
    values: list[Any] = []
    for name, default in widgets.items():
        value = node["inputs"].get(name, default)
        values.append(default if isinstance(value, Wire) else value)
        if name in ("seed", "noise_seed"):
            values.append("fixed")
    if "image" in widgets:
        # The button by which a picture is uploaded.
        values.append("image")
    outputs = [{"name": kind, "type": kind, "links": [], "slot_index": slot}
               for slot, kind in enumerate(OUTPUTS[node["class_type"]])]  # fmt: skip
    title = node["_meta"]["title"]
    return {"id": key, "type": node["class_type"], "flags": {}, "order": order, "mode": 0, "inputs": inputs,
            "outputs": outputs, "title": title, "properties": {"Node name for S&R": node["class_type"]},
            "widgets_values": values}  # fmt: skip


def _columns(nodes: Nodes) -> dict[str, int]:
    """How many nodes lie before each; sources stand before what reads them."""
    columns: dict[str, int] = {}
    for key, node in nodes.items():
        before = [columns[value.node] for value in node["inputs"].values() if isinstance(value, Wire)]
        columns[key] = max(before, default=-1) + 1
    return columns
