"""The workflow files that were open lately, remembered in the user's state folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from platformdirs import user_state_path

from latentgraph.graph.files import write_whole

MOST = 20
"""Files that are remembered."""


def recent_path() -> Path:
    """Where they are remembered."""
    return user_state_path("latentgraph") / "recent.json"


def recent_files(path: Path | None = None) -> list[Path]:
    """The files that were open lately and are still there, the latest first."""
    return [file for file in _remembered(path or recent_path()) if _is_there(file)]


def remember(file: Path, path: Path | None = None) -> None:
    """Put a file at the head of the list; where the list cannot be written, forget about it."""
    store = path or recent_path()
    absolute = Path(os.path.abspath(file))
    _write(store, [absolute, *(one for one in _remembered(store) if one != absolute)][:MOST])


def forget(file: Path, path: Path | None = None) -> None:
    """Take a file off the list."""
    store = path or recent_path()
    absolute = Path(os.path.abspath(file))
    _write(store, [one for one in _remembered(store) if one != absolute])


def _remembered(store: Path) -> list[Path]:
    try:
        names = json.loads(store.read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return [Path(name) for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _is_there(file: Path) -> bool:
    try:
        return file.is_file()
    except (OSError, ValueError):
        return False


def _write(store: Path, files: Iterable[Path]) -> None:
    # Whole or not at all: two editors may close at the same moment.
    with suppress(OSError, ValueError):
        store.parent.mkdir(parents=True, exist_ok=True)
        write_whole(store, json.dumps([str(one) for one in files], ensure_ascii=False, indent=1))
