"""Values that outlive a run: kept in memory by key, the longest unused forgotten first."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any, NamedTuple

DEFAULT_BYTES = 2**30
BESIDE = 512
"""Bytes that an entry takes beside its values: an engine that lives long keeps very many small ones."""


class Kept(NamedTuple):
    """The outputs of a node, and what it had to say when it made them."""

    values: tuple[Any, ...]
    warnings: tuple[tuple[str, str], ...] = ()
    """Message, and where in the node it came up: nowhere, or `/step` for a node of a loop's body."""
    size: int = 0
    """Bytes."""


class MemoryCache:
    """Outputs by the key of the node that made them, under a bound on their size."""

    def __init__(self, limit: int = DEFAULT_BYTES) -> None:
        """Keep at most `limit` bytes; a single larger output is not kept at all."""
        self.limit = limit
        self.size = 0
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> Kept | None:
        """What was kept under `key`, which counts as a use."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
            return kept

    def put(self, key: str, kept: Kept) -> None:
        """Keep `kept`, and forget what was not used for longest until everything fits."""
        if kept.size + BESIDE > self.limit:
            return
        with self._lock:
            before = self._kept.pop(key, None)
            self._kept[key] = kept
            self.size += kept.size + BESIDE if before is None else kept.size - before.size
            while self.size > self.limit:
                _, forgotten = self._kept.popitem(last=False)
                self.size -= forgotten.size + BESIDE

    def remove(self, key: str) -> None:
        """Forget what is kept under `key`."""
        with self._lock:
            forgotten = self._kept.pop(key, None)
            if forgotten is not None:
                self.size -= forgotten.size + BESIDE

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self.size = 0

    def __len__(self) -> int:
        """How many nodes' outputs are kept."""
        return len(self._kept)
