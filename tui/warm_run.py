"""`latentgraph run` through a warm engine: the process of the call asks, and shows what it hears."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from latentgraph.graph.errors import NodeFailedError, RunCancelledError, RunError
from latentgraph.graph.events import ENDS, EVENTS, Event, NodeFailed, RunCancelled, event_from_json
from latentgraph.graph.problem import Place, Problem
from latentgraph.graph.warm_socket import (
    SECONDS_TO_ANSWER,
    NoEngineError,
    identity,
    is_own,
    require_own,
    socket_path,
    stamp,
)
from latentgraph.tui.follow import Shown, follow
from latentgraph.tui.messages import say, say_problems
from latentgraph.tui.warm_call import WarmCall, read_call, workflow_file


def run_warm(arguments: list[str]) -> int | None:
    """Do what was asked in the warm engine, and return the exit code; None where it is to be done here.

    Raises:
        RunError: A node failed, or a file could not be written.
    """
    try:
        path = socket_path()
    except ValueError as error:
        say("note", str(error))
        return None
    if path is None or not path.exists() or (call := read_call(arguments)) is None:
        return None
    try:
        engine = Connection(path)
    except NoEngineError as error:
        if str(error):
            say("note", str(error))
        return None
    try:
        begun = engine.begin(call)
    except (OSError, ValueError, KeyError, TypeError, NoEngineError):
        # It refuses, or it is gone. What is wrong is found and told here, as without it.
        begun = None
    if begun is None:
        engine.close()
        return None
    taken, first = begun
    as_json, quiet = "--json" in call.flags, "--quiet" in call.flags
    for note in taken["notes"]:
        say("warning", note, as_json=as_json)
    if not quiet:
        say_problems([_problem(one) for one in taken["warnings"]], as_json=as_json)
    shown = Shown(taken["names"], taken["drawn"], as_json, call.values.get("--images", "auto"), quiet)
    return follow(WarmRun(engine, first), shown)


class Connection:
    """To the warm engine of this user, which is the same program as this."""

    def __init__(self, path: Path) -> None:
        """Connect to the socket at `path`.

        Raises:
            NoEngineError: There is no engine, or it is another program than this one.
        """
        self._stream = socket.socket(socket.AF_UNIX)
        self._lines: IO[bytes] = self._stream.makefile("rb")
        try:
            require_own(path.parent)
            self._stream.settimeout(SECONDS_TO_ANSWER)
            self._stream.connect(str(path))
            if not is_own(self._stream):
                raise NoEngineError(f"the engine at {path} is another user's")
            hello = json.loads(self._lines.readline())
            self._folder = Path(hello["folder"])
            sources = hello["sources"]
            if hello["stamp"] != stamp(sources) and hello["latentgraph"] != identity(sources):
                raise NoEngineError("the warm engine has other versions, sources or environment; start it anew")
            self._stream.settimeout(None)
        except (OSError, ValueError, KeyError, TypeError):
            self.close()
            raise NoEngineError from None
        except NoEngineError:
            self.close()
            raise

    def begin(self, call: WarmCall) -> tuple[Mapping[str, Any], Event] | None:
        """Ask for a run: what the engine found out about it, and its first event; None where it is none for it.

        Raises:
            OSError, ValueError, KeyError, TypeError: The engine or a file is not what it should be.
            NoEngineError: The engine refuses it.
        """
        if (found := workflow_file(call.workflow)) is None or call.means_a_file(self._folder):
            return None
        path, name = found
        self.ask({"request": call.request(path.read_bytes().decode("utf-8"), path, name), **call.values_asked()})
        messages = self.messages()
        taken = next(messages, {})
        if taken.get("event") != "taken" or (first := self.event()) is None:
            return None
        return taken, first

    def ask(self, request: Mapping[str, Any]) -> None:
        """Send a request for a run.

        Raises:
            OSError: The engine is gone.
        """
        self._stream.sendall((json.dumps(request) + "\n").encode())

    def messages(self) -> Iterator[dict[str, Any]]:
        """What it tells, until it hangs up or is gone."""
        with suppress(OSError):
            for line in self._lines:
                if line.endswith(b"\n"):  # The last line of an engine that was killed may be a half.
                    yield json.loads(line)

    def event(self) -> Event | None:
        """The next event of the run; None where the engine is gone.

        Raises:
            NoEngineError: It refuses the run.
        """
        for message in self.messages():
            if message["event"] in EVENTS:
                return event_from_json(message)
            if message["event"] == "run_refused":
                raise NoEngineError
        return None

    def cancel(self) -> None:
        """Stop the run at its next step, by hanging up for the engine's ears and listening on."""
        with suppress(OSError):
            self._stream.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._stream.close()


class WarmRun:
    """A run in the warm engine, followed as one in this process is."""

    def __init__(self, connection: Connection, first: Event) -> None:
        """Follow a run that has begun with the event `first`."""
        self._connection = connection
        self._first = first

    def cancel(self) -> None:
        """Stop at the next step."""
        self._connection.cancel()

    def __iter__(self) -> Iterator[Event]:
        """The events, as they happen; after that of a failure or a cancellation its error is raised."""
        event: Event | None = self._first
        try:
            while event is not None:
                yield event
                if isinstance(event, ENDS):
                    break
                event = self._connection.event()
        finally:
            self._connection.close()
        if event is None:
            raise RunError("the warm engine ended in the middle of the run; if nobody ended it, the memory ran out")
        if isinstance(event, NodeFailed):
            raise NodeFailedError(event.node, event.message) if event.node else RunError(event.message)
        if isinstance(event, RunCancelled):
            raise RunCancelledError("the run was cancelled")


def _problem(data: Mapping[str, Any]) -> Problem:
    """A warning of the check, out of plain data."""
    place = None if data["place"] is None else Place(**data["place"])
    return Problem(**{**data, "place": place, "suggestion": None})
