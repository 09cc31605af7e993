"""`latentgraph serve-engine`, and what `latentgraph run` does where such an engine is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from latentgraph.graph.errors import NodeFailedError, RunCancelledError, RunError, WorkflowError
from latentgraph.graph.events import ENDS, Event, NodeFailed, RunCancelled
from latentgraph.graph.process.messages import RunEvent, RunRefused
from latentgraph.graph.process.request import RunRequest as EngineRequest
from latentgraph.graph.process.warm import NoEngineError, WarmEngine, WarmRun, socket_path
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.tui.cache_command import open_cache
from latentgraph.tui.find import load_registry
from latentgraph.tui.interrupt import cancelling
from latentgraph.tui.messages import CommandError, say
from latentgraph.tui.quiet import quiet_libraries


def serve(allow_read: tuple[Path, ...], *, debug: bool) -> None:
    """Serve until somebody stops it.

    Raises:
        CommandError: It cannot be served here.
    """
    path = socket_path()
    if path is None:
        raise CommandError("there is no place for a socket: LATENTGRAPH_ENGINE is off, or the system knows none")
    if not debug:
        quiet_libraries()
    registry = load_registry(())
    try:
        warm = WarmEngine(Engine(registry, disk=open_cache(registry)), path, allow_read=allow_read)
    except NoEngineError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from None
    with cancelling(warm.close):
        warm.serve(lambda: _ready(registry, path))
    # Not by returning: a step that is under way would be waited for.
    os._exit(0)


def _ready(registry: Registry, path: Path) -> None:
    settings: dict[str, str] = {}
    for name, setting in registry.settings.items():
        try:
            settings[name] = setting.resolve(setting.default, settings)
        except ValueError:
            continue
    print(f"ready on {settings.get('device', 'this machine')}, at {path}; Ctrl-C ends it", flush=True)


def warm_run(registry: Registry) -> WarmRun | None:
    """A connection to the warm engine; None where there is none, with a word where there is one of another kind."""
    try:
        return WarmRun(registry)
    except NoEngineError as error:
        if str(error):
            say("note", str(error))
        return None


class WarmFollowed:
    """A run in the warm engine, followed as one in this process is."""

    def __init__(self, connection: WarmRun, request: EngineRequest, names: Sequence[str]) -> None:
        """Have it begin.

        Args:
            connection: To the engine.
            request: What to run.
            names: Paths of the nodes, as the check of this process knows them.

        Raises:
            NoEngineError: The engine is gone, or would have to download something, which a person here may refuse.
            WorkflowError: It is refused for what is wrong with the workflow.
            CommandError: It is refused for another reason.
        """
        self.names = names
        self._connection = connection
        connection.start(request)
        self._messages = iter(connection)
        self._first = self._next()

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
                event = self._next()
        finally:
            self._connection.close()
        if event is None:
            raise RunError("the warm engine ended in the middle of the run; if nobody ended it, the memory ran out")
        if isinstance(event, NodeFailed):
            raise NodeFailedError(event.node, event.message) if event.node else RunError(event.message)
        if isinstance(event, RunCancelled):
            raise RunCancelledError("the run was cancelled")

    def _next(self) -> Event | None:
        for message in self._messages:
            if isinstance(message, RunEvent):
                return message.event
            if isinstance(message, RunRefused):
                self._connection.close()
                if message.downloads:
                    raise NoEngineError
                raise WorkflowError(list(message.problems)) if message.problems else CommandError(message.reason)
        return None
