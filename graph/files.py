"""Writing files whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path


def _read_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


UMASK = _read_umask()
"""Read once, since reading it means setting it for the whole process for a moment."""


def write_whole(path: Path, content: str | bytes) -> None:
    """Put text or bytes into a file, new or not, whole or not at all; a link stays a link, and a file keeps its modes.

    Raises:
        OSError: It cannot be written; what was there is as it was.
    """
    target = path.resolve()
    temporary = _temporary(target)
    try:
        _fill(temporary, content)
        # A temporary file is private to its owner; a new file has the modes that the umask asks for.
        os.chmod(temporary, target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~UMASK)
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_new(path: Path, text: str) -> None:
    """Make a file that holds `text`, whole or not at all; never over one that is there.

    Raises:
        FileExistsError: There is something of that name.
        OSError: It cannot be written.
    """
    temporary = _temporary(path)
    try:
        _fill(temporary, text)
        os.chmod(temporary, 0o666 & ~UMASK)
        try:
            os.link(temporary, path, follow_symlinks=False)
        except FileExistsError:
            raise
        except OSError:
            # Not every file system knows links: there, another program that makes the file at this moment loses.
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
            os.rename(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _temporary(target: Path) -> Path:
    """A new, empty file beside `target`."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    os.close(handle)
    return Path(name)


def _fill(file: Path, content: str | bytes) -> None:
    with file.open("wb") as opened:
        opened.write(content.encode() if isinstance(content, str) else content)
        opened.flush()
        os.fsync(opened.fileno())
