"""A warm engine: one process that keeps models loaded, for every call of the command line by the same user.

It listens on a Unix socket in a folder that nobody else may enter, and both ends ask the kernel whose process is at the
other one. A line of JSON each: the engine says first what it is, then takes one run a connection and tells its events;
a connection that closes cancels its run.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Lock, Thread
from typing import IO, Any, Final

import platformdirs

from latentgraph.graph.code_identity import code_identity
from latentgraph.graph.events import ENDS, Event
from latentgraph.graph.process.jobs import Jobs
from latentgraph.graph.process.looking import Looking
from latentgraph.graph.process.messages import Message, RunEvent, RunRefused, message_from_json
from latentgraph.graph.process.request import RunRequest
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine

SOCKET: Final = "engine.sock"
FOLDER: Final = "LATENTGRAPH_ENGINE"
"""The environment variable that names another folder for the socket; `off` uses no warm engine."""
SECONDS_TO_ANSWER: Final = 20.0
"""How long a call waits for the engine to say what it is: a library that loads a model may hold the interpreter."""


class NoEngineError(Exception):
    """There is no warm engine that can be used; the message says why, and is empty where there simply is none."""


def socket_path() -> Path | None:
    """Where the engine of this user listens; None where none is to be used, or the system has no such sockets."""
    asked = os.environ.get(FOLDER, "")
    if asked.lower() == "off" or not hasattr(socket, "AF_UNIX"):
        return None
    folder = Path(asked).expanduser() if asked else Path(platformdirs.user_runtime_dir("latentgraph"))
    return folder / SOCKET


def identity(registry: Registry) -> str:
    """What both ends have to agree on: the programs that make the bits, and how many threads compute them."""
    threads = [os.environ.get(name, "") for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES")]
    return json.dumps([code_identity(registry.sources), *threads])


@dataclass(slots=True)
class _Caller:
    """A connection."""

    stream: socket.socket
    lock: Lock
    run: int

    def tell(self, data: dict[str, Any]) -> None:
        with self.lock, suppress(OSError):  # Who went away is no longer told.
            self.stream.sendall((json.dumps(data, default=str) + "\n").encode())


class WarmEngine:
    """The server's end."""

    def __init__(self, engine: Engine, path: Path, *, allow_read: tuple[Path, ...] = ()) -> None:
        """Listen at `path`.

        Raises:
            NoEngineError: Another engine listens there, or the folder is not this user's alone.
            OSError: It cannot be listened there.
        """
        _own_folder(path.parent)
        self._path = path
        self._identity = identity(engine.registry)
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
        caller = _Caller(stream, Lock(), next(self._numbers))
        try:
            if not _is_own(stream):
                return
            caller.tell({"latentgraph": self._identity, "pid": os.getpid()})
            with stream.makefile("rb") as lines:
                asked = lines.readline()
                if not asked:
                    return
                self._callers[caller.run] = caller
                self._jobs.add(caller.run, RunRequest.from_json(json.loads(asked)))
                lines.read(1)  # nothing comes but the end
        except (OSError, ValueError, TypeError, KeyError):
            return  # Not one of ours, or gone.
        finally:
            self._jobs.cancel(caller.run)
            self._callers.pop(caller.run, None)
            stream.close()

    def _tell(self, message: Event) -> None:
        caller = self._callers.get(getattr(message, "run", 0))
        if caller is None:
            return
        caller.tell(message.to_json())
        if isinstance(message, RunRefused) or (isinstance(message, RunEvent) and isinstance(message.event, ENDS)):
            with suppress(OSError):
                caller.stream.shutdown(socket.SHUT_WR)  # That was all.


class WarmRun:
    """The caller's end: one run in the warm engine, as an iterator of its messages."""

    def __init__(self, registry: Registry) -> None:
        """Connect to the engine of this user.

        Raises:
            NoEngineError: There is none, or it is another program than this one.
        """
        path = socket_path()
        if path is None or not path.exists():
            raise NoEngineError
        self._stream = socket.socket(socket.AF_UNIX)
        try:
            self._stream.settimeout(SECONDS_TO_ANSWER)
            self._stream.connect(str(path))
            if not _is_own(self._stream):
                raise NoEngineError(f"the engine at {path} is another user's")
            self._lines: IO[bytes] = self._stream.makefile("rb")
            hello = json.loads(self._lines.readline())
            if hello["latentgraph"] != identity(registry):
                raise NoEngineError("the warm engine has other versions, sources or threads than this; start it anew")
            self._stream.settimeout(None)
        except (OSError, ValueError, KeyError, TypeError):
            self._stream.close()
            raise NoEngineError from None
        except NoEngineError:
            self._stream.close()
            raise

    def start(self, request: RunRequest) -> None:
        """Ask for a run.

        Raises:
            NoEngineError: The engine is gone.
        """
        try:
            self._stream.sendall((json.dumps(request.to_json()) + "\n").encode())
        except OSError:
            raise NoEngineError from None

    def cancel(self) -> None:
        """Stop the run at its next step, by hanging up for the engine's ears and listening on."""
        with suppress(OSError):
            self._stream.shutdown(socket.SHUT_WR)

    def __iter__(self) -> Iterator[Message]:
        """Its messages, until the engine hangs up or is gone."""
        with suppress(OSError):
            for line in self._lines:
                yield message_from_json(json.loads(line))

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._stream.close()


def _own_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise NoEngineError(f"{folder} is not this user's folder")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise NoEngineError(f"others may enter {folder}; `chmod 700` it")


def _listening(path: Path) -> socket.socket:
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


def _is_own(stream: socket.socket) -> bool:
    """Whether the process at the other end is this user's, where the system tells."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the folder's modes have kept others out
    credentials = stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", credentials)
    return bool(user == os.getuid())
