"""`latentgraph sweep`: from ranges and lists to a folder of pictures, run by run, and on from where it stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from filelock import FileLock, Timeout

from latentgraph.graph.batch_size import BatchSize
from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.check import check
from latentgraph.graph.errors import UnwritableError
from latentgraph.graph.files import remove_abandoned
from latentgraph.graph.sweep import Manifest, SweepError, combinations
from latentgraph.tui.find import find_workflow, load_registry
from latentgraph.tui.follow import CANCELLED, DONE, FAILED
from latentgraph.tui.interrupt import cancelling
from latentgraph.tui.messages import CommandError, say, say_fast
from latentgraph.tui.quiet import quiet_libraries
from latentgraph.tui.run_command import RunRequest, refuse_unwritable
from latentgraph.tui.sweep_here import Here
from latentgraph.tui.sweep_place import Place, Sweep
from latentgraph.tui.sweep_report import SweepReport
from latentgraph.tui.sweep_sources import Sources
from latentgraph.tui.sweep_values import read_axes
from latentgraph.tui.values import read_given

LOCK = ".sweep.lock"


def sweep_workflow(
    request: RunRequest,
    settings: Sequence[str],
    zipped: Sequence[str],
    *,
    sheet: bool,
    batch: str = "1",
    on: str | None = None,
    workers: int | None = None,
) -> int:
    """Run every combination that is not done yet, and return the exit code.

    Raises:
        WorkflowError: The workflow, the values or the settings are wrong.
        CommandError: The sweep cannot begin.
    """
    size = _size(batch)
    if workers is not None and on is None:
        raise CommandError("--workers says how many of a cluster: name it by --on ray or --on ray://HOST:PORT")
    if not request.debug:
        quiet_libraries()
    registry = load_registry(request.node_files)
    for note in registry.notes:
        say("warning", note, as_json=request.as_json)
    found = find_workflow(request.workflow, registry)
    workflow = found.document.workflow
    common = read_given(workflow, registry, (), request.inputs_file).values
    drawn: dict[str, list[int]] = {}
    axes = read_axes(workflow, registry, settings, zipped, drawn)
    refuse_unwritable(request.out)
    try:
        runs = combinations(axes)
        if not (request.as_json or request.quiet):
            say_fast(request.settings)
        request.out.mkdir(parents=True, exist_ok=True)
        with FileLock(request.out / LOCK, timeout=0):
            remove_abandoned(request.out)
            access = replace(found.document.access(request.allow_read), seen={})
            sweep = Sweep(request, found, common, registry, size, access)
            manifest = Manifest(request.out, _identity(sweep))
            report = SweepReport(request, [name for axis in axes if len(axis.points) > 1 for name in axis.names])
            if drawn:
                runs = _drawn_before(sweep, manifest, settings, zipped, drawn) or runs
            place = _place(on, workers, sweep, report)
            return _sweep(sweep, runs, manifest, place, report, sheet=sheet)
    except Timeout:
        raise CommandError(f"{request.out}: another sweep is at work in this folder") from None
    except SweepError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise UnwritableError(request.out, error) from None


def _size(batch: str) -> BatchSize:
    try:
        return BatchSize(batch)
    except ValueError as error:
        raise CommandError(f"--batch {error}") from None


def _place(on: str | None, workers: int | None, sweep: Sweep, report: SweepReport) -> Place:
    if on is None:
        return Here(sweep, report.warn)
    # A sweep in this process does without what a cluster takes.
    from latentgraph.tui.sweep_ray import OnRay

    return OnRay(sweep, where=on, workers=workers)


def _identity(sweep: Sweep) -> dict[str, Any]:
    """What makes it this sweep: a folder in which other things were made is no place to go on."""
    document = sweep.found.document
    texts = {"": canonical_text(document.workflow)}
    # Those of sub-workflows, which have files of their own.
    texts |= check(document, sweep.registry, sweep.common, access=sweep.access).typed.embedded
    digest = hashlib.sha256("".join(text for _, text in sorted(texts.items())).encode()).hexdigest()
    return {"workflow": digest, "inputs": dict(sweep.common), "settings": dict(sweep.request.settings)}


def _drawn_before(
    sweep: Sweep, manifest: Manifest, settings: Sequence[str], zipped: Sequence[str], drawn: Mapping[str, list[int]]
) -> list[dict[str, Any]] | None:
    """The runs that the same command drew and did not finish; None where there are none, which notes what it drew now.

    Whether pictures are still there does not count: who threw some away and calls again wants others.
    """
    command = [*[f"--set {one}" for one in settings], *[f"--zip {one}" for one in zipped]]
    if earlier := manifest.drawn(command):
        workflow = sweep.found.document.workflow
        runs = combinations(read_axes(workflow, sweep.registry, settings, zipped, earlier))
        if not all(map(manifest.ended, runs)):
            if not (sweep.request.as_json or sweep.request.quiet):
                say("note", f"the same {', '.join(earlier)} as drawn before: those runs are not all done")
            return runs
    manifest.draw(command, drawn)
    return None


def _changed(runs: Sequence[Mapping[str, Any]], manifest: Manifest, sources: Sources) -> int:
    """Forget the runs that read something else today than when they were done, and say how many."""
    kept = [one for one in map(manifest.done, runs) if one is not None and one.sources]
    changed = [one for one in kept if sources.of(one.values) not in ("", one.sources)]
    for one in changed:
        manifest.forget(one.values)
    return len(changed)


def _sweep(
    sweep: Sweep,
    runs: Sequence[Mapping[str, Any]],
    manifest: Manifest,
    place: Place,
    report: SweepReport,
    *,
    sheet: bool,
) -> int:
    """Have computed what is not done, write the sheet, say how it ended."""
    numbered = list(zip(manifest.numbers(runs), runs, strict=True))
    changed = _changed(runs, manifest, Sources(sweep, runs))
    before = {number: manifest.done(values) for number, values in numbered}
    left = [(number, values) for number, values in numbered if before[number] is None]
    stopped = False

    def cancel() -> None:
        nonlocal stopped
        stopped = True
        place.cancel()

    computed = place.compute(left)
    # Again, for models may have come here; and before the first run, as what it reads was settled.
    sources = Sources(sweep, runs)
    digests = {number: sources.of(values) for number, values in left}
    report.begin(len(runs), len(left), changed)
    with cancelling(cancel), closing(computed):
        for entry in computed:
            manifest.add(replace(entry, sources=digests[entry.number]))
            report.tell(entry)
    done = [one for one in map(manifest.done, runs) if one is not None]
    if sheet:
        report.write_sheet(done)
    report.end(len(runs), done, [one for one in before.values() if one is not None], stopped=stopped)
    return CANCELLED if stopped else FAILED if report.failed else DONE
