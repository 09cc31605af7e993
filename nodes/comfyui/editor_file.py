"""ComfyUI's editor format (versions 0.4 and 1.0) as data, read kindly: what is not of the expected kind is not there.

Links stand as lists of six or as objects, nodes in a list or an object, ids as numbers or strings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from latentgraph.nodes.comfyui.prompt import JSON

MUTED, BYPASSED = 2, 4
"""Modes of a node that does not run."""
NOTES = frozenset({"Note", "MarkdownNote"})
ENTRY, EXIT = "-10", "-20"
"""Ids of the two nodes at the border of a subgraph, where the file gives none."""


@dataclass(frozen=True, slots=True)
class Slot:
    """An input or output of a node."""

    name: str
    type: str
    link: str = ""
    """Of an input: the id of its link; empty without one."""
    widget: str = ""
    """The widget that it stands for; empty where it has none."""


@dataclass(frozen=True, slots=True)
class EditorLink:
    """A wire."""

    origin: str
    origin_slot: int
    target: str
    target_slot: int


@dataclass(frozen=True)
class EditorNode:
    """A node as the editor saved it."""

    id: str
    type: str
    title: str = ""
    mode: int = 0
    inputs: tuple[Slot, ...] = ()
    outputs: tuple[Slot, ...] = ()
    values: tuple[JSON, ...] = ()
    """Of its widgets, by position."""
    named: Mapping[str, JSON] | None = None
    """Of its widgets, by name, where the file has them so."""

    @property
    def runs(self) -> bool:
        """Whether it is neither muted nor bypassed."""
        return self.mode not in (MUTED, BYPASSED)

    @cached_property
    def inputs_by_name(self) -> Mapping[str, Slot]:
        """Its inputs; of two with one name the first."""
        return {slot.name: slot for slot in reversed(self.inputs)}

    @cached_property
    def values_by_name(self) -> Mapping[str, JSON]:
        """The values of its widgets by name, where the file has names.

        Where the file has both, they are the names of the values by position: files are edited there and not here.
        """
        if self.named is not None and len(self.named) == len(self.values):
            return dict(zip(self.named, self.values, strict=True))
        return self.named or {}

    def slot_through(self, output: int) -> Slot | None:
        """The linked input that a bypassed node hands to an output: of the same type, best at the same position."""
        if not 0 <= output < len(self.outputs):
            return None
        wanted = self.outputs[output].type
        for slot in (*self.inputs[output : output + 1], *self.inputs):
            if slot.link and (slot.type == wanted or "*" in (slot.type, wanted)):
                return slot
        return None


@dataclass(frozen=True)
class EditorGraph:
    """The graph of a file, or of a subgraph in it."""

    name: str = ""
    """Of a subgraph."""
    nodes: Mapping[str, EditorNode] = field(default_factory=dict)
    links: Mapping[str, EditorLink] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    """Names of the inputs of a subgraph."""
    entry: str = ENTRY
    exit: str = EXIT
    repeated: tuple[EditorNode, ...] = ()
    """Nodes whose id another one has already."""

    @cached_property
    def exits(self) -> Mapping[int, str]:
        """The link that leads to each output of a subgraph."""
        return {link.target_slot: name for name, link in self.links.items() if link.target == self.exit}

    @cached_property
    def promoted(self) -> tuple[str, ...]:
        """The inputs of a subgraph that stand for a widget inside it: a node of it has a value for each."""
        slots = set()
        for link in self.links.values():
            if link.origin == self.entry and (target := self.nodes.get(link.target)) is not None:
                slot = target.inputs[link.target_slot] if 0 <= link.target_slot < len(target.inputs) else None
                if slot is not None and slot.widget:
                    slots.add(link.origin_slot)
        return tuple(name for index, name in enumerate(self.inputs) if index in slots)

    @cached_property
    def setters(self) -> Mapping[str, EditorNode]:
        """Nodes that give what flows into them a name, by that name."""
        named = {}
        for node in self.nodes.values():
            if node.type in SETTERS and node.values and isinstance(node.values[0], str):
                named[node.values[0]] = node
        return named


SETTERS = frozenset({"SetNode", "easy setNode"})
"""Of widespread packages of nodes; the editor follows them itself, so that the server never sees one."""
GETTERS = frozenset({"GetNode", "easy getNode"})


@dataclass(frozen=True, slots=True)
class EditorFile:
    """A whole file."""

    graph: EditorGraph
    subgraphs: Mapping[str, EditorGraph]
    """By id, which is the type of the nodes that stand for them."""
    group_nodes: frozenset[str] = frozenset()
    """Names of old group nodes, the predecessors of subgraphs."""


def count_nodes(data: Mapping[str, Any]) -> int:
    """How many nodes a file has, each subgraph counted once."""
    graphs = [data, *_items(_mapping(data.get("definitions")).get("subgraphs"))]
    listed = (_mapping(graph).get("nodes") for graph in graphs)
    return sum(len(nodes) for nodes in listed if isinstance(nodes, (list, dict)))


def editor_file(data: Mapping[str, Any]) -> EditorFile:
    """Read a file whose JSON has been loaded."""
    subgraphs: dict[str, EditorGraph] = {}
    for one in _items(_mapping(data.get("definitions")).get("subgraphs")):
        if isinstance(one, dict) and (key := _id(one.get("id"))):
            subgraphs.setdefault(key, _graph(one))
    group_nodes = frozenset(str(name) for name in _mapping(_mapping(data.get("extra")).get("groupNodes")))
    return EditorFile(_graph(data), subgraphs, group_nodes)


def _graph(data: Mapping[str, Any]) -> EditorGraph:
    nodes: dict[str, EditorNode] = {}
    repeated = []
    for one in _items(data.get("nodes")):
        if isinstance(one, dict) and isinstance(one.get("type"), str) and (key := _id(one.get("id"))):
            node = _node(key, one)
            if key in nodes:
                repeated.append(node)
            else:
                nodes[key] = node
    names = tuple(_text(_mapping(one).get("name")) for one in _items(data.get("inputs")))
    entry = _id(_mapping(data.get("inputNode")).get("id")) or ENTRY
    leave = _id(_mapping(data.get("outputNode")).get("id")) or EXIT
    links = dict(pair for one in _items(data.get("links")) if (pair := _link(one)) is not None)
    return EditorGraph(_text(data.get("name")), nodes, links, names, entry, leave, tuple(repeated))


def _node(key: str, data: Mapping[str, Any]) -> EditorNode:
    values = data.get("widgets_values")
    named = data.get("widgets_values_named")
    if isinstance(values, dict):
        values, named = None, named if isinstance(named, dict) else values
    mode = data.get("mode")
    return EditorNode(
        key,
        data["type"],
        _text(data.get("title")),
        mode if isinstance(mode, int) else 0,
        tuple(_slot(one) for one in _items(data.get("inputs"))),
        tuple(_slot(one) for one in _items(data.get("outputs"))),
        tuple(values) if isinstance(values, list) else (),
        named if isinstance(named, dict) else None,
    )


def _slot(data: Any) -> Slot:
    known = _mapping(data)
    widget = known.get("widget")
    widget_name = _text(widget.get("name")) if isinstance(widget, dict) else ""
    kind = known.get("type")
    return Slot(_text(known.get("name")), "*" if kind in (0, -1) else str(kind), _id(known.get("link")), widget_name)


def _link(data: Any) -> tuple[str, EditorLink] | None:
    if isinstance(data, dict):
        parts = [data.get(key) for key in ("id", "origin_id", "origin_slot", "target_id", "target_slot")]
    elif isinstance(data, list) and len(data) >= 5:
        parts = data[:5]
    else:
        return None
    key, origin, target = _id(parts[0]), _id(parts[1]), _id(parts[3])
    if not key or not origin or not target:
        return None
    return key, EditorLink(origin, _position(parts[2]), target, _position(parts[4]))


def _items(value: Any) -> Iterable[Any]:
    """What a list holds, or an object's values."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _id(value: Any) -> str:
    """An id as text; empty where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _position(value: Any) -> int:
    """A slot's position; -1 where it is none."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 6:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else -1
