"""Whether a file belongs to a process that lives: the system takes a lock back however its holder ends."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows lets nobody delete what another process has open.
    fcntl = None  # type: ignore[assignment]


def lock(handle: int) -> None:
    """Hold an open file for as long as it is open, where the file system knows locks."""
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_held(file: Path, process: int) -> bool:
    """Whether somebody holds a file.

    Args:
        file: Perhaps locked.
        process: The number of the process that would hold it, which says something where nothing can be locked.

    Raises:
        OSError: The file cannot be opened.
    """
    if fcntl is None:
        return False
    handle = os.open(file, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return _lives(process)
    finally:
        os.close(handle)
    return False


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
