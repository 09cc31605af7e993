"""What lies in a folder, for the dialogs that pick files; what cannot be read is a sentence and never an exception."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

MOST = 2000
"""Entries that are listed; of more, one types the beginning of the name."""
_UNITS = ("B", "kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a folder."""

    name: str
    path: Path
    is_folder: bool
    about: str = ""
    """Its size and when it was written."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A folder's entries: folders first, then files, by name."""

    entries: tuple[Entry, ...] = ()
    fault: str = ""
    """Why there are none."""


def list_folder(folder: Path, suffixes: Collection[str] = (), *, hidden: bool = False) -> Listing:
    """List a folder.

    Args:
        folder: Which.
        suffixes: Of the files that are listed, such as `.json`; all where empty.
        hidden: Whether what begins with a dot is listed.
    """
    found: list[Entry] = []
    try:
        with os.scandir(folder) as entries:
            for one in entries:
                if (hidden or not one.name.startswith(".")) and len(found) < MOST:
                    found += _entry(one, suffixes)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        return Listing(fault=f"The folder cannot be read: {reason or 'its name is none'}.")
    found.sort(key=lambda entry: (not entry.is_folder, entry.name.casefold(), entry.name))
    return Listing(tuple(found))


def _entry(one: os.DirEntry[str], suffixes: Collection[str]) -> list[Entry]:
    try:
        if one.is_dir():
            return [Entry(one.name, Path(one.path), True)]
        if suffixes and os.path.splitext(one.name)[1].lower() not in suffixes:
            return []
        state = one.stat()
    except OSError:  # it went meanwhile, or is a link to itself
        return []
    written = time.strftime("%Y-%m-%d %H:%M", time.localtime(state.st_mtime))
    return [Entry(one.name, Path(one.path), False, f"{_size(state.st_size):>8}  {written}")]


def _size(count: float) -> str:
    """A number of bytes in three digits."""
    for unit in _UNITS[:-1]:
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.0f} {_UNITS[-1]}"


def is_folder(path: Path) -> bool:
    """Whether it is one; not where nobody can tell."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def exists(path: Path) -> bool:
    """Whether there is something at a path; not where nobody can tell."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def resolved(folder: Path, text: str) -> Path:
    """The path that a text means when it is typed in a folder."""
    try:
        path = Path(text).expanduser()
    except RuntimeError:  # the home of somebody unknown
        path = Path(text)
    return Path(os.path.normpath(folder / path))
