"""What of many keys a cache on disk may hold: where many are asked for, a folder is looked through once.

A run asks for every node that it needs. Most are not there, and trying to open a file that is not there costs more than
a cheap node takes to run.
"""

from __future__ import annotations

from latentgraph.graph.cache import Kept
from latentgraph.graph.disk_cache import DiskCache


class Glance:
    """One run's look at a cache on disk. What other processes keep while it lasts may go unseen: it is made again."""

    def __init__(self, disk: DiskCache) -> None:
        """Look at `disk`, which is not touched before something is asked for."""
        self._disk = disk
        self._missed: set[str] = set()
        self._names: dict[str, frozenset[str]] = {}

    def get(self, key: str) -> Kept | None:
        """What is kept under `key`."""
        folder, name = self._disk.place(key)
        if folder in self._missed and folder not in self._names:
            # Listing a folder costs about what a second miss in it would.
            self._names[folder] = self._disk.names(folder)
        if folder in self._names and name not in self._names[folder]:
            return None
        kept = self._disk.get(key)
        if kept is None:
            self._missed.add(folder)
        return kept
