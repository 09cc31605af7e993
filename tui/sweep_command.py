"""`latentgraph sweep`: from ranges and lists to a folder of pictures, run by run, and on from where it stopped."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from filelock import FileLock, Timeout

from latentgraph.graph.batch import Batch
from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.errors import RunCancelledError, RunError
from latentgraph.graph.events import RunFinished
from latentgraph.graph.plan import Plan
from latentgraph.graph.run import Engine, Run
from latentgraph.graph.sweep import Entry, Manifest, SweepError, combinations
from latentgraph.graph.together import alike
from latentgraph.tui.batch_size import BatchSize
from latentgraph.tui.cache_command import open_cache
from latentgraph.tui.contact_sheet import write_sheet
from latentgraph.tui.durations import duration
from latentgraph.tui.find import Found, find_workflow, load_registry
from latentgraph.tui.interrupt import cancelling
from latentgraph.tui.messages import CommandError, print_json, say
from latentgraph.tui.picture import SUFFIXES
from latentgraph.tui.quiet import quiet_libraries
from latentgraph.tui.run_command import CANCELLED, DONE, FAILED, RunRequest, plan_run, refuse_unwritable
from latentgraph.tui.sweep_values import read_axes
from latentgraph.tui.values import read_given

LOCK = ".sweep.lock"
Planned: TypeAlias = tuple[int, Mapping[str, Any], Plan]
"""A run of the sweep: its number, the values that it sets, its plan."""


def sweep_workflow(
    request: RunRequest, settings: Sequence[str], zipped: Sequence[str], *, sheet: bool, batch: str = "1"
) -> int:
    """Run every combination that is not done yet, and return the exit code.

    Raises:
        WorkflowError: The workflow, the values or the settings are wrong.
        CommandError: The sweep cannot begin.
    """
    try:
        size = BatchSize(batch)
    except ValueError as error:
        raise CommandError(f"--batch {error}") from None
    if not request.debug:
        quiet_libraries()
    registry = load_registry(request.node_files)
    for note in registry.notes:
        say("warning", note, as_json=request.as_json)
    found = find_workflow(request.workflow, registry)
    workflow = found.document.workflow
    common = read_given(workflow, registry, (), request.inputs_file).values
    axes = read_axes(workflow, registry, settings, zipped)
    refuse_unwritable(request.out)
    try:
        runs = combinations(axes)
        request.out.mkdir(parents=True, exist_ok=True)
        with FileLock(request.out / LOCK, timeout=0):
            manifest = Manifest(request.out, _identity(request, found, common))
            engine = Engine(registry, disk=open_cache(registry) if request.cache else None)
            varying = [name for axis in axes if len(axis.points) > 1 for name in axis.names]
            return _Sweep(request, found, common, engine, manifest, sheet, size, varying).run(runs)
    except Timeout:
        raise CommandError(f"{request.out}: another sweep is at work in this folder") from None
    except SweepError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{error.filename or request.out}: {error.strerror or error}", exit_code=FAILED) from None


def _identity(request: RunRequest, found: Found, common: Mapping[str, Any]) -> dict[str, Any]:
    """What makes it this sweep: a folder in which other things were made is no place to go on."""
    digest = hashlib.sha256(canonical_text(found.document.workflow).encode()).hexdigest()
    return {"workflow": digest, "inputs": dict(common), "settings": dict(request.settings)}


@dataclass(slots=True)
class _Sweep:
    request: RunRequest
    found: Found
    common: Mapping[str, Any]
    engine: Engine
    manifest: Manifest
    sheet: bool
    batch: BatchSize
    varying: Sequence[str] = ()
    """The inputs of more than one value, by which a reader tells the runs apart."""
    stopped: bool = False
    _current: Run | Batch | None = None
    _failed: list[Entry] = field(default_factory=list)

    def run(self, runs: Sequence[Mapping[str, Any]]) -> int:
        """Run what is not done, write the sheet, say how it ended."""
        numbered = list(zip(self.manifest.numbers(runs), runs, strict=True))
        left = [(number, values) for number, values in numbered if self.manifest.done(values) is None]
        # Before the first of many runs, what is wrong with any of them.
        planned = [(number, values, self._plan(values, told=index > 0)) for index, (number, values) in enumerate(left)]
        self._begin(len(runs), len(left))
        told = 0
        with cancelling(self._cancel):
            while planned and not self.stopped:
                group = self._next(planned)
                del planned[: len(group)]
                for entry in self._together(group) if len(group) > 1 else self._one(*group[0]):
                    told += 1
                    self.manifest.add(entry)
                    self._tell(entry, told, len(left))
        self._write_sheet(numbered)
        return self._end(len(runs), sum(self.manifest.done(values) is not None for values in runs))

    def _plan(self, values: Mapping[str, Any], *, told: bool) -> Plan:
        return plan_run(self.request, self.found, {**self.common, **values}, self.engine, told=told)

    def _next(self, planned: Sequence[Planned]) -> list[Planned]:
        """The runs that are computed next: as many as fit together, one at least."""
        first = planned[0]
        group = [first]
        for one in planned[1 : self.batch.size]:
            if not alike(first[2].steps, one[2].steps):
                break
            group.append(one)
        return group

    def _one(self, number: int, values: Mapping[str, Any], plan: Plan) -> list[Entry]:
        """One run; none where it was cancelled."""
        request = self.request
        self._current = self.engine.start(
            plan, self.found.document, out=request.out, overwrite=True, metadata=request.metadata, label=_label(number)
        )
        try:
            finished = self._current.result()
        except RunCancelledError:
            return []
        except RunError as error:
            return [Entry(number, values, error=str(error))]
        return [_entry(number, values, finished)]

    def _together(self, group: Sequence[Planned]) -> Iterator[Entry]:
        """Several runs at once; each alone where that fails."""
        request = self.request
        plans = [(_label(number), plan) for number, _, plan in group]
        self._current = batch = Batch(self.engine, self.found.document, plans, request.out, metadata=request.metadata)
        try:
            results = batch.result()
        except RunCancelledError:
            return
        except RunError:
            self.batch.failed()
            for one in group:
                if not self.stopped:
                    yield from self._one(*one)
            return
        self.batch.took(len(group), results[0].seconds)
        for (number, values, _), finished in zip(group, results, strict=True):
            yield _entry(number, values, finished)

    def _cancel(self) -> None:
        self.stopped = True
        if self._current is not None:
            self._current.cancel()

    def _begin(self, total: int, left: int) -> None:
        if self.request.as_json:
            print_json({"event": "sweep_started", "runs": total, "left": left, "folder": str(self.request.out)})
        elif not self.request.quiet and left < total:
            say("note", f"{total - left} of {total} runs are done already")

    def _tell(self, entry: Entry, done: int, left: int) -> None:
        if entry.error:
            self._failed.append(entry)
        request = self.request
        # A value may be saved by a node and be an output as well.
        names = dict.fromkeys(str(request.out / name) for ones in entry.files.values() for name in ones)
        if request.as_json:
            print_json({"event": "sweep_run", "run": entry.number, "values": dict(entry.values), "files": list(names),
                        "seconds": entry.seconds, "error": entry.error})  # fmt: skip
        elif request.quiet:
            print("\n".join(names), flush=True)
        else:
            values = ", ".join(f"{name}={value}" for name, value in self._told_apart(entry.values).items())
            result = f"failed: {entry.error}" if entry.error else f"{duration(entry.seconds)} → {', '.join(names)}"
            print(f"{done} of {left}  {values}  {result}", flush=True)

    def _told_apart(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if name in self.varying}

    def _write_sheet(self, numbered: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        if not self.sheet:
            return
        pictures = []
        for _, values in numbered:
            entry = self.manifest.done(values)
            names = [name for ones in entry.files.values() for name in ones] if entry else []
            first = next((name for name in names if Path(name).suffix.lower() in SUFFIXES), None)
            if first is not None:
                pictures.append((self.request.out / first, self._told_apart(values)))
        written = write_sheet(self.request.out, pictures)
        if written and not self.request.as_json and not self.request.quiet:
            print(f"contact sheet: {written}")

    def _end(self, total: int, done: int) -> int:
        code = CANCELLED if self.stopped else FAILED if self._failed else DONE
        if self.request.as_json:
            print_json({"event": "sweep_finished", "runs": total, "done": done, "failed": len(self._failed),
                        "cancelled": self.stopped})  # fmt: skip
        elif code != DONE:
            why = "stopped" if self.stopped else f"{len(self._failed)} failed"
            print(f"{why}: {done} of {total} runs are done; the same command goes on", file=sys.stderr)
        return code


def _label(number: int) -> str:
    return f"{number:04}"


def _entry(number: int, values: Mapping[str, Any], finished: RunFinished) -> Entry:
    files = {name: [Path(path).name for path in paths] for name, paths in finished.files.items()}
    return Entry(number, values, files, finished.seconds)
