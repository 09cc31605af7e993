"""`latentgraph import`: a workflow made of another program's file, and a word on everything that is missing in it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.files import write_new, write_whole
from latentgraph.graph.foreign import ForeignFormat, Imported, ImportOptions, Untranslated
from latentgraph.graph.names import printable
from latentgraph.graph.problem import Problem
from latentgraph.graph.registry import Registry
from latentgraph.tui.find import STANDARD_INPUT, load_registry
from latentgraph.tui.fmt_command import canonical
from latentgraph.tui.messages import CommandError, print_json, write_utf8

LARGEST = 200_000_000
"""Bytes of a file that is read: a picture of 8000 by 8000 pixels, hardly packed."""
IN_PART = 3
"""The exit code where something is missing."""
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
    target = _target(request)
    if request.models is not None and not request.models.is_dir():
        raise CommandError(f"--models: there is no folder '{request.models}'")
    name = "<stdin>" if request.file == STANDARD_INPUT else request.file
    raw = _read(request.file, name)
    registry = load_registry(request.node_files)
    folder = Path.cwd() if target is None else target.resolve().parent
    form, imported = imported_from(raw, name, ImportOptions(folder, registry, request.models))
    text = canonical(imported.workflow, name)
    if target is None:
        write_utf8(text)
    else:
        _write(target, text, overwrite=request.overwrite)
    tell = _tell_json if request.as_json else _tell
    tell(target, form, imported)
    return IN_PART if imported.untranslated else 0


def imported_from(raw: bytes, name: str, options: ImportOptions) -> tuple[ForeignFormat, Imported]:
    """The workflow that is made of the bytes of a file, and the format that they are in.

    Raises:
        WorkflowError: They are in no format that is known, or nothing can be made of them.
    """
    for form in options.registry.formats.values():
        if form.reads(raw, name):
            return form, form.translate(raw, name, options)
    raise WorkflowError([Problem("E007", *_why_not(raw, options.registry), file=name)])


def _target(request: ImportRequest) -> Path | None:
    """Where to write; None for standard output."""
    target = request.out
    if target is None:
        stem = "imported" if request.file == STANDARD_INPUT else Path(request.file).stem
        target = Path(f"{stem}.json")
    if str(target) == STANDARD_INPUT:
        if request.as_json:
            raise CommandError("--json and -o - both want standard output; write the workflow to a file")
        return None
    try:
        if target.is_dir():
            raise CommandError(f"{target} is a folder; name a file in it")
        if not target.parent.is_dir():
            raise CommandError(f"there is no folder '{target.parent}'; make it first")
        if os.path.lexists(target) and not request.overwrite:
            hint = "-f replaces it" if request.out else "choose another with -o, or -f to replace it"
            raise CommandError(f"{target} is there already; {hint}")
    except (OSError, ValueError) as error:
        raise CommandError(f"{str(target)!r} is no name of a file: {error}") from None
    return target


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


def _write(target: Path, text: str, *, overwrite: bool) -> None:
    try:
        if overwrite:
            write_whole(target, text)
        else:
            write_new(target, text)
    except FileExistsError:
        raise CommandError(f"{target} is there already; -f replaces it") from None
    except OSError as error:
        raise CommandError(f"{target} cannot be written: {error.strerror}", exit_code=1) from None


def _tell(target: Path | None, form: ForeignFormat, imported: Imported) -> None:
    stream = sys.stderr if target is None else sys.stdout
    lines = [f"wrote {target}, a workflow of {form.program}"] if target else []
    lines += [f"note: {printable(note)}" for note in imported.notes]
    missing = imported.untranslated
    if missing:
        what = "1 node is" if len(missing) == 1 else f"{len(missing)} nodes are"
        lines.append(f"{what} not translated:")
        lines += [f"  {_sentence(one)}" for one in missing]
    stream.writelines(f"{line}\n" for line in lines)


def _sentence(one: Untranslated) -> str:
    told = f"{one.place}: {one.node}: {one.reason}" + (f"; {one.hint}" if one.hint else "")
    return printable(told)


def _tell_json(target: Path | None, form: ForeignFormat, imported: Imported) -> None:
    missing: list[dict[str, Any]] = [
        {"place": one.place, "node": one.node, "reason": one.reason, "hint": one.hint} for one in imported.untranslated
    ]
    print_json(
        {
            "event": "imported",
            "file": str(target),
            "format": form.name,
            "notes": list(imported.notes),
            "untranslated": missing,
        }
    )
