"""A workflow of ours that grows: the nodes, inputs and outputs that rules add, each under a name that is free."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from latentgraph.graph.foreign import Untranslated
from latentgraph.graph.names import RESERVED
from latentgraph.graph.workflow import (
    LOOP,
    VERSION,
    Carry,
    End,
    Link,
    Node,
    Workflow,
    WorkflowInput,
    WorkflowOutput,
)
from latentgraph.nodes.comfyui.naming import file_reference, name_of
from latentgraph.nodes.comfyui.prompt import PromptLink, PromptNode
from latentgraph.nodes.comfyui.values import Source

MUTED: Final = "comfyui."
"""How the types of nodes begin that are kept in the file for a reader alone."""


@dataclass(frozen=True, slots=True)
class Added:
    """A node of ours that a rule has added; its outputs are links: `decoded.image`."""

    node: str

    def __getattr__(self, port: str) -> Link:
        """The link to the output of this name."""
        if port.startswith("__"):
            raise AttributeError(port)
        return Link(self.node, port)

    def port(self, port: str) -> Link:
        """The link to the output of this name, where a word of Python stands in the way."""
        return Link(self.node, port)


@dataclass(kw_only=True)
class Draft:
    """A workflow that grows, and what is told of it on the way."""

    nodes: dict[str, Node] = field(default_factory=dict)
    inputs: dict[str, WorkflowInput] = field(default_factory=dict)
    outputs: dict[str, WorkflowOutput] = field(default_factory=dict)
    untranslated: list[Untranslated] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    memory: dict[Any, Any] = field(default_factory=dict)
    """What rules remember of one another, by a key of theirs."""
    _numbers: dict[tuple[str, int], int] = field(default_factory=dict)
    """By a name that is taken, the number to try next."""
    _muted: dict[str, Node] = field(default_factory=dict)

    def add(self, name: str, type_name: str, /, **inputs: Source | list[Any] | dict[str, Any] | None) -> Added:
        """Add a node of ours.

        Args:
            name: What to call it; a number follows where the name is taken.
            type_name: Of the node.
            inputs: Literals, and links; None leaves an input at its default.
        """
        return self._place(name, Node(type=type_name, inputs=written(inputs)))

    def loop(
        self,
        name: str,
        *,
        each: Mapping[str, Link],
        carry: Mapping[str, tuple[Link, Link]],
        inputs: Mapping[str, Source | None],
        nodes: Mapping[str, tuple[str, Mapping[str, Source | None]]],
        collect: Mapping[str, Link] | None = None,
    ) -> Added:
        """Add a loop.

        Args:
            name: What to call it.
            each: Lists that it takes an item of in each turn.
            carry: By its name in the body, where each value starts and what it goes on with.
            inputs: What else the body reads.
            nodes: Of the body: by name its type and its inputs, where `Link("loop", name)` is what the loop hands in.
            collect: Values of the body that are gathered.
        """
        more: dict[str, Any] = (
            {"collect": {key: End(**{"from": str(link)}) for key, link in collect.items()}} if collect else {}
        )
        made = Node(
            type=LOOP,
            each={key: End(**{"from": str(link)}) for key, link in each.items()},
            carry={key: Carry(**{"from": str(start), "next": str(after)}) for key, (start, after) in carry.items()},
            inputs=written(inputs),
            nodes={key: Node(type=kind, inputs=written(given)) for key, (kind, given) in nodes.items()},
            **more,
        )
        return self._place(name, made)

    def input(self, name: str, type_name: str, default: Any, description: str = "", **bounds: Any) -> Link:
        """Add an input of the workflow, which a caller may set.

        Args:
            name: What to call it; a number follows where the name is taken.
            type_name: `string`, `integer`, `number` or `boolean`.
            default: What it is where the caller says nothing.
            description: For people.
            bounds: `minimum`, `maximum`, `multiple_of`, `choices`.
        """
        free = self._free(name, self.inputs)
        said: dict[str, Any] = {"description": description} if description else {}
        self.inputs[free] = WorkflowInput(type=type_name, default=default, **bounds, **said)
        return Link("inputs", free)

    def file(self, name: str, written_name: str, what: str) -> Link:
        """Add an input for a file, which is beside the workflow until the caller says otherwise.

        Args:
            name: Of the input, such as `checkpoint`.
            written_name: As ComfyUI has it, inside its own folder for such files.
            what: For people: what kind of file it is.
        """
        key = ("file", name, written_name)
        if key not in self.memory:
            self.memory[key] = self.input(name, "string", file_reference(written_name), what)
        link: Link = self.memory[key]
        return link

    def output(self, name: str, link: Link, description: str = "") -> None:
        """Add an output of the workflow."""
        said = {"description": description} if description else {}
        self.outputs[self._free(name, self.outputs)] = WorkflowOutput(**{"from": str(link)}, **said)

    def note(self, text: str) -> None:
        """Tell the user something, once."""
        if text not in self.notes:
            self.notes.append(text)

    def leave_out(self, node: PromptNode, reason: str, hint: str = "") -> None:
        """Keep a node in the file, muted, and tell it; its rule goes on without it."""
        self.untranslated.append(Untranslated(node.place or f"node {node.id}", node.class_type, reason, hint))
        kept = {name: value for name, value in node.inputs.items() if not isinstance(value, PromptLink)}
        text = f"{node.title}: {reason}" if node.title else reason
        muted = Node(
            type=MUTED + node.class_type,
            description=text[:1].upper() + text[1:] + (f"; {hint}." if hint else "."),
            disabled="mute",
            inputs=kept,
        )
        self._muted[self._free(name_of(node.title) or name_of(node.class_type) or "node", self.nodes, self._muted)] = (
            muted
        )

    def sizes(self) -> tuple[int, ...]:
        """How much there is of it, for `take_back`."""
        return tuple(len(one) for one in self._grown())

    def take_back(self, sizes: tuple[int, ...]) -> None:
        """Take away what was added since `sizes` was said; notes and what was left out stay."""
        for grown, size in zip(self._grown(), sizes, strict=True):
            while len(grown) > size:
                grown.popitem()

    def workflow(self, description: str = "") -> Workflow:
        """What has been added, and the muted nodes."""
        described = {"description": description} if description else {}
        return Workflow.model_validate(
            {
                "$schema": "./workflow.schema.json",
                "latentgraph": VERSION,
                **described,
                "inputs": _in_order(self.inputs),
                "nodes": {**self.nodes, **self._muted},
                "outputs": self.outputs,
            }
        )

    def _grown(self) -> tuple[dict[Any, Any], ...]:
        return self.nodes, self.inputs, self.outputs, self.memory

    def _place(self, name: str, made: Node) -> Added:
        free = self._free(name, self.nodes, self._muted)
        self.nodes[free] = made
        return Added(free)

    def _free(self, name: str, *taken: Mapping[str, Any]) -> str:
        number, free = self._numbers.get((name, len(taken)), 2), name
        while free in RESERVED or any(free in one for one in taken):
            number, free = number + 1, f"{name}_{number}"
        self._numbers[name, len(taken)] = number
        return free


def written(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs of a node as a file has them."""
    return {
        name: {"from": str(value)} if isinstance(value, Link) else value
        for name, value in inputs.items()
        if value is not None
    }


def _in_order(inputs: Mapping[str, WorkflowInput]) -> dict[str, WorkflowInput]:
    """Models first, and then what a caller would set most often."""
    first = ("checkpoint", "refiner", "prompt", "negative_prompt", "seed")
    rank = {name: place for place, name in enumerate(first)}
    return dict(sorted(inputs.items(), key=lambda item: rank.get(re.sub(r"_\d+$", "", item[0]), 1.5)))
