"""`latentgraph check`: everything that is wrong with workflow files, without running them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from latentgraph.graph.check import check
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.problem import Problem
from latentgraph.graph.registry import Registry
from latentgraph.tui.find import find_workflow, load_registry
from latentgraph.tui.messages import print_json, say, say_problems
from latentgraph.tui.values import read_given


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What was asked on the command line."""

    workflows: Sequence[str]
    values: Sequence[str] = ()
    inputs_file: Path | None = None
    allow_read: Sequence[Path] = ()
    node_files: Sequence[Path] = ()
    as_json: bool = False


def check_workflows(request: CheckRequest) -> int:
    """Check each workflow, print the problems and their count, and return the exit code: 2 where there are errors."""
    registry = load_registry(request.node_files)
    for note in registry.notes:
        say("warning", note, as_json=request.as_json)
    counts: Counter[str] = Counter()
    for workflow in request.workflows:
        problems = problems_of(workflow, request, registry)
        say_problems(problems, as_json=request.as_json, stream=sys.stdout)
        counts.update(problem.severity for problem in problems)
    _say_counts(len(request.workflows), counts, as_json=request.as_json)
    return 2 if counts["error"] else 0


def problems_of(workflow: str, request: CheckRequest, registry: Registry) -> Sequence[Problem]:
    """Everything that is wrong with a workflow and the values for it."""
    try:
        document = find_workflow(workflow, registry).document
        given = read_given(document.workflow, registry, request.values, request.inputs_file)
    except WorkflowError as error:
        return error.problems
    return check(document, registry, given.values, access=document.access(request.allow_read)).problems


def _say_counts(files: int, counts: Counter[str], *, as_json: bool) -> None:
    if as_json:
        named = {f"{severity}s": counts[severity] for severity in ("error", "warning", "note")}
        print_json({"event": "checked", "files": files, **named})
        return
    parts = [plural(counts[severity], severity) for severity in ("error", "warning", "note") if counts[severity]]
    what = "1 workflow" if files == 1 else f"{files} workflows"
    print(f"{what}: {', '.join(parts) or 'nothing to complain of'}")


def plural(count: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
