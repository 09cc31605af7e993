"""What an engine in a process of its own tells: the events of its runs, and what it says of itself.

Each message is a line of JSON on its way. Values stay in the process that made them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, TypeAlias

from pydantic import TypeAdapter

from latentgraph.graph.events import EVENTS, Event, event_from_json, json_form, with_tuples
from latentgraph.graph.problem import Problem


@cache
def _problems() -> TypeAdapter[tuple[Problem, ...]]:
    return TypeAdapter(tuple[Problem, ...])


PROBLEMS = json_form(
    lambda problems: _problems().dump_python(tuple(problems), mode="json"),
    lambda data: _problems().validate_python(data),
)


@dataclass(frozen=True, slots=True)
class RunEvent(Event):
    """Something happened in a run."""

    name = "run_event"
    run: int
    """The number that `EngineProcess.run` gave."""
    event: Event

    def to_json(self) -> dict[str, Any]:
        """The event as plain data, with the number of its run."""
        return {**self.event.to_json(), "run": self.run}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunEvent:
        """The message that `to_json` wrote."""
        return cls(data["run"], event_from_json(data))


@dataclass(frozen=True, slots=True)
class RunRefused(Event):
    """A run does not begin. The runs after it go on."""

    name = "run_refused"
    run: int
    reason: str
    """A sentence that says why and what to do."""
    problems: tuple[Problem, ...] = field(default=(), metadata=PROBLEMS)
    """What is wrong with the workflow, or with the values given to it."""
    downloads: tuple[str, ...] = ()
    """What is not on this machine, a line each; ask again with `download` to fetch it."""


@dataclass(frozen=True, slots=True)
class Downloading(Event):
    """Something that a run needs is on its way to this machine."""

    name = "downloading"
    run: int
    what: str
    done: int
    """Bytes."""
    total: int


@dataclass(frozen=True, slots=True)
class EngineReady(Event):
    """The engine has loaded its nodes and knows what it computes on; runs asked for earlier begin now."""

    name = "engine_ready"
    pid: int
    settings: Mapping[str, str]
    """What a run's settings are where it does not set them: `device`, `dtype`."""
    versions: Mapping[str, str]
    """Of latentgraph and of the libraries that compute."""
    notes: tuple[str, ...] = ()
    """What a user should know about the packages of nodes that were loaded."""

    @property
    def device(self) -> str:
        """What it computes on, such as `cpu` or `cuda:0`; empty where no node asks for a device."""
        return self.settings.get("device", "")


@dataclass(frozen=True, slots=True)
class EngineLog(Event):
    """A line for the log: what a library printed, or the traceback of a node that failed."""

    name = "engine_log"
    kind: Literal["output", "trace", "error"]
    """`output`: printed by a node or a library; `trace`: where a node failed; `error`: why the engine cannot work."""
    text: str


@dataclass(frozen=True, slots=True)
class EngineDied(Event):
    """The engine's process ended without being asked to. The next run starts another."""

    name = "engine_died"
    returncode: int
    """Of the process; the negative number of the signal that ended it."""
    runs: tuple[int, ...]
    """The runs that are lost: the one under way first, then those that were waiting."""
    reason: str
    """A sentence for the user."""
    asked: bool = False
    """Whether `EngineProcess.kill` ended it."""


@dataclass(frozen=True, slots=True)
class LookedValue:
    """One output of a node, described."""

    output: str
    type: str
    """The class of the value."""
    summary: str
    """In a line."""
    rows: tuple[tuple[str, str], ...]
    """Name and text: shape, range, mean, tokens."""


LOOKED = json_form(
    lambda values: [[one.output, one.type, one.summary, one.rows] for one in values],
    lambda data: tuple([LookedValue(*with_tuples(parts)) for parts in data]),
)


@dataclass(frozen=True, slots=True)
class Looked(Event):
    """What the outputs of a node are."""

    name = "looked"
    path: str
    values: tuple[LookedValue, ...] = field(default=(), metadata=LOOKED)
    note: str = ""
    """A sentence where there is nothing to see, or not all: it has not run yet, its values are no longer kept."""


Message: TypeAlias = RunEvent | RunRefused | Downloading | EngineReady | EngineLog | EngineDied | Looked

MESSAGES: Mapping[str, type[Event]] = {
    one.name: one for one in (RunRefused, Downloading, EngineReady, EngineLog, EngineDied, Looked)
}


def message_from_json(data: Mapping[str, Any]) -> Message:
    """The message that `to_json` wrote.

    Raises:
        KeyError: There is no such message, or a field is missing.
    """
    kind: Any = RunEvent if data["event"] in EVENTS else MESSAGES[data["event"]]
    message: Message = kind.from_json(data)
    return message
