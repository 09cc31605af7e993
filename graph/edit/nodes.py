"""Edits of nodes: adding, deleting, renaming, and what stands in a node beside its ports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from latentgraph.graph.boxes import NEW_INPUT, End, path_of
from latentgraph.graph.edit.draft import plain
from latentgraph.graph.edit.edit import Data, Edit
from latentgraph.graph.edit.fitting import cycle, input_for, missing, named, output_for, output_type
from latentgraph.graph.edit.graph import Graph, require_name, unique, unknown
from latentgraph.graph.edit.linking import write_link
from latentgraph.graph.edit.references import follow_paths, moved_to, references
from latentgraph.graph.errors import EditError
from latentgraph.graph.node import NodeType
from latentgraph.graph.packages import package_of
from latentgraph.graph.workflow import LOOP, SUBWORKFLOW

_DISABLING = {"mute": "mute", "bypass": "bypass", None: "enable"}


def add_node(
    graph: Graph,
    type: str,
    name: str = "",
    *,
    inputs: Mapping[str, Any] | None = None,
    file: str = "",
    source: End | None = None,
    target: End | None = None,
    position: tuple[int, int] | None = None,
) -> Edit:
    """Add a node.

    Args:
        graph: Where.
        type: A node type, or `loop`, or `workflow`.
        name: Its name; made from the type where empty.
        inputs: Values and links of its ports, as a file writes them.
        file: Of a sub-workflow.
        source: An output that it is to read, with the first port that takes it.
        target: An input that is to read it, from the first output that fits.
        position: Where it is pinned.

    Raises:
        EditError: The name cannot be had, or what it is to be linked to does not fit.
    """
    if type == SUBWORKFLOW and not file:
        raise EditError("A sub-workflow needs a file.")
    _require_ends(graph, source, target)
    declared = graph.signatures.registry.get(type)
    name = require_name(name, graph.nodes) if name else unique(name_for(type, file), graph.nodes)
    body: Data = {"nodes": {}} if type == LOOP else {}
    given = plain(dict(inputs or {}))
    if source:
        given |= {_way_in(graph, declared, type, source): {"from": f"{source[0]}.{source[1]}"}}
    head = {
        "type": type,
        **({"file": plain(file)} if type == SUBWORKFLOW else {}),
        **({"package": package} if (package := package_of(type, graph.signatures.registry)) else {}),
    }
    draft = graph.draft()
    draft.set((*graph.nodes_path, name), {**head, **({"inputs": given} if given else {}), **body})
    if target:
        output = output_for(graph, declared, target) if declared else ""
        if not output:
            raise EditError(f"'{type}' gives nothing that {named(target)} takes.")
        write_link(draft, graph.scope, (name, output), target)
    if position:
        draft.set(("layout", path_of(graph.scope, name)), [int(one) for one in position])
    return draft.edit(f"add {name}", graph.scope, (name,))


def add_loop(graph: Graph, name: str = "", *, position: tuple[int, int] | None = None) -> Edit:
    """Add an empty loop; it is grown by links to `+each`, `+carry` and `+input`."""
    return add_node(graph, LOOP, name, position=position)


def rename(graph: Graph, old: str, new: str) -> Edit:
    """Give a node another name, which links, groups and layout follow."""
    graph.node(old)
    require_name(new, graph.nodes.keys() - {old})
    draft = graph.draft()
    draft.rename(graph.nodes_path, old, new)
    for reference in references(draft.data, graph.scope):
        if reference.source[0] == old != graph.source_box:
            reference.write(draft, (new, reference.source[1]))
    follow_paths(draft, lambda path: moved_to(path, graph.scope, old, new))
    return draft.edit(f"rename {old} to {new}", graph.scope, (new,))


def retype(graph: Graph, name: str, type: str) -> Edit:
    """Make a node one of another type, with the inputs that it has.

    Raises:
        EditError: There is no such type, or the node is a loop, whose body no other type has.
    """
    node = graph.node(name)
    if type != LOOP and any(node.get(kind) for kind in ("each", "carry", "nodes", "collect")):
        raise EditError(f"'{name}' is a loop with a body: add another node in its place.")
    registry = graph.signatures.registry
    if type not in (LOOP, SUBWORKFLOW) and registry.get(type) is None:
        raise EditError(unknown("node type", type, registry.names()))
    path = (*graph.nodes_path, name)
    draft = graph.draft()
    draft.set((*path, "type"), type)
    if type != SUBWORKFLOW:
        draft.remove((*path, "file"))
    draft.write_text((*path, "package"), package_of(type, registry))
    return draft.edit(f"make {name} a {type}", graph.scope, (name,))


def set_file(graph: Graph, name: str, file: str) -> Edit:
    """Let a sub-workflow be another file."""
    if graph.node(name)["type"] != SUBWORKFLOW:
        raise EditError(f"'{name}' is no sub-workflow.")
    draft = graph.draft()
    draft.set((*graph.nodes_path, name, "file"), plain(file))
    return draft.edit(f"set the file of {name}", graph.scope, (name,), f"file {path_of(graph.scope, name)}")


def disable(graph: Graph, names: Iterable[str], how: Literal["mute", "bypass"] | None) -> Edit:
    """Mute nodes, let them pass on what they get, or (None) have them run again."""
    draft, names = graph.draft(), tuple(names)
    for name in names:
        graph.node(name)
        draft.write_text((*graph.nodes_path, name, "disabled"), how or "")
    return draft.edit(f"{_DISABLING[how]} {several(names)}", graph.scope, names)


def describe(graph: Graph, name: str, text: str) -> Edit:
    """Write the description of a node; an empty text takes it away."""
    graph.node(name)
    draft = graph.draft()
    draft.write_text((*graph.nodes_path, name, "description"), text)
    return draft.edit(f"describe {name}", graph.scope, (name,), f"describe {path_of(graph.scope, name)}")


def several(names: tuple[str, ...]) -> str:
    """Nodes in the label of an edit."""
    return names[0] if len(names) == 1 else f"{len(names)} nodes"


def name_for(type: str, file: str) -> str:
    """A name for a node of a type: for a sub-workflow from its file, for a loop one that a body does not use."""
    if type == LOOP:
        return "repeat"
    stem = file.replace("\\", "/").rpartition("/")[2].partition(".")[0] if type == SUBWORKFLOW else type
    name = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in stem)
    return name if name[:1].isalpha() or name[:1] == "_" else f"_{name}"


def _require_ends(graph: Graph, source: End | None, target: End | None) -> None:
    why = ""
    if source:
        why = missing(graph, source, output=True)
        if source[1] == NEW_INPUT:
            why = "Which port a new input is for is known when the node is there: add the node first."
    if target:
        why = why or missing(graph, target, output=False)
    if source and target:
        why = why or cycle(graph, source, target)
    if why:
        raise EditError(why)


def _way_in(graph: Graph, declared: NodeType | None, type: str, source: End) -> str:
    port = input_for(declared, output_type(graph, source)) if declared else ""
    if not port:
        raise EditError(f"'{type}' takes nothing that {named(source)} gives.")
    return port
