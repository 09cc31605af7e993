"""What a run tells whoever reads it; the command line, the editor, tests and a cluster all read the same events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run."""

    name: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """The event as plain data, with its name first."""
        return {"event": self.name} | {
            one.name: getattr(self, one.name) for one in fields(self) if one.metadata.get("json", True)
        }


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """The plan is made."""

    name = "run_started"
    nodes: tuple[str, ...]
    """Paths of the nodes that the wanted outputs need, in the order of the plan."""
    inputs: Mapping[str, Any]
    """The value of every plain input of the workflow, as given, drawn or by default."""
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NodeStarted(Event):
    """A node is about to run."""

    name = "node_started"
    node: str


@dataclass(frozen=True, slots=True)
class NodeProgress(Event):
    """A loop finished a turn, or a node says how far it is."""

    name = "node_progress"
    node: str
    done: int
    total: int
    seconds_per_step: float
    """Mean over the steps of this node so far."""


@dataclass(frozen=True, slots=True)
class Preview(Event):
    """A value on its way."""

    name = "preview"
    node: str
    summary: str
    value: Any = field(metadata={"json": False})


@dataclass(frozen=True, slots=True)
class NodeFinished(Event):
    """A node's outputs are there."""

    name = "node_finished"
    node: str
    cached: bool
    """Whether they were kept from an earlier run."""
    seconds: float
    summary: Mapping[str, str]
    """Each output in a line."""


@dataclass(frozen=True, slots=True)
class NodeFailed(Event):
    """A node raised; the run ends."""

    name = "node_failed"
    node: str
    message: str
    error: BaseException = field(metadata={"json": False})


@dataclass(frozen=True, slots=True)
class Warned(Event):
    """Something that the user should know and that does not stop the run."""

    name = "warning"
    node: str
    message: str


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """Every wanted output is there."""

    name = "run_finished"
    outputs: Mapping[str, str]
    """Each output in a line."""
    files: Mapping[str, tuple[str, ...]]
    """The files written for each output or saving node, as paths."""
    seconds: float
    values: Mapping[str, Any] = field(metadata={"json": False})
    """The outputs themselves."""


@dataclass(frozen=True, slots=True)
class RunCancelled(Event):
    """Somebody stopped the run."""

    name = "run_cancelled"
    finished: tuple[str, ...]
    """Nodes whose results are kept."""
    files: Mapping[str, tuple[str, ...]]
    seconds: float
