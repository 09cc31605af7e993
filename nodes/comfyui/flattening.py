"""From the editor format to the normal form: subgraphs opened up, and every link followed to what it stands for.

The editor does this in the browser before it hands a workflow to the server. Its rules are kept: a muted node gives
nothing; a bypassed one hands on its first linked input of the output's type, the one at the output's own position
first; what is virtual (reroutes, primitives, get and set) is looked through.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from latentgraph.graph.names import printable
from latentgraph.nodes.comfyui.editor_file import (
    BYPASSED,
    GETTERS,
    NOTES,
    SETTERS,
    EditorFile,
    EditorGraph,
    EditorNode,
    Slot,
)
from latentgraph.nodes.comfyui.loading import fault
from latentgraph.nodes.comfyui.prompt import JSON, LeftOut, Prompt, PromptLink, PromptNode
from latentgraph.nodes.comfyui.widgets import named_values

MAX_NODES = 10_000
"""Nodes after subgraphs are opened up: a file of a few kilobytes could ask for more than any memory holds."""
MAX_DEPTH = 30
"""Levels of subgraphs."""
REROUTES = frozenset({"Reroute", "Reroute (rgthree)", "ReroutePrimitive|pysssss"})
PRIMITIVE = "PrimitiveNode"
_BROADCAST = frozenset({"Anything Everywhere", "Anything Everywhere3", "Anything Everywhere?", "Prompts Everywhere"})


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that a link turned out to stand for."""

    value: JSON


class Nothing:
    """A link that leads to nothing that gives a value."""


NOTHING = Nothing()
Found: TypeAlias = PromptLink | Literal | Nothing


@dataclass(frozen=True)
class Opened:
    """A graph of the file, or a subgraph opened up for one of the nodes that stand for it."""

    graph: EditorGraph
    prefix: str = ""
    """Before the ids of its nodes."""
    parent: Opened | None = None
    node: EditorNode | None = None
    """The node of the parent that it stands in for."""
    kinds: tuple[str, ...] = ()
    """Its own id and those of the subgraphs around it."""
    inner: dict[str, Opened] = field(default_factory=dict)
    """What is opened up in it, by the id of the node."""

    @cached_property
    def values(self) -> dict[str, JSON]:
        """What the node that it stands in for has as values of its inputs with widgets."""
        if self.node is None:
            return {}
        if self.node.named is not None:
            return dict(self.node.values_by_name)
        if len(self.node.values) == len(self.graph.promoted):
            return dict(zip(self.graph.promoted, self.node.values, strict=True))
        return {}

    def place(self, node: EditorNode) -> str:
        """Where one of its nodes stands, for people."""
        name = f"node {short(self.prefix + node.id)}"
        if node.title and node.title != node.type:
            name += f" '{short(node.title)}'"
        return f"{name} in subgraph '{short(self.graph.name)}'" if self.parent else name


def short(text: str) -> str:
    """`text` for a sentence: on one line and not longer than a name."""
    return printable(text if len(text) <= 60 else f"{text[:57]}...")


def flattened(file: EditorFile, name: str) -> Prompt:
    """The normal form of a file in the editor format.

    Args:
        file: What was read.
        name: How messages call the file.

    Raises:
        WorkflowError: Opened up, it has more than `MAX_NODES` nodes.
    """
    return _Flattening(file, name).prompt()


