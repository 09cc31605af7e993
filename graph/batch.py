"""Runs of a sweep that are started at once and computed in the engine's thread: together, where they are several."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Event as Flag
from typing import Any

from latentgraph.graph.errors import RunError
from latentgraph.graph.events import Event, RunFinished, Warned
from latentgraph.graph.execute import Execution, reason_of
from latentgraph.graph.out_of_memory import recovered
from latentgraph.graph.plan import Plan
from latentgraph.graph.provenance import Records
from latentgraph.graph.run import Engine
from latentgraph.graph.sink import Sink
from latentgraph.graph.together import Together, alike
from latentgraph.graph.writer import Writer

Tell = Callable[[int, Warned], None]
"""Called with the place of a run among those of its batch, and with a warning of it."""


def _nobody(place: int, warned: Warned) -> None:
    """Hear nothing."""


class Batch:
    """Runs of one workflow, computed together as far as their nodes allow it; a single one as any run is."""

    def __init__(
        self,
        engine: Engine,
        plans: Sequence[tuple[str, Plan]],
        out: Path,
        *,
        records: Records | None = None,
        writer: Writer | None = None,
    ) -> None:
        """Start running.

        Args:
            engine: Its values and modules are shared.
            plans: For each run its label in the names of files, and its plan; all have the same steps.
            out: Folder for the files, which replace those of the same names.
            records: Those of the workflow, for the files to carry; they tell of the batch. None leaves them out.
            writer: Writes the files while other runs go on; None: they are written before the runs are computed.

        Raises:
            ValueError: The plans have different steps.
        """
        if not all(alike(plans[0][1].steps, plan.steps) for _, plan in plans):
            raise ValueError("runs go together only if they have the same steps")
        self._cancelled = Flag()
        self._error: BaseException | None = None
        self._made: list[dict[str, Any]] = []
        self._seconds = 0.0
        self._warnings: list[list[Warned]] = [[] for _ in plans]
        self._told: SimpleQueue[tuple[int, Warned] | None] = SimpleQueue()
        """Warnings as they come, and None at the end: nobody is woken for anything else."""
        self._sinks = []
        members = []
        care = engine.registry.memory
        for place, (label, planned) in enumerate(plans):
            made_by = records.of(planned, batch=len(plans)) if records is not None else None
            sink = Sink(out, engine.registry.values, made_by, overwrite=True, label=label, writer=writer)
            self._sinks.append(sink)
            members.append(
                Execution(planned, engine.registry.values, engine.cache, engine.pool, sink, partial(self._hear, place),
                          self._cancelled.is_set, disk=engine.disk, shared=len(plans) > 1, care=care)
            )  # fmt: skip
        self._together = Together(members)
        self._care = care
        engine.worker.do(self._work)

    @property
    def joined(self) -> frozenset[str]:
        """The nodes that were run for all at once, when it is done."""
        return frozenset(self._together.joined)

    @property
    def warnings(self) -> list[tuple[Warned, ...]]:
        """What each of the runs had to say so far, each sentence once."""
        return [tuple(one) for one in self._warnings]

    def cancel(self) -> None:
        """Stop at the next step."""
        self._cancelled.set()

    def computed(self, tell: Tell = _nobody) -> float:
        """Wait until all is computed, and return the share of each run in the seconds; files may be on their way.

        Args:
            tell: Called with each warning as it comes, in the caller's thread.

        Raises:
            NodeFailedError: A node failed.
            RunCancelledError: They were cancelled.
        """
        while (told := self._told.get()) is not None:
            tell(*told)
        # The end stays in the queue, for whoever asks again.
        self._told.put(None)
        if self._error is not None:
            raise self._error
        return self._seconds

    def finished(self, place: int) -> RunFinished:
        """Wait until the files of a run are whole, and return what it made.

        Args:
            place: Of the run in the batch.

        Raises:
            RunError: It failed, or a file cannot be made of what it made.
        """
        seconds, sink, outputs = self.computed(), self._sinks[place], self._made[place]
        try:
            sink.settle()
        except RunError:
            raise
        except BaseException as error:
            raise RunError(reason_of(error)) from error
        files = {name: tuple(str(path) for path in paths) for name, paths in sink.files.items()}
        summary = self._together.members[place].values.summary
        return RunFinished({name: summary(value) for name, value in outputs.items()}, files, seconds, outputs)

    def _hear(self, place: int, event: Event) -> None:
        """Take note of what a run warns of; what else it does is no news in a sweep."""
        if not isinstance(event, Warned):
            return
        for one in self._together.concerned or (place,):
            if event not in self._warnings[one]:
                self._warnings[one].append(event)
                self._told.put((one, event))

    def _work(self) -> None:
        started = time.perf_counter()
        members = self._together.members
        try:
            self._made = self._together.run() if len(members) > 1 else [members[0].run()]
            self._seconds = (time.perf_counter() - started) / len(members)
        except RunError as error:
            self._fail(error)
        except BaseException as error:
            failed = RunError(reason_of(error))
            failed.__cause__ = error
            self._fail(failed)
        finally:
            self._told.put(None)

    def _fail(self, error: RunError) -> None:
        first = self._together.members[0]
        self._error = recovered(error, first.plan.settings, first.pool, self._care)
