"""`latentgraph run`: from what was asked on the command line to the files and the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentgraph.graph.access import FileAccess
from latentgraph.graph.check import check
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.plan import Plan
from latentgraph.graph.run import Engine
from latentgraph.graph.sink import unwritable
from latentgraph.tui.cache_command import open_cache
from latentgraph.tui.download import fetch_all
from latentgraph.tui.explain import Explainer, show_explained
from latentgraph.tui.find import Found, find_workflow, load_registry
from latentgraph.tui.follow import DONE, Shown, follow
from latentgraph.tui.messages import CommandError, say, say_problems
from latentgraph.tui.quiet import quiet_libraries
from latentgraph.tui.replay import differences, settings_of
from latentgraph.tui.values import read_given


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What was asked on the command line."""

    workflow: str
    settings: Mapping[str, str]
    """Of the run, such as the device; only those that were given."""
    values: Sequence[str] = ()
    inputs_file: Path | None = None
    until: str | None = None
    out: Path = Path("outputs")
    overwrite: bool = False
    metadata: bool = True
    sidecar: bool = False
    cache: bool = True
    """Whether values are taken from earlier processes, and kept for later ones."""
    explain: bool = False
    allow_read: Sequence[Path] = ()
    node_files: Sequence[Path] = ()
    download: bool = False
    as_json: bool = False
    images: str = "auto"
    quiet: bool = False
    debug: bool = False


def run_workflow(request: RunRequest) -> int:
    """Run what was asked, show it, and return the exit code.

    Raises:
        WorkflowError: The workflow, the values or the settings are wrong.
        CommandError: The run cannot begin.
        RunError: A node failed, or a file could not be written.
    """
    if not request.debug:
        quiet_libraries()
    registry = load_registry(request.node_files)
    for note in registry.notes:
        say("warning", note, as_json=request.as_json)
    found = find_workflow(request.workflow, registry)
    given = read_given(found.document.workflow, registry, request.values, request.inputs_file)
    refuse_unwritable(request.out)
    engine = Engine(registry, disk=open_cache(registry) if request.cache else None)
    planned = plan_run(request, found, given.values, engine)
    if found.picture:
        for sentence in differences(found.picture, planned, registry):
            say("warning", sentence, as_json=request.as_json)
    run = engine.start(
        planned,
        found.document,
        out=request.out,
        overwrite=request.overwrite,
        metadata=request.metadata,
        sidecar=request.sidecar,
    )
    names = [step.path for step in planned.steps]
    explainer = Explainer(found, planned, registry, engine.disk)
    shown = Shown(names, given.drawn, request.as_json, request.images, request.quiet, request.debug)
    code = follow(run, shown, explainer)
    if code == DONE:
        explained = explainer.finish()
        if request.explain:
            show_explained(explained, as_json=request.as_json)
    return code


def plan_run(
    request: RunRequest,
    found: Found,
    values: Mapping[str, Any],
    engine: Engine,
    *,
    access: FileAccess | None = None,
    told: bool = False,
) -> Plan:
    """Plan a run, after whatever has to be downloaded for it is here.

    Args:
        request: What was asked.
        found: The workflow.
        values: Of its inputs.
        engine: Plans it.
        access: What it may read; None: what the request says.
        told: Whether the user has read the warnings of the check already.

    Raises:
        WorkflowError: The workflow, the values or the settings are wrong.
        CommandError: Something that is not on this machine may not be fetched, or cannot be.
    """
    access = access or found.document.access(request.allow_read)
    told = told or request.quiet
    while True:
        checked = check(found.document, engine.registry, values, access=access, complete=True)
        if checked.errors:
            raise WorkflowError(checked.problems)
        if not told:
            say_problems([one for one in checked.problems if one.severity == "warning"], as_json=request.as_json)
        told = True
        recorded = settings_of(found.picture, engine.registry) if found.picture else {}
        planned = engine.plan_checked(checked.typed, settings={**recorded, **request.settings}, until=request.until)
        if not planned.fetches:
            return planned
        fetch_all(planned.fetches, consent=request.download, ask=not request.as_json, quiet=request.quiet)


def refuse_unwritable(out: Path) -> None:
    """Say before a long run, and not after it, that its files would have no place."""
    if why := unwritable(out):
        raise CommandError(f"--out {out}: {why}")
