"""Choosing a file for a field."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App

from latentgraph.graph.access import ReadsFile

if TYPE_CHECKING:
    from latentgraph.tui.editor.inspector.row import FieldRow


def browse(app: App[object], row: FieldRow) -> None:
    """Open the file dialog where the field's file is, and write what is chosen into the field."""
    # Imported here: few ever open it.
    from latentgraph.tui.editor.dialogs.pick import PickFile

    subject, name = row.subject, row.spec.name
    folder = subject.folder or Path.cwd()

    def chosen(path: Path | None) -> None:
        # Meanwhile the row may have become another field's.
        same = (row.subject.scope, row.subject.key, row.spec.name) == (subject.scope, subject.key, name)
        if path is not None and row.is_mounted and same:
            row.fill(as_written(path, folder, row))

    start = _start(folder, row.draft.text)
    app.push_screen(PickFile(start, f"A file for {name}", [one.lstrip(".") for one in suffixes_of(row)]), chosen)


def suffixes_of(row: FieldRow) -> tuple[str, ...]:
    """The endings that the field takes; of a model, that of a model in a single file."""
    reads = row.spec.reads
    return reads.suffixes if isinstance(reads, ReadsFile) else (".safetensors",)


def as_written(path: Path, folder: Path, row: FieldRow) -> str:
    """A path as a workflow in `folder` writes it; one that could be a name is marked as a path."""
    if not path.is_relative_to(folder):
        return str(path)
    inside = path.relative_to(folder).as_posix()
    return inside if isinstance(row.spec.reads, ReadsFile) else f"./{inside}"


def _start(folder: Path, written: str) -> Path:
    try:
        there = (folder / written).parent
        return there if written and there.is_dir() else folder
    except (OSError, ValueError):
        return folder
