"""Edits of where nodes stand on the canvas, and of what a reader takes together."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from latentgraph.graph.boxes import path_of
from latentgraph.graph.edit.draft import plain
from latentgraph.graph.edit.edit import Edit
from latentgraph.graph.edit.graph import Graph, unique
from latentgraph.graph.edit.nodes import several
from latentgraph.graph.edit.references import node_of
from latentgraph.graph.errors import EditError


def move(graph: Graph, positions: Mapping[str, tuple[int, int]]) -> Edit:
    """Pin boxes where they were put; of those at the borders, which have no place in the file, nothing is kept."""
    moved = {name: position for name, position in positions.items() if name in graph.nodes}
    draft = graph.draft()
    for name, (column, row) in moved.items():
        draft.set(("layout", path_of(graph.scope, name)), [int(column), int(row)])
    merge = "move " + " ".join(path_of(graph.scope, name) for name in sorted(moved))
    return draft.edit(f"move {several(tuple(moved))}", graph.scope, tuple(moved), merge)


def unpin(graph: Graph, names: Iterable[str] | None = None) -> Edit:
    """Leave the place of nodes to the automatic layout; of all nodes of the scope where None."""
    unpinned = tuple(graph.nodes if names is None else names)
    draft = graph.draft()
    for name in unpinned:
        draft.remove(("layout", path_of(graph.scope, name)))
    return draft.edit(f"unpin {several(unpinned) if names else 'all'}", graph.scope, unpinned if names else ())


def group(graph: Graph, names: Iterable[str], title: str = "group") -> Edit:
    """Take nodes together under a title, which gets a number where it is taken."""
    members = tuple(name for name in names if graph.node(name))
    if not members:
        raise EditError("Select the nodes of the group first.")
    title = unique(plain(title), graph.data.get("groups", {}))
    draft = graph.draft()
    draft.set(("groups", title), {"nodes": [path_of(graph.scope, name) for name in members]})
    return draft.edit(f"group {several(members)}", graph.scope, members)


def ungroup(graph: Graph, names: Iterable[str]) -> Edit:
    """Take nodes out of all their groups; a group goes with the last of its nodes."""
    members = tuple(names)
    left = {path_of(graph.scope, name) for name in members}
    draft = graph.draft()
    for title, one in list(graph.data.get("groups", {}).items()):
        kept = [path for path in one["nodes"] if path not in left]
        if kept or not one["nodes"]:
            draft.set(("groups", title, "nodes"), kept)
        else:
            draft.remove(("groups", title))
    return draft.edit(f"ungroup {several(members)}", graph.scope, members)


def rename_group(graph: Graph, old: str, new: str) -> Edit:
    """Give a group another title."""
    groups = graph.data.get("groups", {})
    if old not in groups:
        raise EditError(f"There is no group '{old}'.")
    if not new or new in groups.keys() - {old}:
        raise EditError(f"The title '{new}' is taken." if new else "A group needs a title.")
    draft = graph.draft()
    draft.rename(("groups",), old, plain(new))
    return draft.edit(f"rename the group {old} to {new}", graph.scope)


def group_members(graph: Graph, names: Container[str]) -> dict[str, list[str]]:
    """By the title of each group that takes in some nodes of a scope: their paths in it, counted from the scope."""
    start = len(path_of(graph.scope, ""))
    found: dict[str, list[str]] = {}
    for title, one in graph.data.get("groups", {}).items():
        members = [path[start:] for path in one["nodes"] if node_of(path, graph.scope) in names]
        if members:
            found[title] = members
    return found
