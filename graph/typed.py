"""A workflow after the check: every port of every node has a value, or the output that it is wired to.

Sub-workflows are opened up: their nodes stand among the others, under paths such as `upscale/decode`. A loop keeps its
body as a graph of its own, in which `loop.<name>` is what the loop hands in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from latentgraph.graph.access import FileAccess, Resource
from latentgraph.graph.node import NodeType
from latentgraph.graph.types import PortType


class Wire(NamedTuple):
    """An output of a node in the same graph, or (`node` is `loop`) something that the loop around hands in."""

    node: str
    port: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is known before the run."""

    value: Any
    given: bool = False
    """Whether the caller gave it, so that a path in it may lie anywhere."""
    written: Any = None
    """The value as the file or the caller wrote it, where `value` was made from it."""
    access: FileAccess | None = None
    """What may be read where it was written; a path in it counts from there, wherever it is handed to."""


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing flows here: a muted node, an input that nobody set, or something that already is a problem."""

    why: str = ""
    """`muted` or `unset`; empty where a problem was told already."""


Supply: TypeAlias = Wire | Constant | Absent


@dataclass(frozen=True, slots=True)
class Offer:
    """What a link finds at its other end."""

    type: PortType
    supply: Supply
    family: str = ""


@dataclass(slots=True)
class TypedNode:
    """A node whose ports are settled."""

    path: str
    type: NodeType
    constants: dict[str, Any] = field(default_factory=dict)
    wires: dict[str, Wire] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    """What the constants of reading ports stand for."""
    read: list[str] = field(default_factory=list)
    """What was written for the reading ports: paths, and names of models."""
    converted: tuple[str, ...] = ()
    """Ports whose computed values can be out of bounds, so that they are parsed when they arrive."""


@dataclass(slots=True)
class TypedLoop:
    """A loop whose body is settled. Every supply but those of `next` and `collect` is of the graph around it."""

    path: str
    each: Mapping[str, Supply]
    carry: Mapping[str, Supply]
    next: Mapping[str, Supply]
    inputs: Mapping[str, Wire]
    collect: Mapping[str, Supply]
    body: list[TypedNode | TypedLoop]

    @property
    def wires(self) -> dict[str, Wire]:
        """Everything it reads from the graph around it."""
        read = {**self.each, **self.carry, **self.inputs}
        return {name: supply for name, supply in read.items() if isinstance(supply, Wire)}


@dataclass(slots=True)
class TypedWorkflow:
    """A workflow without errors, ready to be planned."""

    nodes: list[TypedNode | TypedLoop]
    """In an order in which they can run."""
    outputs: Mapping[str, Offer]
    inputs: Mapping[str, Any]
    """The value of each declared input, as the file or the caller wrote it."""
    embedded: Mapping[str, str] = field(default_factory=dict)
    """The text of every sub-workflow, by the path of its node."""
    files: tuple[Path, ...] = ()
    """The files that sub-workflows were read from."""


def all_nodes(nodes: Iterable[TypedNode | TypedLoop]) -> list[TypedNode]:
    """Every node, those in the bodies of loops included."""
    found, pending = [], list(nodes)
    while pending:
        node = pending.pop()
        if isinstance(node, TypedLoop):
            pending += node.body
        else:
            found.append(node)
    return found
