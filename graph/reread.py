"""Sub-workflow files for an editor, which asks for them after every key: a file is read again when it changed."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from latentgraph.graph.access import AccessError, FileAccess
from latentgraph.graph.document import Document, read_document
from latentgraph.graph.errors import WorkflowError

_MAX_AROUND = 32
"""Sub-workflows around one that is still opened, as the check has it."""


def reread(
    written: str, file: Path | None, allowed: tuple[Path, ...] = (), around: tuple[Path, ...] = ()
) -> Document | None:
    """The workflow in the file of a sub-workflow; None where the check would say why it cannot be had.

    Args:
        written: As it stands in the workflow.
        file: Of the workflow, from where it counts.
        allowed: More folders that may be read.
        around: Files that are being opened: none of them can be a part of itself.
    """
    access = FileAccess(file.resolve().parent if file else None, allowed)
    try:
        path = access.path(written, given=False)
        if path in around or len(around) > _MAX_AROUND or not path.is_file():
            return None
        status = path.stat()
    except (AccessError, OSError):
        return None
    return _read(path, (status.st_mtime_ns, status.st_size, status.st_ino))


@lru_cache(maxsize=256)
def _read(path: Path, stamp: tuple[int, int, int]) -> Document | None:
    try:
        return read_document(path, os.fspath(path))
    except WorkflowError:
        return None
