"""Workflows in ComfyUI's editor format, written the short way."""

from __future__ import annotations

import json
from typing import Any

Wire = tuple[int, int, int, str]
"""Id of the source, its output, id of the target, name of the target's input."""


def node(
    key: int | str,
    kind: str,
    values: Any = None,
    *,
    takes: str = "",
    gives: str = "",
    mode: int = 0,
    widgets: str = "",
    **more: Any,
) -> dict[str, Any]:
    """A node.

    Args:
        key: Its id.
        kind: Its type.
        values: Of its widgets.
        takes: Its inputs, `name:TYPE`, with blanks between.
        gives: The types of its outputs, with blanks between.
        mode: 2 muted, 4 bypassed.
        widgets: Inputs among them that stand for widgets.
        more: Other keys.
    """
    inputs: list[dict[str, Any]] = []
    for one in takes.split():
        name, _, port_type = one.partition(":")
        inputs.append({"name": name, "type": port_type, "link": None})
        if name in widgets.split():
            inputs[-1]["widget"] = {"name": name}
    outputs = [{"name": one, "type": one, "links": []} for one in gives.split()]
    made = {"id": key, "type": kind, "pos": [0, 0], "mode": mode, "inputs": inputs, "outputs": outputs, **more}
    return made if values is None else {**made, "widgets_values": values}


def graph(nodes: list[dict[str, Any]], wires: list[Wire], *, objects: bool = False, **more: Any) -> dict[str, Any]:
    """A file, or a subgraph of one with its links as objects."""
    links: list[Any] = []
    by_id = {one["id"]: one for one in nodes}
    for index, (source, output, target, name) in enumerate(wires, 1):
        slot = int(name) if target < 0 else [one["name"] for one in by_id[target]["inputs"]].index(name)
        if target >= 0:
            by_id[target]["inputs"][slot]["link"] = index
        link = [index, source, output, target, slot, "*"]
        keys = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
        links.append(dict(zip(keys, link, strict=True)) if objects else link)
    return {"last_node_id": 99, "last_link_id": 99, "version": 0.4, "nodes": nodes, "links": links, **more}


def raw(data: Any) -> bytes:
    """As it stands in a file."""
    return json.dumps(data).encode()
