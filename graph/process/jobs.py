"""The runs that an engine's process was asked for: one after the other, in a thread of their own."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread

from latentgraph.graph.access import AccessError, Fetch
from latentgraph.graph.check import check
from latentgraph.graph.document import Document
from latentgraph.graph.errors import RunCancelledError, RunError, WorkflowError
from latentgraph.graph.events import Event, NodeFailed, RunCancelled
from latentgraph.graph.plan import Plan
from latentgraph.graph.problem import Problem
from latentgraph.graph.process.looking import Looking
from latentgraph.graph.process.messages import Downloading, EngineLog, RunEvent, RunRefused
from latentgraph.graph.process.request import RunRequest
from latentgraph.graph.run import Engine, Run
from latentgraph.graph.sink import unwritable
from latentgraph.graph.typed import TypedWorkflow

Tell = Callable[[Event], None]


@dataclass(slots=True)
class Job:
    """A run that was asked for and whose workflow is sound."""

    number: int
    request: RunRequest
    document: Document
    typed: TypedWorkflow
    warnings: tuple[Problem, ...] = ()
    run: Run | None = None
    """Set as soon as it has begun."""
    cancelled: bool = False


class RefusedError(Exception):
    """A run cannot begin; the message says so to the caller."""

    def __init__(self, refusal: RunRefused) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


class Jobs:
    """Takes runs at any time and does them in order."""

    def __init__(
        self, engine: Engine, looking: Looking, tell: Tell, allow_read: tuple[Path, ...] = (), *, keep_all: bool = True
    ) -> None:
        """Wait for work.

        Args:
            engine: Runs them.
            looking: Is told of each run that begins.
            tell: Called with what happens.
            allow_read: Folders that every run may read.
            keep_all: Whether somebody may look at every value afterwards.
        """
        self._keep_all = keep_all
        self._engine = engine
        self._looking = looking
        self._tell = tell
        self._allow_read = allow_read
        self._jobs: list[Job] = []
        """The first is under way."""
        self._changed = Condition()

    def start(self, first: Callable[[], None]) -> None:
        """Begin to work, after `first` is done."""
        Thread(target=self._work, args=(first,), name="latentgraph-jobs", daemon=True).start()

    def add(self, number: int, request: RunRequest, taken: Callable[[Job], None] = lambda job: None) -> None:
        """Check a workflow at once, and have it run when its turn comes; or refuse it.

        Args:
            number: Of the run.
            request: What to run.
            taken: Called where it is not refused, before anything else is told of the run.
        """
        try:
            job = self._job(number, request)
        except WorkflowError as error:
            self._tell(RunRefused(number, counted(len(error.problems)), error.problems))
            return
        except Exception as error:
            # Checking asks packages of nodes to describe what they make, which may raise anything.
            self._tell(EngineLog("trace", "".join(traceback.format_exception(error))))
            self._tell(RunRefused(number, f"it cannot be checked: {type(error).__name__}: {error}"))
            return
        taken(job)
        with self._changed:
            self._jobs.append(job)
            self._changed.notify_all()

    def cancel(self, number: int | None) -> None:
        """Stop a run at its next step; one that waits does not begin."""
        with self._changed:
            job = next((one for one in self._jobs if number in (None, one.number)), None)
            if job is None or job.cancelled:
                return
            job.cancelled = True
            if job.run is not None:
                job.run.cancel()
            waits = job is not self._jobs[0]
            if waits:
                self._jobs.remove(job)
        if waits:
            self._tell(RunEvent(job.number, RunCancelled((), {}, 0.0)))

    def cancel_all(self, seconds: float) -> None:
        """Stop everything, and give what is under way some time to come to the end of a step."""
        with self._changed:
            del self._jobs[1:]
            self.cancel(None)
            self._changed.wait_for(lambda: not self._jobs, seconds)

    def _job(self, number: int, request: RunRequest) -> Job:
        document = request.document()
        access = document.access((*self._allow_read, *request.allow_read))
        checked = check(document, self._engine.registry, request.given, access=access, complete=True)
        warnings = tuple([one for one in checked.problems if one.severity == "warning"])
        return Job(number, request, document, checked.require(), warnings)

    def _work(self, first: Callable[[], None]) -> None:
        first()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs)
                job = self._jobs[0]
            self._do(job)
            with self._changed:
                self._jobs.remove(job)
                self._changed.notify_all()
            del job  # It holds the run's values.

    def _do(self, job: Job) -> None:
        try:
            self._follow(job, self._begin(job))
        except RefusedError as error:
            self._tell(error.refusal)
        except RunCancelledError:
            self._tell(RunEvent(job.number, RunCancelled((), {}, 0.0)))
        except WorkflowError as error:
            self._tell(RunRefused(job.number, counted(len(error.problems)), error.problems))
        except Exception as error:
            # Planning asks packages of nodes for settings and digests, which may raise anything.
            self._tell(EngineLog("trace", "".join(traceback.format_exception(error))))
            self._tell(RunRefused(job.number, f"it cannot begin: {type(error).__name__}: {error}"))

    def _begin(self, job: Job) -> Run:
        request = job.request
        if request.out is not None and (why := unwritable(request.out)):
            raise RefusedError(RunRefused(job.number, f"files cannot be written to {request.out}: {why}"))
        planned = self._plan(job)
        self._stop_if_cancelled(job)
        self._looking.remember(planned, str(request.path or request.name))
        run = self._engine.start(
            planned,
            job.document,
            out=request.out,
            overwrite=request.overwrite,
            metadata=request.metadata,
            sidecar=request.sidecar,
            previews=request.previews,
            keep_all=self._keep_all,
        )
        with self._changed:
            job.run = run
            if job.cancelled:
                run.cancel()
        return run

    def _plan(self, job: Job) -> Plan:
        settings, until = job.request.settings, job.request.until
        planned = self._engine.plan_checked(job.typed, settings=settings, until=until)
        if not planned.fetches:
            return planned
        self._fetch(job, {fetch.description: fetch for fetch in planned.fetches})
        # What was downloaded is known better now than when the workflow was checked.
        checked = self._job(job.number, job.request)
        job.document, job.typed = checked.document, checked.typed
        return self._engine.plan_checked(job.typed, settings=settings, until=until)

    def _fetch(self, job: Job, missing: dict[str, Fetch]) -> None:
        if not job.request.download:
            reason = f"not on this machine: {'; '.join(missing)}; it has to be downloaded first"
            raise RefusedError(RunRefused(job.number, reason, downloads=tuple(missing)))

        def told(what: str) -> Callable[[int, int], None]:
            def progress(done: int, total: int) -> None:
                self._stop_if_cancelled(job)
                self._tell(Downloading(job.number, what, done, total))

            return progress

        try:
            for description, fetch in missing.items():
                fetch.run(told(description))
        except AccessError as error:
            raise RefusedError(RunRefused(job.number, str(error), downloads=tuple(missing))) from error

    def _stop_if_cancelled(self, job: Job) -> None:
        if job.cancelled:
            raise RunCancelledError("the run was cancelled")

    def _follow(self, job: Job, run: Run) -> None:
        with suppress(RunError):  # its last event has told why
            for event in run:
                if isinstance(event, NodeFailed) and event.error is not None:
                    self._tell(EngineLog("trace", "".join(traceback.format_exception(event.error))))
                self._tell(RunEvent(job.number, event))


def counted(problems: int) -> str:
    """How many things are wrong, in a sentence."""
    return "1 problem stops the run" if problems == 1 else f"{problems} problems stop the run"
