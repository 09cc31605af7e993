"""Putting the nodes of a sub-workflow in its place: the reverse of extracting them."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from latentgraph.graph.boxes import INPUTS, OUTPUTS, End, end_of, path_of
from latentgraph.graph.canonical import canonical_data
from latentgraph.graph.edit.draft import Draft
from latentgraph.graph.edit.edit import ABSENT, Data, Edit
from latentgraph.graph.edit.graph import Graph, unique
from latentgraph.graph.edit.linking import drop
from latentgraph.graph.edit.rebase import between, rebase_node, says_path
from latentgraph.graph.edit.references import Reference, node_of, references
from latentgraph.graph.errors import EditError
from latentgraph.graph.workflow import LOOP, SUBWORKFLOW, Workflow


@dataclass(frozen=True, slots=True)
class _Inlined:
    """A sub-workflow on its way into the graph around it."""

    node: Data
    """That stands for it."""
    part: Data
    """What its file holds, paths counted from the folder of the workflow around."""
    names: Mapping[str, str]
    """What its nodes are called from then on."""
    given: Mapping[str, Any]
    """By the name of an input, the link or value that is given for it, its default else; ABSENT where neither is."""


def inline(graph: Graph, name: str, part: Workflow) -> Edit:
    """Put the nodes of a sub-workflow in its place, under names that are free, linked as it was.

    Args:
        graph: Where it is; in the body of a loop, too.
        name: The sub-workflow's node.
        part: What its file holds.

    Raises:
        EditError: It is no sub-workflow, it is disabled, or something in it begins with a value where only a link can
            stand.
    """
    node = graph.node(name)
    if node["type"] != SUBWORKFLOW:
        raise EditError(f"'{name}' is no sub-workflow.")
    if disabled := node.get("disabled"):
        raise EditError(f"'{name}' is {'muted' if disabled == 'mute' else 'bypassed'}; enable it first.")
    going_in = _prepared(graph, name, node, part)
    draft = graph.draft()
    for reference in references(graph.data, graph.scope):
        if reference.source[0] == name != graph.source_box:
            _give(draft, going_in, reference, name)
    index = list(graph.nodes).index(name)
    draft.remove((*graph.nodes_path, name))
    for old, inner in _linked_nodes(going_in, name).items():
        draft.insert((*graph.nodes_path, going_in.names[old]), inner, index)
        index += 1
    _place(graph, draft, going_in, name)
    return draft.edit(f"inline {name}", graph.scope, tuple(going_in.names.values()))


def _prepared(graph: Graph, name: str, node: Data, part: Workflow) -> _Inlined:
    data = canonical_data(part)
    moved = between(posixpath.dirname(str(node.get("file", ""))), "")
    registry = graph.signatures.registry
    data["nodes"] = {key: rebase_node(one, registry, moved) for key, one in data["nodes"].items()}
    taken = graph.nodes.keys() - {name}
    names: dict[str, str] = {}
    for key in data["nodes"]:
        names[key] = unique(key, taken | set(names.values()))
    given = {}
    for key, declared in data.get("inputs", {}).items():
        default = declared.get("default", ABSENT)
        given[key] = node.get("inputs", {}).get(key, moved(default) if says_path(default) else default)
        if (end := end_of(given[key])) and end[0] == name:
            raise EditError(f"'{name}' waits for itself; take that link away first.")
    return _Inlined(node, data, names, given)


def _linked_nodes(going_in: _Inlined, name: str) -> Data:
    """The nodes of the part, with their links as they are in the graph around."""
    draft = Draft(going_in.part)
    for reference in references(going_in.part, ()):
        box, port = reference.source
        if reference.target[0] == OUTPUTS:
            continue
        if box == INPUTS:
            _put(draft, reference, going_in.given.get(port, ABSENT), f"{name}/{reference.target[0]}", port)
        elif box in going_in.names:
            reference.write(draft, (going_in.names[box], port))
    nodes: Data = draft.data["nodes"]
    return nodes


def _give(draft: Draft, going_in: _Inlined, reference: Reference, name: str) -> None:
    """Let what read an output of the sub-workflow read what that is."""
    output = going_in.part.get("outputs", {}).get(reference.source[1], {})
    end = end_of({"from": output.get("from", "")})
    if end and end[0] in going_in.names:
        reference.write(draft, (going_in.names[end[0]], end[1]))
    elif end and end[0] == INPUTS:
        _put(draft, reference, going_in.given.get(end[1], ABSENT), reference.target[0], end[1])
    else:
        drop(draft, reference)


def _put(draft: Draft, reference: Reference, value: Any, where: str, port: str) -> None:
    """Put what is given for an input in the place of a link to it."""
    end: End | None = end_of(value)
    if end is not None:
        reference.write(draft, end)
    elif value is not ABSENT and reference.optional:
        draft.set(reference.entry, value)
    elif value is ABSENT and reference.optional and draft.get((*reference.path[:-3], "type")) != LOOP:
        draft.remove(reference.entry)
    else:
        what = "has no value" if value is ABSENT else "is a value"
        raise EditError(
            f"'{where}.{reference.target[1]}' can only read a link, and the input '{port}' {what}: "
            "link it to an input of the workflow first."
        )


def _place(graph: Graph, draft: Draft, going_in: _Inlined, name: str) -> None:
    """Carry layout and groups of the part over: as they stood to each other, if the sub-workflow was pinned."""
    path, layout = path_of(graph.scope, name), going_in.part.get("layout", {})
    outside: Data = graph.data.get("layout", {})
    tops = [position for one, position in layout.items() if one in going_in.names]
    shift = None
    if path in outside and tops:
        column, row = outside[path]
        shift = (column - min(one[0] for one in tops), row - min(one[1] for one in tops))
    index = list(outside).index(path) if path in outside else len(outside)
    draft.remove(("layout", path))
    for old, position in layout.items():
        top, slash, _ = old.partition("/")
        if top not in going_in.names or (not slash and shift is None):
            continue
        by = (0, 0) if slash or shift is None else shift
        draft.insert(("layout", _new_path(graph, going_in, old)), [position[0] + by[0], position[1] + by[1]], index)
        index += 1
    _group(graph, draft, going_in, name)


def _group(graph: Graph, draft: Draft, going_in: _Inlined, name: str) -> None:
    """Put the nodes into the groups that the sub-workflow was in: those that its own group of that title names."""
    inner: Data = going_in.part.get("groups", {})
    around = {
        title
        for title, one in graph.data.get("groups", {}).items()
        if any(node_of(path, graph.scope) == name for path in one["nodes"])
    }
    for title in around:
        members = inner[title]["nodes"] if title in inner else list(going_in.names)
        found = [_new_path(graph, going_in, path) for path in members if path.partition("/")[0] in going_in.names]
        after: dict[str, None] = {}
        for path in graph.data["groups"][title]["nodes"]:
            after |= dict.fromkeys(found if node_of(path, graph.scope) == name else [path])
        draft.set(("groups", title, "nodes"), list(after))
    for title, one in inner.items():
        members = [path for path in one["nodes"] if path.partition("/")[0] in going_in.names]
        if title not in around and members:
            new = unique(title, draft.get(("groups",), {}))
            draft.set(("groups", new), {**one, "nodes": [_new_path(graph, going_in, path) for path in members]})


def _new_path(graph: Graph, going_in: _Inlined, path: str) -> str:
    top, slash, inside = path.partition("/")
    return path_of(graph.scope, going_in.names[top]) + slash + inside
