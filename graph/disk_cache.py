"""Values that outlive a process: kept in a folder, one file for the outputs of one node, under their key.

Several processes may use one folder at once: a file comes into it whole by one rename and is never changed, and whoever
reads one holds it against its checksum. A file that is broken in any way is removed, and its values are made again.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Final

from latentgraph.graph.cache import Kept
from latentgraph.graph.storing import Storing, UnstorableError

DEFAULT_LIMIT: Final = 4 * 10**9
"""Bytes."""
SECONDS_WORTH_A_FILE: Final = 0.002
"""About what it takes to write a value and to read it back."""
SUFFIX: Final = ".kept"
TEMPORARY: Final = ".tmp"
LEAVES: Final = 0.9
"""What is left of the limit when files had to make room: so that not every new one makes it again."""
SECONDS_TO_TRY_AGAIN: Final = 60.0
"""After a fault: a disk that was full may have room again, and an engine lives long."""
ABANDONED_SECONDS: Final = 3600.0
"""A temporary file that is older than this belongs to a process that was killed."""
_MARK: Final = b"latentgraph kept values 1\n"
_CHECKSUM_BYTES: Final = 32
_OURS: Final = re.compile(r"[0-9a-f]{2}")
"""The folders that `place` names."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of the folder."""

    path: Path
    size: int
    """Bytes."""
    used: float
    """When it was last written or read, in seconds since 1970."""


class DiskCache:
    """Outputs of nodes in a folder, by key, under a bound on the folder's size."""

    def __init__(
        self,
        folder: Path,
        storing: Storing,
        code: str = "",
        limit: int = DEFAULT_LIMIT,
        from_seconds: float = SECONDS_WORTH_A_FILE,
    ) -> None:
        """Use `folder`, which is made when something is first kept.

        Args:
            folder: Nobody else's.
            storing: How values become bytes.
            code: What stands for the programs that make the values; what others made is not found.
            limit: Bytes of files; those that were not used for longest make room for others.
            from_seconds: What took less to make is made again rather than kept.
        """
        self.folder = folder
        self.limit = limit
        self.from_seconds = from_seconds
        self.fault = ""
        """Why nothing more is kept for now, such as a full disk; empty while all is well."""
        self._try_again = 0.0
        self._storing = storing
        self._code = code
        self._size: int | None = None
        self._lock = Lock()

    def get(self, key: str) -> Kept | None:
        """What was kept under `key`, which counts as a use; None where nothing was, or nothing whole."""
        path = os.path.join(self.folder, *self.place(key))  # asked for each node: a Path costs as much as the look
        try:
            with open(path, "rb") as file:
                content = file.read()
        except OSError:
            return None
        kept = self._opened(content, key)
        # Somebody else may be removing the same file, or have put a whole one in its place.
        with contextlib.suppress(OSError):
            os.utime(path) if kept is not None else os.unlink(path)
        return kept

    def put(self, key: str, kept: Kept) -> bool:
        """Keep `kept`, and return whether it is kept; what cannot be stored, or has no place, is not."""
        if self.fault and time.monotonic() < self._try_again:
            return False
        try:
            content = self._closed(key, kept)
        except UnstorableError:
            return False
        if len(content) > self.limit:
            return False
        try:
            self._write(self._path(key), content)
        except OSError as error:
            self.fault = f"values are not kept in {self.folder}: {error.strerror or error}"
            self._try_again = time.monotonic() + SECONDS_TO_TRY_AGAIN
            return False
        self.fault = ""
        self._make_room(len(content))
        return True

    def remove(self, key: str) -> None:
        """Forget what is kept under `key`."""
        with contextlib.suppress(OSError):
            self._path(key).unlink()

    def files(self) -> list[KeptFile]:
        """Everything that is kept, the longest unused first."""
        found = [one for one in self._files() if one.path.suffix == SUFFIX]
        return sorted(found, key=lambda one: one.used)

    def trim(self, limit: int) -> int:
        """Remove what was not used for longest until at most `limit` bytes are left; returns the bytes removed."""
        files = self.files()
        excess = total = sum(one.size for one in files)
        excess -= limit
        removed = 0
        for one in files:
            if removed >= excess:
                break
            with contextlib.suppress(OSError):
                one.path.unlink()
                removed += one.size
        self._remove_abandoned()
        self._size = total - removed
        return removed

    def place(self, key: str) -> tuple[str, str]:
        """Where what is kept under `key` lies: a folder in the cache's own, and the file in it."""
        name = blake2b(f"{self._code}\n{key}".encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()
        return name[:2], name + SUFFIX

    def names(self, folder: str) -> frozenset[str]:
        """The files in one of its folders."""
        try:
            return frozenset(os.listdir(self.folder / folder))
        except OSError:
            return frozenset()

    def _path(self, key: str) -> Path:
        return self.folder.joinpath(*self.place(key))

    def _closed(self, key: str, kept: Kept) -> bytes:
        notes = json.dumps({"key": key, "warnings": kept.warnings, "size": kept.size}).encode()
        body = len(notes).to_bytes(8, "little") + notes + self._storing.dump(kept.values)
        return _MARK + _checksum(body) + body

    def _opened(self, content: bytes, key: str) -> Kept | None:
        head = len(_MARK) + _CHECKSUM_BYTES
        body = content[head:]
        if content[:head] != _MARK + _checksum(body):
            return None
        end = 8 + int.from_bytes(body[:8], "little")
        try:
            notes = json.loads(body[8:end])
            warnings = tuple([(place, message) for place, message in notes["warnings"]])
            return Kept(self._storing.load(body[end:]), warnings, int(notes["size"])) if notes["key"] == key else None
        except (UnstorableError, ValueError, TypeError, KeyError):
            # Whole, and yet not ours: the checksum says only that it is as it was written.
            return None

    def _write(self, path: Path, content: bytes) -> None:
        # What is kept may be pictures: nobody else's business.
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=TEMPORARY)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _make_room(self, added: int) -> None:
        with self._lock:
            if self._size is None:
                self._size = sum(one.size for one in self._files())
            else:
                self._size += added
            if self._size > self.limit:
                # Counted anew: other processes add and remove as well.
                self.trim(int(self.limit * LEAVES))

    def _remove_abandoned(self) -> None:
        before = time.time() - ABANDONED_SECONDS
        for one in self._files():
            if one.path.suffix == TEMPORARY and one.used < before:
                with contextlib.suppress(OSError):
                    one.path.unlink()

    def _files(self) -> Iterator[KeptFile]:
        for name in _names(self.folder):
            # The folder was named by somebody, and may hold what is not ours.
            for entry in _names(name) if _OURS.fullmatch(name.name) else ():
                with contextlib.suppress(OSError):
                    status = entry.stat()
                    yield KeptFile(entry, status.st_size, status.st_mtime)


def _names(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _checksum(content: bytes) -> bytes:
    return blake2b(content, digest_size=_CHECKSUM_BYTES).digest()
