"""Reading a workflow file into a Document: the data, and the text it came from for messages."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.names import closest
from latentgraph.graph.problem import Place, Problem
from latentgraph.graph.source import Source, parse
from latentgraph.graph.workflow import VERSION, Workflow


@dataclass(frozen=True, slots=True)
class Document:
    """A workflow together with where it stands."""

    workflow: Workflow
    source: Source | None = None
    """Its text; None for a workflow that was made in memory."""
    path: Path | None = None
    """Its file; None where it is read from a pipe or out of a picture."""

    @property
    def name(self) -> str:
        """How messages call it."""
        return self.source.name if self.source else ""

    @property
    def folder(self) -> Path | None:
        """Where its relative paths count from."""
        return self.path.resolve().parent if self.path else None

    def place(self, path: Sequence[str | int], *, key: bool = False) -> Place | None:
        """Line and column of something in it, where it has a text."""
        return self.source.place(path, key=key) if self.source else None


def read_document(path: Path, name: str | None = None) -> Document:
    """Read a workflow file.

    Args:
        path: The file.
        name: How messages call it; its path as given where None.

    Raises:
        WorkflowError: It cannot be read or is not a workflow of this version.
    """
    shown = name or str(path)
    try:
        # A pipe or a device never ends; only what is a plain file is opened.
        if path.exists() and not path.is_file() and not path.is_dir():
            raise OSError(errno.EINVAL, "it is neither a file nor a folder")
        raw = path.read_bytes()
    except (OSError, ValueError) as error:
        raise WorkflowError([Problem("E001", _unreadable(error), file=shown)]) from None
    return parse_document(raw, shown, path)


def parse_document(raw: bytes, name: str, path: Path | None = None) -> Document:
    """Read a workflow out of bytes that came from somewhere.

    Raises:
        WorkflowError: They are not a workflow of this version; every fault of its shape is told at once.
    """
    value, source = parse(raw, name)
    return Document(_workflow(value, source), source, path)


def _unreadable(error: OSError | ValueError) -> str:
    if isinstance(error, IsADirectoryError):
        return "this is a folder; a workflow is a JSON file"
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    return f"cannot be read: {os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error}"


def _workflow(value: Any, source: Source) -> Workflow:
    def problem(code: str, message: str, hint: str = "", path: Sequence[str | int] = (), key: bool = False) -> Problem:
        return Problem(code, message, hint, file=source.name, place=source.place(path, key=key))

    if not isinstance(value, dict):
        raise WorkflowError([problem("E007", "a workflow file is one JSON object")])
    if "latentgraph" not in value:
        hint = f'write "latentgraph": {VERSION}'
        if "class_type" in str(value)[:2000] or "last_node_id" in value:
            hint = "it looks like a ComfyUI workflow, which this version cannot read"
        raise WorkflowError([problem("E006", "the file does not say its version", hint)])
    version = value["latentgraph"]
    if type(version) is not int or version != VERSION:
        newer = type(version) is int and version > VERSION
        message = f"the file is of version {version!r}; this program reads version {VERSION}"
        hint = "update latentgraph" if newer else f'write "latentgraph": {VERSION}'
        raise WorkflowError([problem("E006", message, hint, ["latentgraph"])])
    try:
        return Workflow.model_validate(value)
    except ValidationError as error:
        faults = [_shape_fault(one) for one in error.errors(include_url=False)]
        raise WorkflowError([problem("E007", *fault) for fault in faults]) from None


def _shape_fault(error: ErrorDetails) -> tuple[str, str, Sequence[str | int], bool]:
    """Message, hint, path and whether the key is meant, for one of pydantic's complaints."""
    path = error["loc"]
    where = ".".join(str(part) for part in path)
    if error["type"] == "extra_forbidden":
        known = _fields_at(path)
        return f"unknown key {str(path[-1])!r}", closest(str(path[-1]), known), path, True
    if error["type"] == "missing":
        return f"the key {str(path[-1])!r} is missing", "", path[:-1], True
    message = error["msg"].replace("Input should be", "should be")
    return f"{where}: {message[0].lower()}{message[1:]}", "", path, False


def _fields_at(path: Sequence[str | int]) -> list[str]:
    """The keys that the object around `path` may have."""
    model: type[BaseModel] = Workflow
    for part in path[:-1]:
        known = model.model_fields.get(str(part))
        model = (_inner_model(known.annotation) if known else None) or model
    return [one.alias or name for name, one in model.model_fields.items()]


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    """The model inside `dict[str, Model] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_inner_model(argument) for argument in getattr(annotation, "__args__", ()))
    return next((model for model in inner if model), None)