class _Flattening:
    def __init__(self, file: EditorFile, name: str) -> None:
        self.file = file
        self.name = name
        self.left_out: list[LeftOut] = []
        self.notes: dict[str, None] = {}
        """In order, each once."""
        self.root = Opened(file.graph)
        self.opened: list[Opened] = []
        self.found: dict[tuple[int, str], Found] = {}
        """What links stand for, by the place of the graph in `opened` and the id of the link."""

    def prompt(self) -> Prompt:
        self._open_all()
        nodes: dict[str, PromptNode] = {}
        for at, node in self._nodes():
            if node.type in NOTES or node.type in self.file.subgraphs or self._is_virtual(node):
                continue
            made = self._node(at, node)
            if node.type.startswith(("workflow/", "workflow>")) and node.type[9:] in self.file.group_nodes:
                self.left_out.append(LeftOut(made, "it is a group node, of before ComfyUI had subgraphs",
                                             "open it in ComfyUI, convert it to nodes, and save it again"))  # fmt: skip
                continue
            nodes[made.id] = made
        return Prompt(nodes, tuple(self.left_out), tuple(self.notes), self._description())

    def _nodes(self) -> Iterator[tuple[Opened, EditorNode]]:
        for at in self.opened:
            for node in at.graph.nodes.values():
                if node.runs:
                    yield at, node

    def _is_virtual(self, node: EditorNode) -> bool:
        if node.type in _BROADCAST:
            self.notes["links that 'Anything Everywhere' nodes make are not followed"] = None
        return node.type in REROUTES | GETTERS | SETTERS or node.type == PRIMITIVE

    def _open_all(self) -> None:
        """Open up every subgraph that runs, the outer ones first."""
        pending, count = [self.root], 0
        while pending:
            at = pending.pop()
            self.opened.append(at)
            count += len(at.graph.nodes)
            if count > MAX_NODES:
                message = f"with its subgraphs opened up, the workflow has more than {MAX_NODES:,} nodes"
                raise fault(self.name, message, "take a smaller part of it")
            for node in at.graph.repeated:
                self.left_out.append(LeftOut(self._bare(at, node), "another node has the same id"))
            inside = [self._open(at, node) for node in at.graph.nodes.values() if node.type in self.file.subgraphs]
            pending += [one for one in reversed(inside) if one is not None]

    def _open(self, at: Opened, node: EditorNode) -> Opened | None:
        if not node.runs:
            return None
        graph = self.file.subgraphs[node.type]
        if node.type in at.kinds:
            self.left_out.append(LeftOut(self._bare(at, node), f"the subgraph '{short(graph.name)}' holds itself"))
            return None
        if len(at.kinds) >= MAX_DEPTH:
            self.left_out.append(LeftOut(self._bare(at, node), f"it is more than {MAX_DEPTH} subgraphs deep"))
            return None
        opened = Opened(graph, f"{at.prefix}{node.id}:", at, node, (*at.kinds, node.type))
        at.inner[node.id] = opened
        return opened

    def _bare(self, at: Opened, node: EditorNode) -> PromptNode:
        values, unnamed = named_values(node)
        title = node.title if node.title != node.type else ""
        kind = self.file.subgraphs[node.type].name if node.type in self.file.subgraphs else node.type
        return PromptNode(at.prefix + node.id, kind, values, title, at.place(node), unnamed)

    def _node(self, at: Opened, node: EditorNode) -> PromptNode:
        """The node with its links."""
        bare = self._bare(at, node)
        inputs = dict(bare.inputs)
        for slot in node.inputs:
            if slot.link and slot.name:
                found = self._follow(at, slot.link)
                if isinstance(found, PromptLink):
                    inputs[slot.name] = found
                elif isinstance(found, Literal):
                    inputs[slot.name] = found.value
        return PromptNode(bare.id, bare.class_type, inputs, bare.title, bare.place, bare.unnamed)

    def _follow(self, at: Opened, link: str) -> Found:
        """What a link stands for."""
        trail: list[tuple[int, str]] = []
        on_trail = set()
        found: Found = NOTHING
        step: tuple[Opened, str] | Found = (at, link)
        while isinstance(step, tuple):
            at, link = step
            key = id(at), link
            if key in self.found:
                found = self.found[key]
                break
            if key in on_trail:
                self._leave_circle(at, link)
                break
            trail.append(key)
            on_trail.add(key)
            step = self._step(at, link)
            if not isinstance(step, tuple):
                found = step
        self.found.update(dict.fromkeys(trail, found))
        return found

    def _leave_circle(self, at: Opened, link: str) -> None:
        wire = at.graph.links.get(link)
        node = at.graph.nodes.get(wire.origin) if wire else None
        if node is not None:
            self.left_out.append(LeftOut(self._bare(at, node), "its links go round in a circle"))

    def _step(self, at: Opened, link_id: str) -> tuple[Opened, str] | Found:
        """Where a link leads: to another link, to a value or output, or to nothing."""
        link = at.graph.links.get(link_id)
        if link is None:
            return NOTHING
        if link.origin == at.graph.entry:
            return self._outwards(at, link.origin_slot)
        node = at.graph.nodes.get(link.origin)
        if node is None or link.origin_slot < 0:
            return NOTHING
        if not node.runs:
            through = node.slot_through(link.origin_slot) if node.mode == BYPASSED else None
            return (at, through.link) if through else NOTHING
        if node.type in REROUTES or node.type in SETTERS:
            return self._first_link(at, node.inputs)
        if node.type == PRIMITIVE:
            return Literal(node.values[0]) if node.values else NOTHING
        if node.type in GETTERS:
            return self._named(at, node)
        if node.type in self.file.subgraphs:
            inner = at.inner.get(node.id)
            leave = inner.graph.exits.get(link.origin_slot) if inner else None
            return (inner, leave) if inner and leave else NOTHING
        return PromptLink(at.prefix + node.id, link.origin_slot)

    def _outwards(self, at: Opened, index: int) -> tuple[Opened, str] | Found:
        """From an input of a subgraph to what its node is linked to, or has as a value."""
        if at.parent is None or at.node is None or not 0 <= index < len(at.graph.inputs):
            return NOTHING
        name = at.graph.inputs[index]
        slot = at.node.inputs_by_name.get(name)
        if slot is not None and slot.link:
            return at.parent, slot.link
        return Literal(at.values[name]) if name in at.values else NOTHING

    def _first_link(self, at: Opened, slots: tuple[Slot, ...]) -> tuple[Opened, str] | Found:
        return next(((at, slot.link) for slot in slots if slot.link), NOTHING)

    def _named(self, at: Opened, getter: EditorNode) -> tuple[Opened, str] | Found:
        """From a get node to what the set node of its name, in this graph or one around it, is linked to."""
        name = getter.values[0] if getter.values else None
        around: Opened | None = at
        while around is not None and isinstance(name, str):
            setter = around.graph.setters.get(name)
            if setter is not None:
                return self._first_link(around, setter.inputs)
            around = around.parent
        return NOTHING

    def _description(self) -> str:
        """What the notes of the outermost graph say."""
        texts = []
        for node in self.file.graph.nodes.values():
            if node.type in NOTES:
                values = node.values or tuple((node.named or {}).values())
                if values and isinstance(values[0], str) and (text := values[0].strip()):
                    texts.append(text)
        return "\n\n".join(texts)
