"""What a run tells whoever reads it; the command line, the editor, tests and a cluster all read the same events.

An event can be written as JSON and made again from it, in another process. Values and exceptions do not travel: where
they were, the event made again has what stands for nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self


@dataclass(frozen=True, slots=True)
class JsonForm:
    """How a field is written as JSON, where that is not plain, and how it is read again."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def json_form(write: Callable[[Any], Any], read: Callable[[Any], Any]) -> dict[str, Any]:
    """Metadata of a field with a form of its own."""
    return {"form": JsonForm(write, read)}


def with_tuples(data: Any) -> Any:
    """Plain data in which every list, which is what JSON makes of a tuple, is a tuple again."""
    if isinstance(data, list):
        return tuple([with_tuples(item) for item in data])
    if isinstance(data, dict):
        return {name: with_tuples(item) for name, item in data.items()}
    return data


def _same(data: Any) -> Any:
    return data


PLAIN = JsonForm(_same, with_tuples)
AS_IT_IS = json_form(_same, _same)
"""For values that came from JSON, whose lists are lists."""
BYTES = json_form(lambda data: base64.b64encode(data).decode("ascii"), base64.b64decode)
LOCAL = {"json": False}
"""For what does not travel."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run."""

    name: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """The event as plain data, with its name first."""
        return {"event": self.name} | {
            one.name: one.metadata.get("form", PLAIN).write(getattr(self, one.name))
            for one in fields(self)
            if one.metadata.get("json", True)
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The event that `to_json` wrote.

        Raises:
            KeyError: A field is missing.
        """
        return cls(
            **{
                one.name: one.metadata.get("form", PLAIN).read(data[one.name])
                for one in fields(cls)
                if one.metadata.get("json", True)
            }
        )


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """The plan is made."""

    name = "run_started"
    nodes: tuple[str, ...]
    """Paths of the nodes that the wanted outputs need, in the order of the plan."""
    inputs: Mapping[str, Any] = field(metadata=AS_IT_IS)
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
    picture: bytes = field(default=b"", metadata=BYTES)
    """The first part of the value as a small file of its type's form (PNG for pictures); empty where it has none."""
    value: Any = field(default=None, metadata=LOCAL)


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
    error: BaseException | None = field(default=None, metadata=LOCAL)


@dataclass(frozen=True, slots=True)
class Warned(Event):
    """Something that the user should know and that does not stop the run."""

    name = "warning"
    node: str
    """Empty where it is about no node."""
    message: str

    @property
    def line(self) -> str:
        """The message behind the node that it is about."""
        return f"{self.node}: {self.message}" if self.node else self.message


@dataclass(frozen=True, slots=True)
class Observed(Event):
    """A node looked at what goes by."""

    name = "observed"
    node: str
    values: Mapping[str, int | float]
    """What it saw, by name."""

    @property
    def line(self) -> str:
        """The numbers in a line, in four digits."""
        return ", ".join(f"{name} {value:.4g}" for name, value in self.values.items())


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """Every wanted output is there."""

    name = "run_finished"
    outputs: Mapping[str, str]
    """Each output in a line."""
    files: Mapping[str, tuple[str, ...]]
    """The files written for each output or saving node, as paths."""
    seconds: float
    values: Mapping[str, Any] = field(default_factory=dict, metadata=LOCAL)
    """The outputs themselves."""


@dataclass(frozen=True, slots=True)
class RunCancelled(Event):
    """Somebody stopped the run."""

    name = "run_cancelled"
    finished: tuple[str, ...]
    """Nodes whose results are kept."""
    files: Mapping[str, tuple[str, ...]]
    seconds: float


EVENTS: Mapping[str, type[Event]] = {
    one.name: one
    for one in (
        RunStarted,
        NodeStarted,
        NodeProgress,
        Preview,
        NodeFinished,
        NodeFailed,
        Warned,
        Observed,
        RunFinished,
        RunCancelled,
    )
}
"""Every event of a run, by its name in JSON."""
ENDS = (RunFinished, RunCancelled, NodeFailed)
"""The events that a run ends with, one of them."""


def event_from_json(data: Mapping[str, Any]) -> Event:
    """The event that `to_json` wrote, as its own class.

    Raises:
        KeyError: There is no such event, or a field is missing.
    """
    return EVENTS[data["event"]].from_json(data)
