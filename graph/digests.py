"""Digests of files, computed once for each path, size and time of change, and remembered between processes."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from threading import Lock

import platformdirs

from latentgraph.graph.files import write_whole

REMEMBERED_FROM = 16 * 2**20
"""Bytes from which on a digest is kept on disk; a smaller file is read faster than a memory of it is kept."""

_known: dict[str, str] = {}
_remembered: list[dict[str, str]] = []
"""What other processes left on disk; read when a large file first comes up."""
_lock = Lock()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    status = path.stat()
    key = f"{path}|{status.st_size}|{status.st_mtime_ns}"
    large = status.st_size >= REMEMBERED_FROM
    with _lock:
        if large and not _remembered:
            _remembered.append(_read_memory())
            _known.update(_remembered[0])
        if key not in _known:
            with path.open("rb") as file:
                _known[key] = hashlib.file_digest(file, "sha256").hexdigest()
            if large:
                _write_memory(key, _known[key])
        return _known[key]


def _memory() -> Path:
    return Path(platformdirs.user_cache_dir("latentgraph")) / "digests.json"


def _read_memory() -> dict[str, str]:
    try:
        memory = json.loads(_memory().read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return memory if isinstance(memory, dict) else {}


def _write_memory(key: str, digest: str) -> None:
    # A lost entry costs a second reading of the file and nothing else, so a folder that cannot be written is no error.
    with suppress(OSError):
        memory = _memory()
        memory.parent.mkdir(parents=True, exist_ok=True)
        entries = _read_memory() | {key: digest}
        write_whole(memory, json.dumps(entries))
