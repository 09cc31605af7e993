"""Reading a workflow file into a Document: the data, and the text it came from for messages."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from latentgraph.graph.access import FileAccess, Recorded
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.parse import parse
from latentgraph.graph.problem import Place, Problem
from latentgraph.graph.shape import shape_problems
from latentgraph.graph.sidecar import MARK
from latentgraph.graph.source import Source
from latentgraph.graph.words import kind_of, shown
from latentgraph.graph.workflow import VERSION, Workflow


@dataclass(frozen=True, slots=True)
class Document:
    """A workflow together with where it stands."""

    workflow: Workflow
    source: Source | None = None
    """Its text; None for a workflow that was made in memory."""
    path: Path | None = None
    """Its file; None where it is read from a pipe."""
    embedded: Mapping[str, str] = field(default_factory=dict)
    """Texts of the sub-workflows that came with it, by the path of their node: a picture carries them all."""
    recorded: Recorded | None = None
    """Of a workflow out of a record: what it says of the files that were read."""

    @property
    def name(self) -> str:
        """How messages call it."""
        return self.source.name if self.source else ""

    @property
    def folder(self) -> Path | None:
        """Where its relative paths count from."""
        return self.path.resolve().parent if self.path else None

    def access(self, allowed: Iterable[Path] = ()) -> FileAccess:
        """What it may read: its own folder, those that the user opened, and what its record tells of."""
        return FileAccess(self.folder, tuple(allowed), self.recorded)

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
    called = name or str(path)
    try:
        raw = _read_bytes(path)
    except (OSError, ValueError) as error:
        raise WorkflowError([Problem("E001", *_unreadable(error), file=called)]) from None
    return parse_document(raw, called, path)


def parse_document(raw: bytes, name: str, path: Path | None = None) -> Document:
    """Read a workflow out of bytes that came from somewhere.

    Raises:
        WorkflowError: They are not a workflow of this version; every fault of its shape is told at once.
    """
    value, source = parse(raw, name)
    return Document(_workflow(value, source), source, path)


def _read_bytes(path: Path) -> bytes:
    # A pipe or a device never ends; only what is a plain file is opened.
    if path.exists() and not path.is_file() and not path.is_dir():
        raise ValueError("it is neither a file nor a folder")
    return path.read_bytes()


def _unreadable(error: OSError | ValueError) -> tuple[str, str]:
    """The sentence and the hint for a file that cannot be read."""
    if isinstance(error, IsADirectoryError):
        return "this is a folder", "a workflow is a JSON file"
    if isinstance(error, FileNotFoundError):
        return "there is no such file", "look at the path"
    if isinstance(error, PermissionError):
        return "you may not read it", "look at the file's permissions"
    return f"cannot be read: {os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error}", ""


def _workflow(value: Any, source: Source) -> Workflow:
    if not isinstance(value, dict):
        raise _failure(source, "E007", f"the file holds {kind_of(value)}; a workflow is one JSON object")
    if "latentgraph" not in value:
        hint = f'write "latentgraph": {VERSION}'
        if MARK in value:
            hint = "it is the record of a picture, which `latentgraph run` makes again"
        if "last_node_id" in value or any(isinstance(one, dict) and "class_type" in one for one in value.values()):
            hint = "it looks like a ComfyUI workflow: `latentgraph import` makes one of ours of it"
        raise _failure(source, "E006", "the file does not say its version", hint)
    version = value["latentgraph"]
    if type(version) is not int or version != VERSION:
        newer = type(version) is int and version > VERSION
        message = f"the file is of version {shown(version)}; this program reads version {VERSION}"
        hint = "update latentgraph" if newer else f'write "latentgraph": {VERSION}'
        raise _failure(source, "E006", message, hint, ["latentgraph"])
    try:
        # By alias only: a link is written "from", and not as the field is called in Python.
        return Workflow.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        raise WorkflowError(shape_problems(error, value, source)) from None


def _failure(source: Source, code: str, message: str, hint: str = "", path: Sequence[str] = ()) -> WorkflowError:
    return WorkflowError([Problem(code, message, hint, file=source.name, place=source.place(path))])
