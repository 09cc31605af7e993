"""Paths that nodes name, when the nodes move into a file in another folder.

Two folders are told by their ways from a third, the folder of the workflow; nothing on disk is looked at.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Any, Final

from latentgraph.graph.access import ReadsFile, reads_of
from latentgraph.graph.edit.edit import Data
from latentgraph.graph.node import Port
from latentgraph.graph.registry import Registry
from latentgraph.graph.workflow import LOOP, SUBWORKFLOW, link_text

Moved = Callable[[str], str]
"""What becomes of a relative path."""
_MARKS: Final = ("./", "../")
_DEEP: Final = "/" + "_/" * 64
"""Stands for the third folder: deep enough that a way up from it never ends at the root."""


def between(old: str, new: str) -> Moved:
    """What makes of a path that counts from the folder `old` one that counts from `new`."""
    old, new = (posixpath.normpath(posixpath.join(_DEEP, folder)) for folder in (old, new))

    def moved(path: str) -> str:
        if old == new or posixpath.isabs(path) or path.startswith("~"):
            return path
        relative = posixpath.relpath(posixpath.join(old, path), new)
        return relative if relative.startswith("../") else f"./{relative}"

    return moved


def rebase_node(node: Data, registry: Registry, moved: Moved) -> Data:
    """A node, with what it holds, whose relative paths are what `moved` makes of them."""
    made = dict(node)
    if node["type"] == SUBWORKFLOW and isinstance(node.get("file"), str):
        made["file"] = moved(node["file"])
    if node["type"] == LOOP:
        if "nodes" in node:
            made["nodes"] = {name: rebase_node(one, registry, moved) for name, one in node["nodes"].items()}
        return made
    declared = registry.get(node["type"])
    if declared and "inputs" in node:
        made["inputs"] = {
            name: rebase_value(value, declared.inputs.get(name), moved) for name, value in node["inputs"].items()
        }
    return made


def rebase_value(value: Any, port: Port | None, moved: Moved) -> Any:
    """A value of a port, moved where the port says that it names something to read."""
    reads = reads_of(port.type.metadata) if port and link_text(value) is None else None
    if reads is None:
        return value
    if isinstance(value, list):
        return [rebase_value(one, port, moved) for one in value]
    # Of other names only those that say so are paths: the rest may be names of models on the hub.
    is_path = isinstance(value, str) and "\0" not in value and (isinstance(reads, ReadsFile) or says_path(value))
    return moved(value) if is_path else value


def says_path(value: object) -> bool:
    """Whether a value is a text that begins as a relative path does."""
    return isinstance(value, str) and value.startswith(_MARKS) and "\0" not in value
