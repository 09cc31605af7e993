"""An engine in a process of its own, as whoever runs workflows sees it.

    engine = EngineProcess(receive)
    run = engine.run(RunRequest(text, "portrait.json", given={"seed": 3}))

What happens is told to `receive`, in a thread of its own: RunEvent with the events of a run, EngineReady, EngineDied
and the others of `latentgraph.graph.process.messages`. Nothing here waits for the engine, and a run that crashes the
process costs no more than the run: the next one starts another process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from threading import Lock, RLock, Thread
from typing import Any

from latentgraph.graph.process.child import Child, command
from latentgraph.graph.process.messages import Looked, Message, RunRefused
from latentgraph.graph.process.request import RunRequest

NO_ENGINE = "nothing has run yet"


class EngineProcess:
    """Starts an engine's process when one is needed, asks it to work, and ends it."""

    def __init__(
        self,
        receive: Callable[[Message], None],
        *,
        node_files: Sequence[Path] = (),
        allow_read: Sequence[Path] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Make one; no process is started yet.

        Args:
            receive: Called with every message, one at a time and never in the caller's thread; it must not raise.
            node_files: Python files whose nodes workflows may use.
            allow_read: Folders that every run may read beside its workflow's own.
            environment: Variables to set in the process where they are not set already.
        """
        self._receive = receive
        self._command = command(node_files, allow_read)
        self._environment = dict(environment or {})
        self._numbers = count(1)
        self._child: Child | None = None
        self._stopped = False
        self._changing = RLock()
        """Held while the child is looked at or changed."""
        self._telling = Lock()
        """Held while `receive` is called, and never together with the other."""

    @property
    def alive(self) -> bool:
        """Whether there is a process now."""
        return self.pid is not None

    @property
    def pid(self) -> int | None:
        """Of the process; None where there is none."""
        child = self._child
        return child.process.pid if child is not None and child.alive else None

    def start(self) -> None:
        """Start the process, so that it is warm when it is needed; do nothing where there is one.

        Raises:
            OSError: The system cannot start one.
        """
        self._living()

    def run(self, request: RunRequest) -> int:
        """Have a workflow run after those that were asked for before, and return the number of the run.

        Its last message is a RunEvent with one of `latentgraph.graph.events.ENDS`, or RunRefused, or an EngineDied
        that names it among its `runs`.
        """
        with self._changing:
            number = next(self._numbers)
            try:
                while not self._living().run(number, request.to_json()):
                    pass
            except OSError as error:
                self._tell_later(RunRefused(number, f"no engine can be started: {error.strerror or error}"))
        return number

    def cancel(self, run: int | None = None) -> None:
        """Stop a run at its next step, or before it begins.

        Args:
            run: Its number; None: the one that is under way, or is the next to begin.
        """
        self._ask({"ask": "cancel", "run": run})

    def look(self, path: str) -> None:
        """Ask what the outputs of the node at `path` were when it last ran; Looked answers, also while a run goes on.

        Where there is no process, Looked says that nothing has run.
        """
        if not self._ask({"ask": "look", "path": path}):
            self._tell_later(Looked(path, note=NO_ENGINE))

    def kill(self) -> None:
        """End the process at once, in the middle of anything; EngineDied tells which runs are lost."""
        with self._changing:
            if self._child is not None:
                self._child.kill()

    def stop(self, seconds: float = 2.0) -> None:
        """End the process for good, and return when it is gone; nothing more is received.

        Args:
            seconds: How long it may take to end by itself before it is killed.
        """
        with self._changing:
            self._stopped = True
            child = self._child
        if child is not None:
            child.stop(seconds)

    def _living(self) -> Child:
        """The child, a new one where there is none or the last one has ended."""
        with self._changing:
            if self._stopped:
                raise OSError("the engine was stopped")
            if self._child is None or not self._child.alive:
                self._child = Child(self._command, self._environment, self._tell)
            return self._child

    def _ask(self, request: dict[str, Any]) -> bool:
        with self._changing:
            child = self._child if self.alive else None
            if child is not None:
                child.ask(request)
            return child is not None

    def _tell(self, message: Message) -> None:
        with self._telling:
            if not self._stopped:
                self._receive(message)

    def _tell_later(self, message: Message) -> None:
        Thread(target=self._tell, args=(message,), name="latentgraph-engine-tell", daemon=True).start()
