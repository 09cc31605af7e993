"""The runs of a sweep, computed by the workers of a Ray cluster; this process alone writes files and the manifest."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack

from latentgraph.graph.cluster.connection import Room, connected, hiring, room
from latentgraph.graph.cluster.crew import ClusterError, Crew
from latentgraph.graph.cluster.errand import Errand
from latentgraph.graph.cluster.worker import Asked, Made, Ready
from latentgraph.graph.code_identity import differences, programs
from latentgraph.graph.files import write_whole
from latentgraph.graph.process.request import RunRequest as WorkerRequest
from latentgraph.graph.sweep import Entry, Numbered
from latentgraph.tui.follow import FAILED
from latentgraph.tui.messages import CommandError, say, say_problems
from latentgraph.tui.quiet import SETTINGS
from latentgraph.tui.replay import settings_of
from latentgraph.tui.sweep_place import Sweep


class OnRay:
    """A Ray cluster, with a warm engine in each of its workers."""

    def __init__(self, sweep: Sweep, *, where: str, workers: int | None = None) -> None:
        """Connect to nothing yet.

        Args:
            sweep: What is to be computed.
            where: `ray` or `ray://HOST:PORT`.
            workers: At most; None: as many as there is room for.

        Raises:
            CommandError: The device is none that workers can have.
        """
        self._request = request = sweep.request
        self._where = where
        self._workers = workers
        self._size = sweep.size
        self._programs = programs(sweep.registry.sources)
        found = sweep.found
        recorded = settings_of(found.picture, sweep.registry) if found.picture else {}
        settings = {**recorded, **request.settings}
        self._device = _device(settings.get("device", "auto"), asked=request.settings.get("device", ""))
        if "device" in settings:
            settings["device"] = self._device
        self._errand = Errand(
            _worker_request(sweep, settings), found.document, sweep.registry, request.node_files, cache=request.cache
        )
        self._crew: Crew | None = None
        self._identities: dict[tuple[str, ...], str] = {}
        """What the results of workers depend on, and a machine that is so."""

    def compute(self, runs: Sequence[Numbered]) -> Generator[Entry]:
        """Check every run here, and return what has them computed there."""
        if not runs:
            return _nothing()
        request, errand = self._request, self._errand
        asked = [errand.ask(number, values) for number, values in runs]
        if not request.quiet:
            say_problems(errand.warnings, as_json=request.as_json)
        job, parcel, threads = errand.job(), errand.parcel(), errand.threads()
        with ExitStack() as stack:
            try:
                stack.enter_context(connected(self._where, logs=request.debug))
                space = room(self._device, threads)
            except (ClusterError, ValueError) as error:
                raise CommandError(f"--on {self._where}: {error}") from None
            count = min(self._workers or space.workers, len(asked))
            self._tell_room(space, count)
            hire = hiring(job, parcel, space, SETTINGS)
            self._crew = Crew(hire, count, self._size, accept=self._accept, tell=self._warn)
            return self._entries(self._crew, asked, stack.pop_all())

    def cancel(self) -> None:
        """Stop at the next step of every worker."""
        if self._crew is not None:
            self._crew.cancel()

    def _entries(self, crew: Crew, asked: Sequence[Asked], connection: ExitStack) -> Generator[Entry]:
        with connection:
            try:
                for made in crew.compute(asked):
                    self._write(made)
                    yield made.entry
            except ClusterError as error:
                raise CommandError(f"--on {self._where}: {error}", exit_code=FAILED) from None

    def _write(self, made: Made) -> None:
        for name, content in made.contents.items():
            write_whole(self._request.out / name, content)

    def _accept(self, ready: Ready) -> None:
        if ready.programs and (told := differences(ready.programs, self._programs)):
            raise ClusterError(
                f"a worker on {ready.machine} has other programs than this machine: {', '.join(told)}; "
                "install the same in both places"
            )
        if ready.refusal:
            raise ClusterError(f"on {ready.machine}: {ready.refusal}")
        new = ready.identity not in self._identities
        self._identities[ready.identity] = ready.machine
        if new and len(self._identities) == 2:
            devices = "; ".join(f"{machine}: {', '.join(one)}" for one, machine in self._identities.items())
            self._warn(f"workers are not alike, so that equal runs may differ in their last bits ({devices})")

    def _tell_room(self, space: Room, count: int) -> None:
        if self._request.as_json or self._request.quiet:
            return
        each = "a GPU each" if space.gpu else "1 thread each" if space.threads == 1 else f"{space.threads} threads each"
        say("note", f"workers in the cluster: {count}, {each}")

    def _warn(self, sentence: str) -> None:
        say("warning", sentence, as_json=self._request.as_json)


def _nothing() -> Generator[Entry]:
    """No entries, for which nobody connects."""
    yield from ()


def _device(settled: str, *, asked: str) -> str:
    """The device of every worker, of which each sees its own GPU alone."""
    if re.fullmatch(r"cuda:\d+", asked):
        raise CommandError(f"--device {asked}: every worker has a GPU of its own; take --device cuda")
    return "cuda" if settled.startswith("cuda") else settled


def _worker_request(sweep: Sweep, settings: Mapping[str, str]) -> WorkerRequest:
    request, document = sweep.request, sweep.found.document
    assert document.source is not None  # it was read from a file, a picture or a pipe
    return WorkerRequest(
        document.source.text,
        document.name,
        document.path and document.path.resolve(),
        sweep.common,
        settings,
        metadata=request.metadata,
        allow_read=tuple([folder.resolve() for folder in request.allow_read]),
        embedded=document.embedded,
        download=request.download,
        recorded=document.recorded,
        previews=False,
    )
