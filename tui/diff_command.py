"""`latentgraph diff`: what is compared, and what is printed of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from latentgraph.graph.check import check
from latentgraph.graph.diff import Change, Compared, RunRecord, diff
from latentgraph.graph.document import Document, parse_document
from latentgraph.graph.edit.edit import ABSENT
from latentgraph.graph.provenance import read_record, run_of_file, texts
from latentgraph.graph.registry import Registry
from latentgraph.graph.workflow import SUBWORKFLOW, Node, Workflow
from latentgraph.tui.diff_words import change_text
from latentgraph.tui.find import STANDARD_INPUT, find_workflow, load_registry
from latentgraph.tui.messages import CommandError, console, print_json, say

EQUAL, DIFFERENT = 0, 1
"""Exit codes."""


def compare(
    first: str, second: str, *, layout: bool, allow_read: Sequence[Path], node_files: Iterable[Path], as_json: bool
) -> int:
    """Print what differs, a line each, and return the exit code.

    Raises:
        WorkflowError: One of them cannot be read.
        CommandError: Both are standard input.
    """
    if first == second == STANDARD_INPUT:
        raise CommandError("only one of the two can be read from standard input")
    registry = load_registry(node_files)
    sides = [_side(argument, registry, allow_read, as_json=as_json) for argument in (first, second)]
    changes = diff(*sides, layout=layout)
    for change in changes:
        if as_json:
            print_json(change_json(change))
        else:
            console(sys.stdout).print(change_text(change, marks=not sys.stdout.isatty()))
    if as_json:
        print_json({"event": "compared", "differences": len(changes)})
    elif not changes and sys.stderr.isatty():
        console(sys.stderr).print("no difference", style="dim")
    return DIFFERENT if changes else EQUAL


def change_json(change: Change) -> dict[str, Any]:
    """A difference as plain data; a value that is not there is left out."""
    data: dict[str, Any] = {"event": "difference"}
    for name in ("kind", "what", "path", "name", "part", "before", "after", "was", "old_name"):
        if (value := getattr(change, name)) is not ABSENT:
            data[name] = value
    return data


def _side(argument: str, registry: Registry, allow_read: Sequence[Path], *, as_json: bool) -> Compared:
    found = find_workflow(argument, registry)
    if found.picture is None:
        return Compared(found.document.workflow, _inside(found.document, argument, registry, allow_read, as_json))
    record = read_record(found.picture, registry)
    # Without the values of the run, which stand in the document as defaults.
    workflow = parse_document(record["workflow"].encode(), f"{argument}:workflow").workflow
    inside = {path: parse_document(text.encode(), f"{argument}:{path}").workflow
              for path, text in found.document.embedded.items()}  # fmt: skip
    run = run_of_file(found.picture, registry)
    parts = {name: texts(run.get(name)) for name in ("settings", "identities", "versions", "sources")}
    return Compared(workflow, inside, RunRecord(_values(found.document, record), **parts))


def _values(document: Document, record: Mapping[str, str]) -> dict[str, Any]:
    values = json.loads(record.get("inputs", "{}"))
    return {name: value for name, value in values.items() if name in document.workflow.inputs}


def _inside(
    document: Document, argument: str, registry: Registry, allow_read: Sequence[Path], as_json: bool
) -> dict[str, Workflow]:
    """The sub-workflows of a file, read as the check reads them: from where they may lie, and each cycle refused."""
    if not _opens_files(document.workflow.nodes):
        return {}
    checked = check(document, registry, access=document.access(allow_read))
    for problem in checked.problems:
        if problem.code == "E113":
            sentence = f"{argument}: what is inside of '{problem.node}' is not compared: {problem.message}"
            say("warning", sentence, as_json=as_json)
    embedded = checked.typed.embedded
    return {path: parse_document(text.encode(), f"{argument}:{path}").workflow for path, text in embedded.items()}


def _opens_files(nodes: Mapping[str, Node]) -> bool:
    return any(node.type == SUBWORKFLOW or _opens_files(node.body) for node in nodes.values())
