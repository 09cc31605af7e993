"""An engine in a process of its own, as whoever runs workflows sees it.

    engine = EngineProcess(receive)
    run = engine.run(RunRequest(text, "portrait.json", given={"seed": 3}))

What happens is told to `receive`, in a thread of its own: RunEvent with the events of a run, EngineReady, EngineDied
and the others of `latentgraph.graph.process.messages`. Nothing here waits for the engine, and a run that crashes the
process costs no more than the run: the next one starts another process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from latentgraph.graph.process.messages import Message
from latentgraph.graph.process.request import RunRequest


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
        raise NotImplementedError

    @property
    def alive(self) -> bool:
        """Whether there is a process now."""
        raise NotImplementedError

    @property
    def pid(self) -> int | None:
        """Of the process; None where there is none."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the process, so that it is warm when it is needed; do nothing where there is one."""
        raise NotImplementedError

    def run(self, request: RunRequest) -> int:
        """Have a workflow run after those that were asked for before, and return the number of the run.

        Its last message is a RunEvent with one of `latentgraph.graph.events.ENDS`, or RunRefused, or an EngineDied
        that names it among its `runs`.
        """
        raise NotImplementedError

    def cancel(self, run: int | None = None) -> None:
        """Stop a run at its next step, or before it begins.

        Args:
            run: Its number; None: the one that is under way, or is the next to begin.
        """
        raise NotImplementedError

    def look(self, path: str) -> None:
        """Ask what the outputs of the node at `path` were when it last ran; Looked answers, also while a run goes on.

        Where there is no process, Looked says that nothing has run.
        """
        raise NotImplementedError

    def kill(self) -> None:
        """End the process at once, in the middle of anything; EngineDied tells which runs are lost."""
        raise NotImplementedError

    def stop(self, seconds: float = 2.0) -> None:
        """End the process for good, and return when it is gone; nothing more is received.

        Args:
            seconds: How long it may take to end by itself before it is killed.
        """
        raise NotImplementedError
