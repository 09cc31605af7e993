"""The engine's own process: requests come in by one pipe, messages go out by another, a line of JSON each.

Standard input, output and error stay with the libraries. The process ends when its caller is gone, whatever it does.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import Any, NoReturn

from latentgraph.graph.disk_cache import DiskCache
from latentgraph.graph.errors import NodeDefinitionError
from latentgraph.graph.events import Event
from latentgraph.graph.kept_folder import disk_cache
from latentgraph.graph.process.jobs import Jobs
from latentgraph.graph.process.looking import Looking
from latentgraph.graph.process.messages import EngineLog, EngineReady, Looked
from latentgraph.graph.process.request import RunRequest
from latentgraph.graph.provenance import versions
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine

NICENESS = 10
"""Whoever works at the screen goes first."""
SECONDS_TO_END = 1.0
"""How long the run under way may take to come to the end of a step when the process is to end."""
BROKEN = 2
"""Exit code where the nodes cannot be loaded."""


class Outlet:
    """Writes messages, one at a time, from any thread."""

    def __init__(self, pipe: int) -> None:
        """Write to the pipe with this number."""
        self._file = FileIO(pipe, "w")
        self._lock = Lock()

    def tell(self, message: Event) -> None:
        """Write a message; where nobody reads any more, end the process."""
        line = (json.dumps(message.to_json(), default=str) + "\n").encode()
        with self._lock:
            while line:
                try:
                    line = line[self._file.write(line) or 0 :]
                except OSError:
                    os._exit(0)


def serve(requests: int, messages: int, life: int, node_files: Sequence[Path], allow_read: Sequence[Path]) -> NoReturn:
    """Serve until the caller closes the pipe of requests, or is no more.

    Args:
        requests: Pipe to read from.
        messages: Pipe to write to.
        life: Pipe to which nothing is ever written; it closes when the caller dies.
        node_files: Python files whose nodes workflows may use.
        allow_read: Folders that every run may read.
    """
    _end_with(life)
    _step_back()
    outlet = Outlet(messages)
    try:
        registry = Registry.load(node_files)
    except NodeDefinitionError as error:
        outlet.tell(EngineLog("error", str(error)))
        os._exit(BROKEN)
    engine = Engine(registry, disk=_kept(registry))
    looking = Looking(engine)
    jobs = Jobs(engine, looking, outlet.tell, tuple(allow_read))
    jobs.start(lambda: outlet.tell(_ready(registry)))
    with open(requests, "rb") as lines:
        for line in lines:
            _answer(json.loads(line), jobs, looking, outlet.tell)
    jobs.cancel_all(SECONDS_TO_END)
    # Not by sys.exit: a step that is under way would be waited for.
    os._exit(0)


def _kept(registry: Registry) -> DiskCache | None:
    try:
        return disk_cache(registry)
    except ValueError:
        # Whoever set the environment is told by the command line; here it costs only that nothing is kept.
        return None


def _answer(asked: dict[str, Any], jobs: Jobs, looking: Looking, tell: Callable[[Event], None]) -> None:
    match asked["ask"]:
        case "run":
            jobs.add(asked["run"], RunRequest.from_json(asked["request"]))
        case "cancel":
            jobs.cancel(asked["run"])
        case "look":
            try:
                tell(looking.look(asked["path"]))
            except Exception as error:
                # A package of nodes describes its values, and may raise anything.
                tell(Looked(asked["path"], note=f"it cannot be described: {type(error).__name__}: {error}"))


def _ready(registry: Registry) -> EngineReady:
    settings: dict[str, str] = {}
    for name, setting in registry.settings.items():
        with suppress(ValueError):
            settings[name] = setting.resolve(setting.default, settings)
    return EngineReady(os.getpid(), settings, versions(), tuple(registry.notes))


def _end_with(life: int) -> None:
    """Have the kernel end this process when the other end of `life` closes.

    The end of the requests says the same and is enough while Python runs; but a library may hold the interpreter's
    lock for minutes, in which no thread of ours reads anything.
    """
    if not hasattr(fcntl, "F_SETSIG"):
        return  # not Linux
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(life, fcntl.F_SETSIG, signal.SIGTERM)
    fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)


def _step_back() -> None:
    # Ctrl-C at the caller's terminal is the caller's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        os.nice(NICENESS)
