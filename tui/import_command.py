"""`latentgraph import`: a workflow made of another program's file, and a word on everything that is missing in it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.foreign import ForeignFormat, Imported, ImportOptions
from latentgraph.graph.problem import Problem
from latentgraph.graph.registry import Registry
from latentgraph.tui.find import STANDARD_INPUT, load_registry
from latentgraph.tui.fmt_command import canonical
from latentgraph.tui.foreign_files import IN_PART, target_of, tell, write
from latentgraph.tui.messages import CommandError

LARGEST = 200_000_000
"""Bytes of a file that is read: a picture of 8000 by 8000 pixels, hardly packed."""
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF")


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What was asked on the command line."""

    file: str
    out: Path | None = None
    overwrite: bool = False
    models: Path | None = None
    node_files: Sequence[Path] = ()
    as_json: bool = False


def import_workflow(request: ImportRequest) -> int:
    """Import a file, write the workflow, say what is missing in it, and return the exit code.

    Raises:
        WorkflowError: Nothing can be made of it.
        CommandError: The call is wrong, or the workflow cannot be written.
    """
    target = target_of(request.out, usual_name(request.file), overwrite=request.overwrite, as_json=request.as_json)
    if request.models is not None and not request.models.is_dir():
        raise CommandError(f"--models: there is no folder '{request.models}'")
    name = "<stdin>" if request.file == STANDARD_INPUT else request.file
    raw = _read(request.file, name)
    registry = load_registry(request.node_files)
    folder = Path.cwd() if target is None else target.resolve().parent
    form, imported = imported_from(raw, name, ImportOptions(folder, registry, request.models))
    write(target, canonical(imported.workflow, name), overwrite=request.overwrite)
    tell("imported", target, form, imported.untranslated, imported.notes, as_json=request.as_json)
    return IN_PART if imported.untranslated else 0


def usual_name(file: str) -> str:
    """Where the workflow is written if nobody says so: the file's name here, and never the file itself."""
    if file == STANDARD_INPUT:
        return "imported.json"
    stem = Path(file).stem
    usual = f"{stem}.json"
    return f"{stem}-latentgraph.json" if os.path.abspath(file) == os.path.abspath(usual) else usual


def imported_from(raw: bytes, name: str, options: ImportOptions) -> tuple[ForeignFormat, Imported]:
    """The workflow that is made of the bytes of a file, and the format that they are in.

    Raises:
        WorkflowError: They are in no format that is known, or nothing can be made of them.
    """
    for form in options.registry.formats.values():
        if form.reads(raw, name):
            return form, form.translate(raw, name, options)
    raise WorkflowError([Problem("E007", *_why_not(raw, options.registry), file=name)])


def _read(file: str, name: str) -> bytes:
    if file == STANDARD_INPUT:
        raw = sys.stdin.buffer.read(LARGEST + 1)
    else:
        path = Path(file)
        try:
            if path.exists() and not path.is_file():
                what = "this is a folder" if path.is_dir() else "this is neither a file nor a folder"
                raise WorkflowError([Problem("E001", what, "name the file itself", file=name)])
            with path.open("rb") as opened:
                raw = opened.read(LARGEST + 1)
        except FileNotFoundError:
            raise WorkflowError([Problem("E001", "there is no such file", "look at the path", file=name)]) from None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise WorkflowError([Problem("E001", f"cannot be read: {why}", file=name)]) from None
    if len(raw) > LARGEST:
        message = f"the file has more than {LARGEST // 1_000_000} megabytes"
        raise WorkflowError([Problem("E001", message, "take the workflow itself, or a smaller picture", file=name)])
    return raw


def _why_not(raw: bytes, registry: Registry) -> tuple[str, str]:
    """Why no format reads the bytes, and what to do."""
    programs = ", ".join(form.program for form in registry.formats.values())
    hint = f"what is read: {programs}" if programs else "no format is known here"
    if not raw.strip():
        return "the file is empty", hint
    if raw.startswith(_PICTURES):
        if b"latentgraph.workflow" in raw:
            return "latentgraph made this picture", "`latentgraph run` or `edit` takes it as it is"
        hint = "pictures lose it when they are edited, sent through a chat, or saved without metadata"
        return "the picture does not say how it was made", hint
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return "the file is neither JSON nor a picture", hint
    if isinstance(value, dict) and "latentgraph" in value:
        return "this is a workflow of latentgraph already", "`latentgraph run` or `edit` takes it as it is"
    return "the file is JSON, but no workflow of a program that is known here", hint
