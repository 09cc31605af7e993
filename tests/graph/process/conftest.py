"""An engine in a real process of its own, and an ear that hears what it tells."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Condition
from typing import Any, TypeVar

import pytest

from latentgraph.graph.events import ENDS, Event
from latentgraph.graph.process import EngineProcess, Message, RunEvent, RunRefused, RunRequest

ROOT = Path(__file__).parents[3]
NODES = (ROOT / "tests/tui/paints.py", ROOT / "tests/graph/process/mischief.py")
PATIENCE = 90.0
"""Seconds: a process that imports torch on a machine that does other things takes some."""
M = TypeVar("M")


class Ear:
    """Every message that came, to be waited for."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._changed = Condition()

    def __call__(self, message: Message) -> None:
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()

    def wait(self, wanted: Callable[[Message], bool], seconds: float = PATIENCE) -> Message:
        """The first message that is wanted, of those that came and those to come."""
        with self._changed:
            came = self._changed.wait_for(lambda: [one for one in self.messages if wanted(one)], seconds)
        assert came, f"it was waited for in vain; there came {self.messages}"
        return came[0]

    def kind(self, kind: type[M], seconds: float = PATIENCE) -> M:
        """The first message of a class."""
        message = self.wait(lambda one: isinstance(one, kind), seconds)
        assert isinstance(message, kind)
        return message

    def event(self, run: int, kind: type[M]) -> M:
        """The first event of a class in a run."""
        message = self.wait(lambda one: isinstance(one, RunEvent) and one.run == run and isinstance(one.event, kind))
        assert isinstance(message, RunEvent)
        assert isinstance(message.event, kind)
        return message.event

    def end(self, run: int) -> Event:
        """How a run ended, or was refused."""
        message = self.wait(
            lambda one: (
                (isinstance(one, RunEvent) and one.run == run and isinstance(one.event, ENDS))
                or (isinstance(one, RunRefused) and one.run == run)
            )
        )
        return message.event if isinstance(message, RunEvent) else message

    def events(self, run: int) -> list[Event]:
        """The events of a run, so far."""
        return [one.event for one in self.messages if isinstance(one, RunEvent) and one.run == run]


class Heard:
    """An engine's process and what it told."""

    def __init__(self, **options: Any) -> None:
        self.ear = Ear()
        self.engine = EngineProcess(self.ear, **({"node_files": NODES} | options))

    def run(self, nodes: dict[str, Any], *outputs: str, inputs: dict[str, Any] | None = None, **options: Any) -> int:
        """Have a workflow run; outputs are called after the nodes that make them."""
        return self.engine.run(request(nodes, *outputs, inputs=inputs, **options))


def request(nodes: dict[str, Any], *outputs: str, inputs: dict[str, Any] | None = None, **options: Any) -> RunRequest:
    """A workflow of some nodes; outputs are links."""
    data = {
        "latentgraph": 1,
        "inputs": inputs or {},
        "nodes": nodes,
        "outputs": {link.split(".")[0]: {"from": link} for link in outputs},
    }
    return RunRequest(json.dumps(data), "toy.json", **options)


def loop(body: dict[str, Any], turns: int, **parts: Any) -> dict[str, Any]:
    """A loop `work` over the numbers below `turns`; its body finds each as `loop.number`."""
    return {
        "numbers": {"type": "numbers", "inputs": {"to": turns}},
        "work": {"type": "loop", "each": {"number": {"from": "numbers.value"}}, "nodes": body, **parts},
    }


def waiting(turns: int, seconds: float) -> dict[str, Any]:
    """A loop that waits in each turn, and gathers the numbers."""
    wait = {"type": "wait", "inputs": {"number": {"from": "loop.number"}, "seconds": seconds}}
    return loop({"wait": wait}, turns, collect={"seen": {"from": "wait.value"}})


def is_gone(pid: int) -> bool:
    """Whether a process has ended, were it that nobody took note of it yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists()


def wait_until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for something that nobody tells of."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


@pytest.fixture
def fresh() -> Iterator[Heard]:
    """A process of the test's own, which may come to harm."""
    heard = Heard()
    yield heard
    heard.engine.stop()


@pytest.fixture(scope="session")
def _shared() -> Iterator[Heard]:
    heard = Heard()
    heard.engine.start()
    yield heard
    heard.engine.stop()


@pytest.fixture
def heard(_shared: Heard) -> Heard:
    """A process that many tests share, warm; its past is forgotten."""
    _shared.ear.messages.clear()
    return _shared
