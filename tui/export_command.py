"""`latentgraph export`: a workflow as another program's file, and a word on everything that is missing in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from latentgraph.graph.canonical import canonical_data
from latentgraph.graph.check import check
from latentgraph.graph.document import Document
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.foreign import ForeignFormat
from latentgraph.graph.names import closest
from latentgraph.graph.registry import Registry
from latentgraph.graph.workflow import Workflow
from latentgraph.tui.find import STANDARD_INPUT, find_workflow, load_registry
from latentgraph.tui.foreign_files import IN_PART, target_of, tell, write
from latentgraph.tui.messages import CommandError
from latentgraph.tui.values import read_given

_OF_FILES = "E115"
"""The code of a model or picture that is not there: that is for the other program to have."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What was asked on the command line."""

    workflow: str
    to: str
    editor: bool = False
    out: Path | None = None
    overwrite: bool = False
    values: Sequence[str] = ()
    inputs_file: Path | None = None
    node_files: Sequence[Path] = ()
    as_json: bool = False


def export_workflow(request: ExportRequest) -> int:
    """Export a workflow, say what is missing, and return the exit code.

    Raises:
        WorkflowError: The workflow is wrong, or nothing of it can be written.
        CommandError: The call is wrong, or the file cannot be written.
    """
    registry = load_registry(request.node_files)
    form = _format(request, registry)
    stem = "workflow" if request.workflow == STANDARD_INPUT else Path(request.workflow).stem
    usual = f"{stem}_{form.name}.json"
    target = target_of(request.out, usual, overwrite=request.overwrite, as_json=request.as_json)
    document = find_workflow(request.workflow, registry).document
    given = read_given(document.workflow, registry, request.values, request.inputs_file)
    document = with_defaults(document, given.values)
    errors = [problem for problem in check(document, registry).errors if problem.code != _OF_FILES]
    if errors:
        raise WorkflowError(errors)
    assert form.write is not None  # by _format
    made = form.write(document, registry, "editor" if request.editor else "api")
    write(target, made.text, overwrite=request.overwrite)
    tell("exported", target, form, made.untranslated, made.notes, as_json=request.as_json)
    return IN_PART if made.untranslated else 0


def with_defaults(document: Document, values: Mapping[str, Any]) -> Document:
    """The document with these values of its inputs as their defaults."""
    if not values:
        return document
    data = json.loads(json.dumps(canonical_data(document.workflow)))
    for name, value in values.items():
        data["inputs"][name]["default"] = value
    return replace(document, workflow=Workflow.model_validate(data, by_alias=True, by_name=False))


def _format(request: ExportRequest, registry: Registry) -> ForeignFormat:
    writable = {name: form for name, form in registry.formats.items() if form.write is not None}
    form = writable.get(request.to)
    if form is None:
        raise CommandError(f"--to: nothing is written for '{request.to}'; {closest(request.to, writable)}")
    if request.editor and "editor" not in form.forms:
        raise CommandError(f"--editor: there is no such form of {form.program}'s files")
    return form
