"""A warm engine: one process that keeps models loaded, for every call of the command line by the same user.

It listens on a Unix socket in a folder that nobody else may enter, and both ends ask the kernel whose process is at the
other one. A line of JSON each: the engine says first what it is, then takes one run a connection and tells its events;
a connection that closes cancels its run.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from typing import Any

from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.events import ENDS, Event
from latentgraph.graph.process.jobs import Job, Jobs
from latentgraph.graph.process.looking import Looking
from latentgraph.graph.process.messages import RunEvent, RunRefused
from latentgraph.graph.process.request import RunRequest
from latentgraph.graph.run import Engine
from latentgraph.graph.warm_socket import NoEngineError, identity, is_own, require_own, stamp
from latentgraph.graph.worker import Worker
from latentgraph.graph.workflow import Workflow

ReadValues = Callable[[Workflow, list[str], Path | None], tuple[Mapping[str, Any], Mapping[str, int]]]
"""What values a call sets, out of its texts and a file, and which of them were drawn; raises a WorkflowError."""


@dataclass(slots=True)
class _Caller:
    """A connection, told in a thread of its own: one that does not listen, stopped by Ctrl-Z, keeps nobody waiting."""

    stream: socket.socket
    run: int
    over: Signal = field(default_factory=Signal)
    """Set when the last has been told of its run."""
    _teller: Worker = field(default_factory=lambda: Worker("latentgraph-teller"))

    def tell(self, data: dict[str, Any]) -> None:
        """Say something when all that was said before is heard."""
        line = (json.dumps(data, default=str) + "\n").encode()
        self._teller.do(partial(self._send, line))

    def end(self) -> None:
        """Say no more after this."""
        self._teller.do(self._end)

    def _send(self, line: bytes) -> None:
        with suppress(OSError):  # Who went away is no longer told.
            self.stream.sendall(line)

    def _end(self) -> None:
        with suppress(OSError):
            self.stream.shutdown(socket.SHUT_WR)
        self.over.set()


class WarmEngine:
    """The server's end."""

    def __init__(
        self, engine: Engine, path: Path, read_values: ReadValues, *, allow_read: tuple[Path, ...] = ()
    ) -> None:
        """Listen at `path`.

        Args:
            engine: Runs what is asked for.
            path: Of the socket.
            read_values: Reads the values that a call sets.
            allow_read: Folders that every run may read.

        Raises:
            NoEngineError: Another engine listens there, or the folder is not this user's alone.
            OSError: It cannot be listened there.
        """
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        require_own(path.parent)
        self._path = path
        self._read_values = read_values
        self._notes = list(engine.registry.notes)
        sources = [str(source) for source in engine.registry.sources]
        self._hello = {
            "latentgraph": identity(sources),
            "stamp": stamp(sources),
            "sources": sources,
            "folder": os.getcwd(),
            "pid": os.getpid(),
        }
        self._callers: dict[int, _Caller] = {}
        self._numbers = count(1)
        self._jobs = Jobs(engine, Looking(engine), self._tell, allow_read, keep_all=False)
        self._server = _listening(path)

    def serve(self, ready: Callable[[], None]) -> None:
        """Take connections until `close` is called."""
        self._jobs.start(ready)
        while True:
            try:
                stream, _ = self._server.accept()
            except OSError:
                return  # closed
            Thread(target=self._answer, args=(stream,), name="latentgraph-caller", daemon=True).start()

    def close(self) -> None:
        """Stop listening, and cancel what runs."""
        with suppress(OSError):
            self._path.unlink()
        # Without a shutdown `accept` in another thread would go on waiting.
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._jobs.cancel_all(1.0)

    def _answer(self, stream: socket.socket) -> None:
        caller = _Caller(stream, next(self._numbers))
        try:
            if not is_own(stream):
                return
            caller.tell(self._hello)
            with stream.makefile("rb") as lines:
                asked = lines.readline()
                if not asked:
                    return
                self._begin(caller, json.loads(asked))
                lines.read(1)  # nothing comes but the end
            # Who hangs up with one hand listens with the other: to what was finished when the run stopped.
            self._jobs.cancel(caller.run)
            caller.over.wait()
        except (OSError, ValueError, TypeError, KeyError, WorkflowError):
            return  # Not one of ours, or gone, or wrong: then the call finds out what is, as without an engine.
        finally:
            self._jobs.cancel(caller.run)
            self._callers.pop(caller.run, None)
            stream.close()

    def _begin(self, caller: _Caller, asked: Mapping[str, Any]) -> None:
        request = RunRequest.from_json(asked["request"])
        inputs = None if asked["inputs"] is None else Path(asked["inputs"])
        values, drawn = self._read_values(request.document().workflow, asked["set"], inputs)

        def taken(job: Job) -> None:
            names = [node.path for node in job.typed.nodes]
            warnings = [asdict(one) for one in job.warnings]
            caller.tell({"event": "taken", "names": names, "warnings": warnings, "notes": self._notes, "drawn": drawn})

        self._callers[caller.run] = caller
        self._jobs.add(caller.run, replace(request, given=values), taken)

    def _tell(self, message: Event) -> None:
        caller = self._callers.get(getattr(message, "run", 0))
        if caller is None:
            return
        caller.tell(message.to_json())
        if isinstance(message, RunRefused) or (isinstance(message, RunEvent) and isinstance(message.event, ENDS)):
            caller.end()


def _listening(path: Path) -> socket.socket:
    with _alone(path.parent):
        server = socket.socket(socket.AF_UNIX)
        try:
            with suppress(OSError):
                server.connect(str(path))
                raise NoEngineError(f"an engine is at work already, at {path}")
        finally:
            server.close()
        # What is there and takes no connection was left by an engine that was killed.
        path.unlink(missing_ok=True)
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        os.chmod(path, 0o600)
        server.listen()
        return server


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Within this, no other engine looks for a place in the folder: of two that start at once one sees the other."""
    import fcntl  # not everywhere, as sockets of this kind are not

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
