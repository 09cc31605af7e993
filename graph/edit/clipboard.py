"""Nodes as text and back: what is copied is a workflow file of its own, for any editor and any clipboard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from latentgraph.graph.boxes import end_of, path_of
from latentgraph.graph.canonical import canonical_data, canonical_text
from latentgraph.graph.document import parse_document
from latentgraph.graph.edit.edit import Data, Edit
from latentgraph.graph.edit.graph import Graph, unique
from latentgraph.graph.edit.nodes import several
from latentgraph.graph.edit.references import node_of
from latentgraph.graph.errors import EditError, WorkflowError
from latentgraph.graph.names import NAME
from latentgraph.graph.workflow import LOOP, VERSION, Workflow

_SHIFT = (4, 2)
"""Columns and rows that a copy stands beside its original."""


def copy(graph: Graph, names: Iterable[str]) -> str:
    """The text of a workflow of some nodes, with their links, their positions and those of what they hold."""
    nodes = {name: graph.node(name) for name in names}
    start = len(path_of(graph.scope, ""))
    layout = {
        path[start:]: position
        for path, position in graph.data.get("layout", {}).items()
        if node_of(path, graph.scope) in nodes
    }
    data = {"latentgraph": VERSION, "nodes": nodes, **({"layout": layout} if layout else {})}
    return canonical_text(Workflow.model_validate(data, by_alias=True, by_name=False))


def paste(graph: Graph, text: str, *, keep_links: bool = False, shift: tuple[int, int] = _SHIFT) -> Edit:
    """Add the nodes of a workflow's text, under names that are free.

    Args:
        graph: Where.
        text: As `copy` gives it, or any workflow.
        keep_links: Whether their links to nodes that were not copied are kept, where there are such nodes here.
        shift: Columns and rows between their positions and where they stood.

    Raises:
        EditError: The text is no workflow, or holds no nodes.
    """
    data = _read(text)
    names: dict[str, str] = {}
    taken = set(graph.nodes)
    for name in data["nodes"]:
        names[name] = unique(name if NAME.fullmatch(name) else "node", taken)
        taken.add(names[name])
    draft = graph.draft()
    for name, node in data["nodes"].items():
        draft.set((*graph.nodes_path, names[name]), _relinked(graph, node, names, keep_links=keep_links))
    for path, (column, row) in data.get("layout", {}).items():
        name, slash, inner = path.partition("/")
        if name in names:
            by = (0, 0) if slash else shift
            new = path_of(graph.scope, names[name]) + slash + inner
            draft.set(("layout", new), [column + by[0], row + by[1]])
    made = tuple(names.values())
    return draft.edit(f"paste {several(made)}", graph.scope, made)


def duplicate(graph: Graph, names: Iterable[str], *, keep_links: bool = True) -> Edit:
    """Add copies of nodes beside them, reading what they read."""
    names = tuple(names)
    made = paste(graph, copy(graph, names), keep_links=keep_links)
    return replace(made, label=f"duplicate {several(names)}")


def _read(text: str) -> Data:
    try:
        data = canonical_data(parse_document(text.encode("utf-8", "replace"), "clipboard").workflow)
    except WorkflowError as error:
        raise EditError(f"The clipboard holds no nodes: {error.problems[0].message}.") from None
    if not data["nodes"]:
        raise EditError("The clipboard holds no nodes.")
    return data


def _relinked(graph: Graph, node: Data, names: Mapping[str, str], *, keep_links: bool) -> Data:
    """A node whose links lead to the copies; one to something else is kept where that is asked for, and is there."""
    made: Data = {}
    for key, value in node.items():
        # An entry of a loop is nothing without its link, so that is kept whatever it leads to.
        if key in ("each", "carry"):
            value = {name: _renamed(entry, names) for name, entry in value.items()}
        elif key == "inputs":
            value = {
                name: _renamed(entry, names)
                for name, entry in value.items()
                if node["type"] == LOOP or _stays(graph, entry, names, keep_links=keep_links)
            }
            if not value:
                continue
        made[key] = value
    return made


def _renamed(entry: Any, names: Mapping[str, str]) -> Any:
    source = end_of(entry) or (end_of({"from": entry["from"]}) if isinstance(entry, dict) and "next" in entry else None)
    if source is None or source[0] not in names:
        return entry
    return {**entry, "from": f"{names[source[0]]}.{source[1]}"}


def _stays(graph: Graph, entry: object, names: Mapping[str, str], *, keep_links: bool) -> bool:
    """Whether an input of a pasted node is a value, a link to another copy, or a link that is kept."""
    source = end_of(entry)
    if source is None or source[0] in names:
        return True
    return keep_links and graph.signatures.type_of(graph.scope, f"{source[0]}.{source[1]}") is not None
