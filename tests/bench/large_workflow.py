"""A large workflow of nodes that ship: text_to_image over and over, each drawing its noise after the one before."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

LEFT_OUT = "random"
"""Only the first copy begins a stream of random numbers; the others go on with it."""


def large_workflow(nodes: int) -> dict[str, Any]:
    """A valid workflow with so many nodes at its top, the bodies of loops not counted."""
    shipped = json.loads(files("latentgraph.workflows").joinpath("text_to_image.json").read_text("utf-8"))
    copied: dict[str, Any] = {}
    turn = 0
    while len(copied) < nodes:
        for name, node in shipped["nodes"].items():
            if (turn == 0 or name != LEFT_OUT) and len(copied) < nodes:
                copied[f"{name}_{turn}"] = _linked(node, turn, set(shipped["nodes"]))
        turn += 1
    return {**shipped, "nodes": copied, "outputs": {"image": {"from": "checked_0.image"}}}


def _linked(value: Any, turn: int, names: set[str]) -> Any:
    """A node, or a part of it, with its links to others of the same copy."""
    if not isinstance(value, dict):
        return value
    linked = {key: part if key == "nodes" else _linked(part, turn, names) for key, part in value.items()}
    node, _, port = str(linked.get("from", "")).partition(".")
    if node == LEFT_OUT and turn > 0:
        return {**linked, "from": f"noise_{turn - 1}.random"}
    return {**linked, "from": f"{node}_{turn}.{port}"} if node in names else linked
