"""Writing files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def _read_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


UMASK = _read_umask()
"""Read once, since reading it means setting it for the whole process for a moment."""


def write_whole(path: Path, text: str) -> None:
    """Put `text` into a file, new or not, whole or not at all; a link stays a link, and a file keeps its modes.

    Raises:
        OSError: It cannot be written; what was there is as it was.
    """
    target = path.resolve()
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # A temporary file is private to its owner; a new file has the modes that the umask asks for.
        os.chmod(temporary, target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~UMASK)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
