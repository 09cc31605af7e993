"""Writing files whole or not at all, and removing what a killed process left of one."""

from __future__ import annotations

import errno
import os
import platform
import re
import tempfile
import time
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final


def _read_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


_MARK: Final = ".latentgraph-"
_SUFFIX: Final = ".tmp"
_ABANDONED: Final = re.compile(rf"{re.escape(_MARK)}(?P<system>[0-9a-f]{{8}})-(?P<process>\d{{1,10}})-\w+{_SUFFIX}")
SECONDS_IN_USE: Final = 86_400.0
"""How long a temporary file of another system may be somebody's: no file takes a day to write."""
UMASK = _read_umask()
"""Read once, since reading it means setting it for the whole process for a moment."""


def write_whole(path: Path, content: str | bytes) -> None:
    """Put text or bytes into a file, new or not, whole or not at all; a link stays a link, and a file keeps its modes.

    Raises:
        OSError: It cannot be written; what was there is as it was.
    """
    target = path.resolve()
    beside = temporary(target.parent)
    try:
        _fill(beside, content)
        # A temporary file is private to its owner; a new file has the modes that the umask asks for.
        os.chmod(beside, target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~UMASK)
        os.replace(beside, target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_new(path: Path, text: str) -> None:
    """Make a file that holds `text`, whole or not at all; never over one that is there.

    Raises:
        FileExistsError: There is something of that name.
        OSError: It cannot be written.
    """
    beside = temporary(path.parent)
    try:
        _fill(beside, text)
        os.chmod(beside, 0o666 & ~UMASK)
        try:
            os.link(beside, path, follow_symlinks=False)
        except FileExistsError:
            raise
        except OSError:
            # Not every file system knows links: there, another program that makes the file at this moment loses.
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
            os.rename(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def temporary(folder: Path) -> Path:
    """A new, empty file of this process, private to its owner, on its way to a name in `folder`.

    Raises:
        OSError: It cannot be made.
    """
    handle, name = tempfile.mkstemp(dir=folder, prefix=f"{_MARK}{_system()}-{os.getpid()}-", suffix=_SUFFIX)
    os.close(handle)
    return Path(name)


def remove_abandoned(folder: Path) -> None:
    """Remove the temporary files in a folder that were left by processes that were killed.

    Others may be at work in it, on other machines, too: a file goes where its process was one of this system and is no
    more, or where nobody has written to it for a day. A folder that cannot be read is left as it is.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if (found := _ABANDONED.fullmatch(entry.name)) is None:
                continue
            with suppress(OSError):  # Somebody else may be removing it.
                old = time.time() - entry.stat(follow_symlinks=False).st_mtime > SECONDS_IN_USE
                if old or (found["system"] == _system() and not _lives(int(found["process"]))):
                    os.unlink(entry.path)


@cache
def _system() -> str:
    """What stands for everything that has the same process numbers: this machine since it started, or a container."""
    parts = [platform.node()]
    with suppress(OSError):
        parts += [Path("/proc/sys/kernel/random/boot_id").read_text(), os.readlink("/proc/self/ns/pid")]
    return blake2b("\n".join(parts).encode(), digest_size=4).hexdigest()


def _lives(process: int) -> bool:
    import psutil

    lives: bool = psutil.pid_exists(process)
    return lives


def _fill(file: Path, content: str | bytes) -> None:
    with file.open("wb") as opened:
        opened.write(content.encode() if isinstance(content, str) else content)
        opened.flush()
        os.fsync(opened.fileno())
