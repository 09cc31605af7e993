"""The record that a made file carries: the workflow, the values of its inputs, and what made it.

It never holds an absolute path: a path that the caller gave is cut to its last part, and whoever makes the picture
again says where that is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePath
from typing import Any

from latentgraph.graph.canonical import canonical_data, text_of
from latentgraph.graph.document import Document, parse_document
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.plan import LoopStep, Plan, Step
from latentgraph.graph.problem import Problem
from latentgraph.graph.registry import Registry
from latentgraph.graph.sidecar import SUFFIX, is_sidecar, read_sidecar
from latentgraph.graph.workflow import Node, Workflow

PACKAGES = ("latentgraph", "torch", "diffusers", "transformers")


def record(document: Document, planned: Plan, registry: Registry) -> dict[str, str]:
    """The record of a planned run, as texts by name."""
    return Records(document, registry).of(planned)


class Records:
    """The records of many runs of one workflow, the text of which is written once."""

    def __init__(self, document: Document, registry: Registry) -> None:
        """Write nothing yet."""
        self._document = document
        self._registry = registry
        self._texts: dict[tuple[frozenset[str], frozenset[tuple[str, str]]], tuple[str, str]] = {}
        """Those of the workflow and of the files in it, by what runs read and by the files."""

    def of(self, planned: Plan, *, batch: int = 1) -> dict[str, str]:
        """The record of a planned run, as texts by name; `batch` says how many runs were computed at once."""
        settings = self._registry.settings
        run: dict[str, Any] = {
            "settings": dict(planned.settings),
            "identities": {name: settings[name].identity(value) for name, value in planned.settings.items()},
            "sources": planned.sources,
            "versions": versions((*PACKAGES, *_packages(planned.steps, self._registry))),
        }
        if batch > 1:
            run["batch"] = batch
        key = planned.read, frozenset(planned.embedded.items())
        if key not in self._texts:
            self._texts[key] = self._workflow(planned), _embedded(planned)
        workflow, files = self._texts[key]
        inputs = json.dumps(_portable(dict(planned.inputs), planned.read))
        return {"workflow": workflow, "inputs": inputs, "run": json.dumps(run)} | ({"files": files} if files else {})

    def _workflow(self, planned: Plan) -> str:
        workflow = self._document.workflow
        return text_of(_portable(canonical_data(workflow), planned.read | _files(workflow.nodes)))


def _embedded(planned: Plan) -> str:
    """The files of sub-workflows; empty where there are none."""
    if not planned.embedded:
        return ""
    inner = {
        path: Workflow.model_validate_json(text, by_alias=True, by_name=False)
        for path, text in planned.embedded.items()
    }
    files = {path: _portable(canonical_data(one), planned.read | _files(one.nodes)) for path, one in inner.items()}
    return json.dumps({path: json.dumps(data) for path, data in files.items()})


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Versions of what makes the bits; without those that are not installed."""
    found = {package: _version(package) for package in packages}
    return {package: version for package, version in found.items() if version}


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except (PackageNotFoundError, ValueError):
        return ""


def _packages(steps: Iterable[Step | LoopStep], registry: Registry) -> list[str]:
    """The packages that the nodes of a run come from, or the files."""
    found: dict[str, None] = {}
    for step in steps:
        one = _packages(step.body, registry) if isinstance(step, LoopStep) else [registry.origin(step.node.name)]
        found |= dict.fromkeys(one)
    return list(found)


def _files(nodes: Mapping[str, Node]) -> frozenset[str]:
    """The files of sub-workflows, as they are written; a record carries their texts."""
    inside = [_files(node.body) for node in nodes.values()]
    return frozenset(node.file for node in nodes.values() if node.file).union(*inside)


def _portable(value: Any, read: Set[str]) -> Any:
    """Plain data in which each of the paths `read` that is not relative is cut to its last part."""
    if isinstance(value, dict):
        return {name: _portable(inner, read) for name, inner in value.items()}
    if isinstance(value, list):
        return [_portable(inner, read) for inner in value]
    if isinstance(value, str) and value in read and (PurePath(value).is_absolute() or value.startswith("~")):
        return f"./{PurePath(value).name}"
    return value


def read_record(path: Path, registry: Registry) -> Mapping[str, str]:
    """The record that a file carries, or that a sidecar is, as texts by name; empty where there is none.

    Raises:
        OSError: The file cannot be read.
        WorkflowError: It is a sidecar that is broken.
    """
    if path.suffix.lower() == SUFFIX and is_sidecar(raw := path.read_bytes()):
        return read_sidecar(raw, path.name)
    forms = [form for form in registry.values.file_forms() if form.suffix == path.suffix.lower()]
    return forms[0].read_record(path) if forms else {}


def document_of_file(path: Path, name: str, registry: Registry) -> Document:
    """The workflow that made a file, its inputs standing at the values that made it.

    Raises:
        WorkflowError: The file carries no record, or a broken one.
    """
    found = read_record(path, registry)
    text = found.get("workflow")
    if text is None:
        hint = (
            "only files that latentgraph wrote, with their metadata left in, can be made again; `latentgraph import` "
        )
        hint += "takes pictures of other programs"
        raise WorkflowError([Problem("E001", "the file carries no record of a workflow", hint, file=name)])
    document = parse_document(text.encode(), f"{name}:workflow", path)
    try:
        inputs = json.loads(found.get("inputs", "{}"))
        embedded = {str(key): str(text) for key, text in json.loads(found.get("files", "{}")).items()}
        data = canonical_data(document.workflow)
        for key, value in inputs.items():
            # As defaults and not as given values: a stranger's picture opens no file that its workflow could not.
            data["inputs"][key]["default"] = value
    except (ValueError, KeyError, AttributeError, TypeError):
        raise WorkflowError([Problem("E001", "the record of its inputs is broken", file=name)]) from None
    return replace(parse_document(json.dumps(data).encode(), f"{name}:workflow", path), embedded=embedded)


def run_of_file(path: Path, registry: Registry) -> dict[str, Any]:
    """What the record says of the run: settings, sources and versions; empty without a record."""
    try:
        run = json.loads(read_record(path, registry).get("run", "{}"))
    except ValueError:
        return {}
    return run if isinstance(run, dict) else {}


def texts(value: Any) -> dict[str, str]:
    """`value` if it is what a record holds: anybody may have written it."""
    if not isinstance(value, dict):
        return {}
    return {name: text for name, text in value.items() if isinstance(name, str) and isinstance(text, str)}
