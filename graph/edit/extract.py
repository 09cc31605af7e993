"""Making some nodes a workflow file of their own.

What they read becomes its inputs, what is read of them its outputs, and one node that runs it stands in their place.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from latentgraph.graph.boxes import INPUTS, End, link_to, path_of
from latentgraph.graph.declared import ANYTHING
from latentgraph.graph.edit.draft import Draft
from latentgraph.graph.edit.edit import Data, Edit
from latentgraph.graph.edit.fitting import output_type
from latentgraph.graph.edit.graph import Graph, require_name, unique
from latentgraph.graph.edit.nodes import name_for, several
from latentgraph.graph.edit.placing import group_members
from latentgraph.graph.edit.port_types import declaration
from latentgraph.graph.edit.rebase import Moved, between, rebase_node, says_path
from latentgraph.graph.edit.references import Reference, node_of, references
from latentgraph.graph.errors import EditError
from latentgraph.graph.node import Port
from latentgraph.graph.types import PortType
from latentgraph.graph.workflow import SUBWORKFLOW, VERSION, Workflow


@dataclass(frozen=True, slots=True)
class Extracted:
    """Nodes that became a file."""

    edit: Edit
    """Of the workflow that they were in; it is right once the file is there."""
    part: Workflow
    """What the file is to hold."""
    file: str
    """Where, as the workflow writes it."""
    name: str
    """Of the node that stands for them."""


@dataclass(slots=True)
class _Border:
    """The links that lead into and out of the nodes that were chosen."""

    entering: dict[End, list[Reference]] = field(default_factory=dict)
    """By what is read."""
    leaving: dict[End, list[Reference]] = field(default_factory=dict)
    """By what gives."""


def extract(graph: Graph, names: Iterable[str], file: str, name: str = "") -> Extracted:
    """Make nodes a workflow file, and put one node in their place that runs it.

    Args:
        graph: Where they are; in the body of a loop, too.
        names: The nodes.
        file: The file, relative to the workflow's folder and inside it.
        name: Of the new node; made from the file's where empty.

    Raises:
        EditError: They cannot be one node: a node that is not among them stands between two of them, they read what no
            input of a workflow can be, or they name files outside the part's folder. Or the name cannot be had.
    """
    chosen = dict.fromkeys(one for one in graph.nodes if one in set(names))
    for one in names:
        graph.node(one)
    if not chosen:
        raise EditError("Choose the nodes of the part first.")
    others = graph.nodes.keys() - chosen.keys()
    name = require_name(name, others) if name else unique(name_for(SUBWORKFLOW, file), others)
    _require_closed(graph, chosen)
    border = _border(graph, chosen)
    moved = between("", posixpath.dirname(file))
    inputs, taken = _inputs(graph, border, moved)
    outputs, given = _outputs(graph, border)
    part = _part(graph, chosen, border, inputs, taken, outputs, file)
    draft = graph.draft()
    for end, found in border.leaving.items():
        for reference in found:
            reference.write(draft, (name, given[end]))
    index = list(graph.nodes).index(next(iter(chosen)))
    for one in chosen:
        draft.remove((*graph.nodes_path, one))
    node = {
        "type": SUBWORKFLOW,
        "file": file,
        **({"inputs": {key: link_to(end) for end, key in taken.items()}} if taken else {}),
    }
    draft.insert((*graph.nodes_path, name), node, index)
    _place(graph, draft, chosen, name)
    edit = draft.edit(f"extract {several(tuple(chosen))} to {file}", graph.scope, (name,))
    return Extracted(edit, Workflow.model_validate(part, by_alias=True, by_name=False), file, name)


def _border(graph: Graph, chosen: Mapping[str, None]) -> _Border:
    border = _Border()
    for reference in references(graph.data, graph.scope):
        inside = reference.source[0] in chosen and reference.source[0] != graph.source_box
        # The boxes at the border of a scope have keys that no node has.
        enters = reference.target[0] in chosen
        if enters and not inside:
            border.entering.setdefault(reference.source, []).append(reference)
        elif inside and not enters:
            border.leaving.setdefault(reference.source, []).append(reference)
    return border


def _require_closed(graph: Graph, chosen: Mapping[str, None]) -> None:
    """Refuse a choice that a node outside stands in the middle of: the part would wait for itself."""
    feeds: dict[str, set[str]] = {}
    fed_by: dict[str, set[str]] = {}
    for reference in references(graph.data, graph.scope):
        source, target = reference.source[0], reference.target[0]
        if source in graph.nodes and target in graph.nodes:
            feeds.setdefault(source, set()).add(target)
            fed_by.setdefault(target, set()).add(source)
    between_them = [one for one in graph.nodes if one in _reached(feeds, chosen) & _reached(fed_by, chosen)]
    if between_them:
        named = " and ".join(f"'{one}'" for one in between_them[:3])
        more = f" and {len(between_them) - 3} more" if len(between_them) > 3 else ""
        one = len(between_them) == 1
        raise EditError(
            f"{named}{more} stand{'s' if one else ''} between them: the part would wait for itself. "
            f"Choose {'it' if one else 'them'} too."
        )


def _reached(links: Mapping[str, set[str]], chosen: Mapping[str, None]) -> set[str]:
    """The nodes outside that links lead to from those that were chosen."""
    reached: set[str] = set()
    waiting = [target for one in chosen for target in links.get(one, ())]
    while waiting:
        one = waiting.pop()
        if one not in chosen and one not in reached:
            reached.add(one)
            waiting += links.get(one, ())
    return reached


def _inputs(graph: Graph, border: _Border, moved: Moved) -> tuple[Data, dict[End, str]]:
    """The inputs that the part declares, and which of them each end outside goes into."""
    declared: Data = {}
    taken: dict[End, str] = {}
    for end, found in border.entering.items():
        name = _input_name(graph, end, found, declared)
        taken[end] = name
        declared[name] = _declared(graph, end, [one.target for one in found], moved)
    return declared, taken


def _input_name(graph: Graph, end: End, found: list[Reference], used: Mapping[str, object]) -> str:
    """What an input is called: as it is called outside, or as those call it who read it where they agree."""
    box, port = end
    if box == graph.source_box:
        return unique(port, used)
    wanted = {one.target[1] for one in found}
    name = wanted.pop() if len(wanted) == 1 else port
    if name in used:
        name = f"{box}_{port}"
    return unique(name, used)


def _declared(graph: Graph, end: End, targets: list[End], moved: Moved) -> Data:
    """How the part declares what comes in from an end."""
    if end[0] == INPUTS and not graph.scope and end[1] in graph.data.get("inputs", {}):
        own: Data = dict(graph.data["inputs"][end[1]])
        if says_path(own.get("default")):
            own["default"] = moved(own["default"])
        return own
    given = output_type(graph, end)
    ports = [port for box, key in targets if (port := graph.signatures.of(graph.scope, box).inputs.get(key))]
    candidates = [Port(end[1], given), *ports] if given != ANYTHING else ports
    for port in candidates:
        declared = declaration(Port(port.name, port.type), graph.signatures.registry)
        if declared is not None:
            break
    else:
        shown = given.name if given != ANYTHING else "a type that is not known"
        hint = f"Choose '{end[0]}' too." if end[0] in graph.nodes else "Choose other nodes."
        raise EditError(f"'{end[0]}.{end[1]}' is {shown}, which no input of a workflow can be. {hint}")
    help_ = next((port.help for port in ports if port.help), "")
    return {
        **_bounded(declared, ports, graph),
        **({"default": None} if _may_be_null(given, ports) else {}),
        **({"description": help_} if help_ else {}),
    }


def _bounded(declared: Data, ports: list[Port], graph: Graph) -> Data:
    """A declaration with the bounds of all that read it."""
    made = {key: value for key, value in declared.items() if key != "description"}
    for port in ports:
        theirs = declaration(Port(port.name, port.type), graph.signatures.registry)
        if theirs is None or theirs["type"] != made["type"]:
            continue
        if "choices" in theirs:
            own = made.get("choices", theirs["choices"])
            made["choices"] = [one for one in own if one in theirs["choices"]] or own
        for key, tighter in (("minimum", max), ("maximum", min), ("multiple_of", max)):
            if key in theirs:
                made[key] = tighter(made.get(key, theirs[key]), theirs[key])
    if "choices" in made:
        made = {key: made[key] for key in ("type", "choices")}
    return made


def _may_be_null(given: PortType, ports: list[Port]) -> bool:
    return given != ANYTHING and given.optional and all(port.type.optional for port in ports)


def _outputs(graph: Graph, border: _Border) -> tuple[Data, dict[End, str]]:
    """The outputs of the part, and which of them each end inside is."""
    outputs: Data = {}
    given: dict[End, str] = {}
    ports = [port for _, port in border.leaving]
    boxes = [box for box, _ in border.leaving]
    for box, port in border.leaving:
        # Two of one name are told apart by their nodes' names, both of them.
        told_apart = box if boxes.count(box) == 1 else f"{box}_{port}"
        name = unique(port if ports.count(port) == 1 else told_apart, outputs)
        given[box, port] = name
        outputs[name] = {"from": f"{box}.{port}"}
    return outputs, given


def _part(
    graph: Graph,
    chosen: Mapping[str, None],
    border: _Border,
    inputs: Data,
    taken: Mapping[End, str],
    outputs: Data,
    file: str,
) -> Data:
    """The workflow that the file is to hold."""
    moved = between("", posixpath.dirname(file))
    draft = graph.draft()
    for end, found in border.entering.items():
        for reference in found:
            reference.write(draft, (INPUTS, taken[end]))
    nodes = {
        name: rebase_node(
            draft.get((*graph.nodes_path, name)), graph.signatures.registry, partial(_inside, moved, name)
        )
        for name in chosen
    }
    start = len(path_of(graph.scope, ""))
    layout = {
        path[start:]: position
        for path, position in graph.data.get("layout", {}).items()
        if node_of(path, graph.scope) in chosen
    }
    groups: Data = {}
    for title, members in group_members(graph, chosen).items():
        groups[title] = {**graph.data["groups"][title], "nodes": members}
    schema = graph.data.get("$schema")
    return {
        **({"$schema": moved(schema) if says_path(schema) else schema} if schema else {}),
        "latentgraph": VERSION,
        **({"inputs": inputs} if inputs else {}),
        "nodes": nodes,
        **({"outputs": outputs} if outputs else {}),
        **({"groups": groups} if groups else {}),
        **({"layout": layout} if layout else {}),
    }


def _inside(moved: Moved, name: str, path: str) -> str:
    """A path as the part writes it.

    Raises:
        EditError: It leads out of the part's folder, where the part may not read.
    """
    new = moved(path)
    if new != path and new.startswith("../"):
        raise EditError(
            f"'{name}' reads '{path}', which does not lie in the folder of the part: a workflow reads from its own "
            "folder only. Put the part beside it, or leave the node out."
        )
    return new


def _place(graph: Graph, draft: Draft, chosen: Mapping[str, None], name: str) -> None:
    """Put the new node in the place of those that went, in groups and in the layout."""
    path = path_of(graph.scope, name)
    layout: Mapping[str, Any] = graph.data.get("layout", {})
    pinned = [one for one in layout if node_of(one, graph.scope) in chosen]
    positions = [layout[one] for one in pinned if one == path_of(graph.scope, node_of(one, graph.scope))]
    index = list(layout).index(pinned[0]) if pinned else 0
    for title, members in group_members(graph, chosen).items():
        before = graph.data["groups"][title]["nodes"]
        if len(members) == len(before):
            draft.remove(("groups", title))
        else:
            after = dict.fromkeys(path if node_of(one, graph.scope) in chosen else one for one in before)
            draft.set(("groups", title, "nodes"), list(after))
    for one in pinned:
        draft.remove(("layout", one))
    if positions:
        place = [min(column for column, _ in positions), min(row for _, row in positions)]
        draft.insert(("layout", path), place, index)
