"""Several runs that are started at once and computed together, in the engine's thread."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event as Flag

from latentgraph.graph.document import Document
from latentgraph.graph.errors import RunError
from latentgraph.graph.events import Event, RunFinished
from latentgraph.graph.execute import Execution, reason_of
from latentgraph.graph.out_of_memory import recovered
from latentgraph.graph.plan import Plan
from latentgraph.graph.provenance import record
from latentgraph.graph.run import Engine
from latentgraph.graph.sink import Sink
from latentgraph.graph.together import Together, alike


class Batch:
    """Runs of one workflow, computed together as far as their nodes allow it."""

    def __init__(
        self, engine: Engine, document: Document, plans: Sequence[tuple[str, Plan]], out: Path, *, metadata: bool = True
    ) -> None:
        """Start running.

        Args:
            engine: Its values and modules are shared.
            document: The workflow.
            plans: For each run its label in the names of files, and its plan; all have the same steps.
            out: Folder for the files, which replace those of the same names.
            metadata: Whether files carry the record of how they were made, which tells of the batch.

        Raises:
            ValueError: The plans have different steps.
        """
        if not all(alike(plans[0][1].steps, plan.steps) for _, plan in plans):
            raise ValueError("runs go together only if they have the same steps")
        self._cancelled = Flag()
        self._done = Flag()
        self._error: BaseException | None = None
        self._results: list[RunFinished] = []
        self._sinks = []
        members = []
        for label, planned in plans:
            made_by = record(document, planned, engine.registry, batch=len(plans)) if metadata else None
            sink = Sink(out, engine.registry.values, made_by, overwrite=True, label=label)
            self._sinks.append(sink)
            members.append(
                Execution(planned, engine.registry.values, engine.cache, engine.pool, sink, _nobody_listens,
                          self._cancelled.is_set, disk=engine.disk, shared=True)
            )  # fmt: skip
        self._together = Together(members)
        self._care = engine.registry.memory
        engine.worker.do(self._work)

    @property
    def joined(self) -> frozenset[str]:
        """The nodes that were run for all at once, when it is done."""
        return frozenset(self._together.joined)

    def cancel(self) -> None:
        """Stop at the next step."""
        self._cancelled.set()

    def result(self) -> list[RunFinished]:
        """Wait for the end; the runs in their order, each with its share of the seconds.

        Raises:
            NodeFailedError: A node failed.
            RunCancelledError: They were cancelled.
        """
        self._done.wait()
        if self._error is not None:
            raise self._error
        return self._results

    def _work(self) -> None:
        started = time.perf_counter()
        try:
            made = self._together.run()
            seconds = (time.perf_counter() - started) / len(made)
            values = self._together.members[0].values
            for outputs, sink in zip(made, self._sinks, strict=True):
                summaries = {name: values.summary(value) for name, value in outputs.items()}
                files = {name: tuple(str(path) for path in paths) for name, paths in sink.files.items()}
                self._results.append(RunFinished(summaries, files, seconds, outputs))
        except RunError as error:
            self._fail(error)
        except BaseException as error:
            failed = RunError(reason_of(error))
            failed.__cause__ = error
            self._fail(failed)
        finally:
            self._done.set()

    def _fail(self, error: RunError) -> None:
        first = self._together.members[0]
        self._error = recovered(error, first.plan.settings, first.pool, self._care)


def _nobody_listens(_: Event) -> None:
    """Take an event: of many runs at once, what each is doing is no news."""
