"""An engine keeps values and modules between runs; a run is an iterator of events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from queue import SimpleQueue
from threading import Event as Flag
from typing import Any

from latentgraph.graph.access import FileAccess
from latentgraph.graph.cache import DEFAULT_BYTES, Kept, MemoryCache
from latentgraph.graph.check import check
from latentgraph.graph.disk_cache import DiskCache
from latentgraph.graph.document import Document
from latentgraph.graph.errors import NodeFailedError, RunCancelledError, RunError, WorkflowError
from latentgraph.graph.events import Event, NodeFailed, RunCancelled, RunFinished, RunStarted
from latentgraph.graph.execute import Execution, reason_of
from latentgraph.graph.files import remove_abandoned
from latentgraph.graph.names import closest
from latentgraph.graph.out_of_memory import recovered
from latentgraph.graph.plan import Plan, plan
from latentgraph.graph.pool import Pool
from latentgraph.graph.problem import Problem
from latentgraph.graph.provenance import record
from latentgraph.graph.registry import Registry
from latentgraph.graph.sink import Sink
from latentgraph.graph.typed import TypedWorkflow
from latentgraph.graph.worker import Worker


class Engine:
    """Checks, plans and runs workflows, and keeps what they made in memory for the next run."""

    def __init__(self, registry: Registry, *, memory: int = DEFAULT_BYTES, disk: DiskCache | None = None) -> None:
        """Make an engine.

        Args:
            registry: The nodes that workflows may use.
            memory: Bytes of values to keep between runs; modules do not count.
            disk: Keeps values for other processes; None: they end with this one.
        """
        self.registry = registry
        self.cache = MemoryCache(memory)
        self.disk = disk
        self.pool = Pool()
        self.worker = Worker("latentgraph-run")

    def beside(self, registry: Registry) -> Engine:
        """An engine with other nodes that shares with this one what it keeps: values, modules and the thread."""
        other = Engine(registry)
        other.cache, other.pool, other.worker = self.cache, self.pool, self.worker
        return other

    def plan(
        self,
        document: Document,
        given: Mapping[str, Any] | None = None,
        *,
        settings: Mapping[str, str] | None = None,
        access: FileAccess | None = None,
        until: str | None = None,
    ) -> Plan:
        """Check and plan a run.

        Args:
            document: The workflow.
            given: Values of its inputs.
            settings: Run settings by name, as the user wrote them; the others are as their declaration says.
            access: What it may read; by default its own folder.
            until: Path of a node to stop at.

        Raises:
            WorkflowError: Something is wrong with the workflow, the values or the settings.
        """
        typed = check(document, self.registry, given, access=access, complete=True).require()
        return self.plan_checked(typed, settings=settings, until=until)

    def plan_checked(
        self, typed: TypedWorkflow, *, settings: Mapping[str, str] | None = None, until: str | None = None
    ) -> Plan:
        """Plan a run of a workflow that was checked already; see `plan`."""
        try:
            return plan(typed, self.registry, until=until, settings=lambda names: self._settings(names, settings or {}))
        except KeyError:
            if until is None:
                raise  # Of a package, which is asked for settings and digests.
            hint = closest(until, [node.path for node in typed.nodes])
            raise WorkflowError([Problem("E105", f"there is no node '{until}' to stop at", hint)]) from None

    def kept(self, key: str) -> Kept | None:
        """What is kept under a key, in memory or on disk."""
        return self.cache.get(key) or (self.disk.get(key) if self.disk is not None else None)

    def _settings(self, declared: set[str], asked: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Values and identities of the settings that nodes declare, and of those that the user asked for."""
        known = self.registry.settings
        for name in asked:
            if name not in known:
                raise WorkflowError([Problem("E117", f"there is no setting '{name}'", closest(name, known))])
        resolved: dict[str, str] = {}
        for name, setting in known.items():
            if name not in declared and name not in asked:
                continue
            try:
                resolved[name] = setting.resolve(asked.get(name, setting.default), resolved)
            except ValueError as error:
                raise WorkflowError([Problem("E104", str(error), port=f"--{name}")]) from None
        return resolved, {name: known[name].identity(value) for name, value in resolved.items()}

    def run(
        self,
        document: Document,
        given: Mapping[str, Any] | None = None,
        *,
        settings: Mapping[str, str] | None = None,
        access: FileAccess | None = None,
        until: str | None = None,
        out: Path | None = None,
        overwrite: bool = False,
        metadata: bool = True,
        sidecar: bool = False,
        previews: bool = False,
        keep_all: bool = False,
    ) -> Run:
        """Check, plan and start a run, which begins when the runs before it are done.

        See `plan` for the arguments that they share.

        Args:
            out: Folder for the files that the run makes; None makes none.
            overwrite: Number files from 1 and replace what is there.
            metadata: Whether files carry the record of how they were made.
            sidecar: Whether a JSON file with that record stands beside each.
            previews: Whether nodes may show what is on its way, as Preview events.
            keep_all: Whether what nobody reads again is kept too, to be looked at.

        Raises:
            WorkflowError: Something is wrong with the workflow, the values or the settings.
        """
        planned = self.plan(document, given, settings=settings, access=access, until=until)
        files: dict[str, Any] = {"out": out, "overwrite": overwrite, "metadata": metadata, "sidecar": sidecar}
        return self.start(planned, document, **files, previews=previews, keep_all=keep_all)

    def start(
        self,
        planned: Plan,
        document: Document,
        *,
        out: Path | None = None,
        overwrite: bool = False,
        metadata: bool = True,
        sidecar: bool = False,
        previews: bool = False,
        keep_all: bool = False,
    ) -> Run:
        """Start a run that was planned; see `run` for the arguments."""
        if out is not None:
            remove_abandoned(out)
        made_by = record(document, planned, self.registry) if out and (metadata or sidecar) else None
        carried, beside = (made_by if metadata else None), (made_by if sidecar else None)
        sink = Sink(out, self.registry.values, carried, sidecar=beside, overwrite=overwrite)
        return Run(self, planned, sink, previews=previews, keep_all=keep_all)


