"""Where a loop goes on that was stopped on its way: its carries, kept on disk every few seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from latentgraph.graph.cache import Kept
from latentgraph.graph.disk_cache import DiskCache

SECONDS_BETWEEN: Final = 2.0
"""At least, from one time of keeping to the next: what a kill can cost."""
SHARE: Final = 0.02
"""Of the time that may go into keeping, at most."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a loop has come."""

    turns: int
    """Done."""
    carries: tuple[Any, ...]
    collected: tuple[list[Any], ...]
    """One list for each collected value, as long as there were turns."""


class Resume:
    """Keeps how far one loop has come, and knows how far it came before."""

    def __init__(self, disk: DiskCache, key: str) -> None:
        """Look after the loop with the key `key`."""
        self._disk = disk
        self._key = f"{key}#reached"
        self._next = time.monotonic() + SECONDS_BETWEEN
        self._possible = True
        self._written = False

    def reached(self) -> tuple[Reached, list[tuple[str, str]]] | None:
        """How far the loop came before it was stopped, and what it had warned of; None where it never began."""
        kept = self._disk.get(self._key)
        if kept is None:
            return None
        turns, carries, collected = kept.values
        self._written = True
        return Reached(turns, carries, collected), [*kept.warnings]

    @property
    def due(self) -> bool:
        """Whether it is time to keep again."""
        return self._possible and time.monotonic() >= self._next

    def keep(self, reached: Reached, warnings: list[tuple[str, str]]) -> None:
        """Keep how far the loop has come; where it cannot be stored it is not tried again."""
        started = time.monotonic()
        values = (reached.turns, reached.carries, reached.collected)
        self._possible = self._possible and self._disk.put(self._key, Kept(values, tuple(warnings)))
        self._written = self._written or self._possible
        now = time.monotonic()
        self._next = now + max(SECONDS_BETWEEN, (now - started) / SHARE)

    def done(self) -> None:
        """Forget it: the loop has come to its end."""
        if self._written:
            self._disk.remove(self._key)
