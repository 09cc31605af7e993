"""What the inspector shows, as plain data: a box of the graph with its fields and its links. No widgets here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args, get_origin

from latentgraph.graph.access import Reads, reads_of
from latentgraph.graph.boxes import End, Scope
from latentgraph.graph.edit.edit import ABSENT
from latentgraph.graph.node import REQUIRED
from latentgraph.graph.types import PortType

__all__ = [
    "ABSENT",
    "BoxRole",
    "End",
    "Fault",
    "FieldRole",
    "FieldSpec",
    "OutputSpec",
    "Scope",
    "Severity",
    "Subject",
]

Severity: TypeAlias = Literal["error", "warning", "note"]
FieldRole: TypeAlias = Literal[
    "input", "declared", "output", "each", "carry", "next", "collect", "handed", "file", "description"
]
"""What a field is of: the input of a node, a declared input or an output of the workflow, a part of a loop."""
BoxRole: TypeAlias = Literal["node", "loop", "workflow", "inputs", "outputs", "body", "next", "unknown"]
ITEMS: Final = ("declared", "output", "each", "carry", "collect", "handed")
"""Fields whose author named them, so that they can be renamed and removed."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem as it stands under a field: a sentence, and how bad it is."""

    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A line of the form: an input with its value or its link."""

    name: str
    type: PortType
    role: FieldRole = "input"
    value: Any = ABSENT
    """Plain JSON, as the file writes it; ABSENT where it is not set."""
    default: Any = REQUIRED
    """What it is where it is not set; REQUIRED where there is nothing."""
    link: str = ""
    """What it is linked to, as the file writes it: `model.vae`; empty where it is not."""
    linked_value: Any = ABSENT
    """What comes along the link, where that is written in the workflow."""
    help: str = ""
    fault: Fault | None = None
    nullable: bool = False
    """Whether an empty editor means null rather than the default: so it is for declared inputs that may be null."""

    @property
    def reads(self) -> Reads | None:
        """The marker of a field whose text names a file to read."""
        return reads_of(self.type.metadata)

    @property
    def literal(self) -> bool:
        """Whether a value can be written for it; else it is only linked."""
        if self.role in ("output", "each", "carry", "next", "collect"):
            return False
        return self.type.literal or (Any in self.type.members and not self.link)

    @property
    def required(self) -> bool:
        """Whether it has nothing to fall back on."""
        return self.default is REQUIRED

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values that it takes, where these are listed and nothing else is taken; null is not among them."""
        members = [member for member in self.type.members if member is not type(None)]
        if not members or any(get_origin(member) is not Literal for member in members):
            return ()
        return tuple(choice for member in members for choice in get_args(member))

    @property
    def named(self) -> bool:
        """Whether its author named it, so that it can be renamed and removed."""
        return self.role in ITEMS


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """An output of a box and every port that it is linked to."""

    name: str
    type: PortType
    help: str = ""
    targets: tuple[End, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """A box of the graph, as the inspector shows it."""

    scope: Scope
    key: str
    role: BoxRole
    title: str
    type: str = ""
    """Name of the node type; of a sub-workflow `workflow`, of the boxes at the edges nothing."""
    category: str = ""
    summary: str = ""
    """What it does, by whoever wrote the node."""
    description: str | None = None
    """What it is here for, by whoever wrote the workflow; None where there is no place for one."""
    origin: str = ""
    """The package or the file that it comes from."""
    fields: tuple[FieldSpec, ...] = ()
    outputs: tuple[OutputSpec, ...] = ()
    faults: tuple[Fault, ...] = ()
    """What is wrong with the box as a whole."""
    folder: Path | None = None
    """The workflow's, from which paths count."""
    disabled: str = ""
    """`mute` or `bypass`."""
    ends: Mapping[str, End] = field(default_factory=dict)
    """Where each linked field's link begins, in this scope."""

    @property
    def path(self) -> str:
        """The node's path, such as `denoise/step`; of the boxes at the edges, that of what they are the edge of."""
        return "/".join((*self.scope, self.key))
