"""What computes runs on another machine: an engine with warm models, whose files travel back as bytes."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any, Final

import psutil

from latentgraph.graph.access import AccessError
from latentgraph.graph.batch_size import BatchSize
from latentgraph.graph.check import check
from latentgraph.graph.cluster.parcel import Parcel, moved, rewritten
from latentgraph.graph.code_identity import programs
from latentgraph.graph.errors import LatentgraphError, RunError
from latentgraph.graph.kept_folder import disk_cache
from latentgraph.graph.plan import Plan
from latentgraph.graph.process.request import RunRequest
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.graph.series import Planned, Series
from latentgraph.graph.sweep import Entry

PREFIX: Final = "latentgraph-worker-"
"""Of the folders of workers; the number of their process comes behind it."""


@dataclass(frozen=True, slots=True)
class Job:
    """What all runs of a sweep share. Its paths are those of the machine that asks."""

    request: RunRequest
    """The workflow and how to run it, with the values of inputs that all runs have."""
    node_files: tuple[Path, ...]
    """Python files with nodes."""
    cache: bool
    """Whether values are taken from earlier processes on the worker's machine, and kept for later ones."""
    folder: Path
    """Where the command runs, which given paths count from."""
    absolute: Mapping[str, Path]
    """Texts that name something to read from the root or a home on, and the whole paths that they mean."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A run to compute."""

    number: int
    values: Mapping[str, Any]
    """Of the inputs that the sweep sets, as the manifest has them."""
    sources: Mapping[str, str]
    """Digests of what it reads, by `node.port`."""


@dataclass(frozen=True, slots=True)
class Made:
    """A run that came to its end."""

    entry: Entry
    contents: Mapping[str, bytes] = field(default_factory=dict)
    """Of its files, by name."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What a worker is, when it has begun."""

    machine: str
    programs: Mapping[str, str]
    refusal: str = ""
    """Why it cannot compute the first run, in a sentence; empty where it can."""
    identity: tuple[str, ...] = ()
    """What its results depend on beside the programs, such as the device."""


@dataclass(frozen=True, slots=True)
class Computed:
    """The runs that were computed in one call; those that were cancelled are not among them."""

    made: tuple[Made, ...]
    split: bool = False
    """Whether they could not be computed at once, as they should have been."""


class Worker:
    """Computes runs, a few a call, and keeps models and values in between."""

    def __init__(self, job: Job, parcel: Parcel) -> None:
        """Do nothing yet: `begin` tells what is wrong."""
        self._job = job
        self._parcel = parcel
        _remove_left_behind()
        self._folder = TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-", ignore_cleanup_errors=True)
        self._out = Path(self._folder.name, "out")
        self._series: Series | None = None
        self._stopped = False

    def begin(self, first: Asked) -> Ready:
        """Lay down the files, make the engine and plan a run, of which nothing is computed."""
        found: dict[str, str] = {}
        try:
            self._open()
            found = programs(self._engine.registry.sources)
            planned = self._plan(first)
        except (LatentgraphError, OSError, ValueError) as error:
            return Ready(_machine(), found, str(error))
        settings = self._engine.registry.settings
        identity = tuple([settings[name].identity(value) for name, value in sorted(planned.settings.items())])
        return Ready(_machine(), found, identity=identity)

    def compute(self, asked: Sequence[Asked]) -> Computed:
        """Compute runs, all at once where they are several; what fails is told in the entry of its run."""
        made: list[Made] = []
        planned: list[Planned] = []
        for one in asked:
            try:
                planned.append(Planned(one.number, one.values, self._plan(one)))
            except (LatentgraphError, OSError, ValueError) as error:
                made.append(Made(Entry(one.number, one.values, error=f"on {_machine()}: {error}")))
        size = BatchSize(str(len(asked)))
        self._series = Series(self._engine, self._document, self._out, size, metadata=self._job.request.metadata)
        if not self._stopped:
            made += [self._with_contents(entry) for entry in self._series.compute(planned)]
        return Computed(tuple(made), size.size < len(asked))

    def cancel(self) -> None:
        """Stop at the next step. Called while `compute` is at work."""
        self._stopped = True
        if self._series is not None:
            self._series.cancel()

    def close(self) -> None:
        """Leave nothing behind."""
        os.chdir("/")
        self._folder.cleanup()

    def _open(self) -> None:
        job, files = self._job, Path(self._folder.name, "files")
        beside = self._parcel.unpack(files)
        here = moved(job.folder, files)
        here.mkdir(parents=True, exist_ok=True)
        os.chdir(here)
        request = job.request
        recorded = request.recorded
        if recorded is not None:
            recorded = replace(recorded, folders=tuple([moved(folder, files) for folder in recorded.folders]))
        self._absolute = {written: str(moved(path, files)) for written, path in job.absolute.items()}
        text = request.workflow
        if self._absolute:
            text = json.dumps(rewritten(json.loads(text), self._absolute))
        path = None if request.path is None else moved(request.path, files)
        self._document = replace(request, workflow=text, path=path, recorded=recorded).document()
        # What came along was seen by the check of the machine that asks.
        self._access = self._document.access((files, *beside, *request.allow_read))
        registry = Registry.load([moved(file, files) for file in job.node_files])
        self._engine = Engine(registry, disk=disk_cache(registry) if job.cache else None)

    def _plan(self, asked: Asked) -> Plan:
        request, registry = self._job.request, self._engine.registry
        while True:
            given = rewritten({**request.given, **asked.values}, self._absolute)
            typed = check(self._document, registry, given, access=self._access, complete=True).require()
            planned = self._engine.plan_checked(typed, settings=request.settings)
            if not planned.fetches:
                break
            self._fetch(planned)
        for place, digest in asked.sources.items():
            if planned.sources.get(place, digest) != digest:
                raise RunError(f"{place} reads something else than on the machine that asks: put the same there")
        return planned

    def _fetch(self, planned: Plan) -> None:
        for fetch in planned.fetches:
            if not self._job.request.download:
                raise RunError(f"{fetch.description} is not there; --download lets every worker fetch it")
            try:
                fetch.run(lambda done, total: None)
            except AccessError as error:
                raise RunError(str(error)) from None

    def _with_contents(self, entry: Entry) -> Made:
        paths = {name: self._out / name for names in entry.files.values() for name in names}
        contents = {name: path.read_bytes() for name, path in paths.items()}
        for path in paths.values():
            path.unlink()
        return Made(entry, contents)


def _remove_left_behind() -> None:
    """Remove the folders of workers that were killed."""
    for folder in Path(gettempdir()).glob(f"{PREFIX}*"):
        process = folder.name.removeprefix(PREFIX).partition("-")[0]
        if process.isdecimal() and not psutil.pid_exists(int(process)):
            shutil.rmtree(folder, ignore_errors=True)


def _machine() -> str:
    return socket.gethostname()