class Run:
    """A run, as an iterator of events; it works in a thread of its own.

    Iterating ends with RunFinished; after NodeFailed or RunCancelled it raises the error that the event tells of. Each
    event is told once; `result` may be asked before, after or in place of iterating.
    """

    def __init__(
        self, engine: Engine, planned: Plan, sink: Sink, *, previews: bool = False, keep_all: bool = False
    ) -> None:
        """Start running."""
        self.plan = planned
        self._sink = sink
        self._care = engine.registry.memory
        self._events: SimpleQueue[Event | None] = SimpleQueue()
        self._cancelled = Flag()
        self._done = Flag()
        self._error: BaseException | None = None
        self._result: RunFinished | None = None
        self._execution = Execution(
            planned,
            engine.registry.values,
            engine.cache,
            engine.pool,
            sink,
            self._events.put,
            self._cancelled.is_set,
            previews,
            engine.disk,
            keep_all=keep_all,
            care=self._care,
        )
        engine.worker.do(self._work)

    def cancel(self) -> None:
        """Stop at the next step."""
        self._cancelled.set()

    def __iter__(self) -> Iterator[Event]:
        """The events, as they happen."""
        while (event := self._events.get()) is not None:
            yield event
        # The end stays in the queue, so that whoever asks again is told at once.
        self._events.put(None)
        if self._error is not None:
            raise self._error

    def result(self, on_event: Callable[[Event], None] | None = None) -> RunFinished:
        """Wait for the end and return it.

        Args:
            on_event: Called with each event as it happens, in the caller's thread.

        Raises:
            NodeFailedError: A node failed.
            RunCancelledError: The run was cancelled.
        """
        if on_event is None:
            # Not woken by each event, for which the thread that computes would have to stand back.
            self._done.wait()
        for event in self:
            if on_event is not None:
                on_event(event)
        assert self._result is not None  # without an error there is a result
        return self._result

    def _ipython_display_(self) -> None:
        from latentgraph.graph.python.display import show_run

        show_run(self)

    def _work(self) -> None:
        started = time.perf_counter()
        put = self._events.put
        put(RunStarted(tuple(step.path for step in self.plan.steps), self.plan.inputs, self.plan.settings))
        try:
            outputs = self._execution.run()
            summaries = {name: self._execution.values.summary(value) for name, value in outputs.items()}
            self._result = RunFinished(summaries, self._files(), time.perf_counter() - started, outputs)
            put(self._result)
        except RunCancelledError as error:
            put(RunCancelled(tuple(self._execution.finished), self._files(), time.perf_counter() - started))
            self._error = error
        except RunError as error:
            self._fail(error)
        except BaseException as error:
            failed = RunError(reason_of(error))
            failed.__cause__ = error
            self._fail(failed)
        finally:
            put(None)
            self._done.set()

    def _fail(self, error: RunError) -> None:
        self._error = error = recovered(error, self.plan.settings, self._execution.pool, self._care)
        if isinstance(error, NodeFailedError):
            self._events.put(NodeFailed(error.node, error.message, error))
        else:
            self._events.put(NodeFailed("", str(error), error))

    def _files(self) -> dict[str, tuple[str, ...]]:
        return {name: tuple(str(path) for path in paths) for name, paths in self._sink.files.items()}
