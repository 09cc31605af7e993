"""What a run finds kept from before, and what it keeps for later: in memory, and on disk where it took time to make."""

from __future__ import annotations

from collections.abc import Callable

from latentgraph.graph.cache import Kept, MemoryCache
from latentgraph.graph.disk_cache import DiskCache
from latentgraph.graph.glance import Glance
from latentgraph.graph.plan import Plan


class Keeping:
    """The caches, as one run uses them."""

    def __init__(self, plan: Plan, cache: MemoryCache, disk: DiskCache | None, warn: Callable[[str], None]) -> None:
        """Look at the disk anew.

        Args:
            plan: Of the run, whose keys stand for the contents that its files had when it was planned.
            cache: In memory.
            disk: What outlives the process; None: nothing does.
            warn: Tells the user what is not kept, and why.
        """
        self._plan = plan
        self._cache = cache
        self._disk = disk
        self._glance = Glance(disk) if disk is not None else None
        self._warn = warn
        self._told: set[str] = set()
        self._kept: list[str] = []

    def find(self, key: str) -> Kept | None:
        """What is kept under a key, in memory or on disk."""
        entry = self._cache.get(key)
        if entry is None and self._glance is not None and (entry := self._glance.get(key)) is not None:
            self._cache.put(key, entry)
        return entry

    def said(self, key: str) -> Kept | None:
        """What is kept under a key, of whose values nothing is wanted but what was said when they were made."""
        entry = self._cache.get(key)
        if entry is None and self._glance is not None:
            entry = self._glance.get(_said(key))
        return entry

    def keep(self, key: str, kept: Kept, seconds: float | None = None) -> None:
        """Keep what was made.

        Args:
            key: Of the node that made it.
            kept: Its outputs.
            seconds: What it took to make; what took little is not worth a file. None: it is worth none in any case.
        """
        self._cache.put(key, kept)
        if self._plan.resources:
            self._kept.append(key)
        if self._disk is None or seconds is None or seconds < self._disk.from_seconds or self._plan.changed():
            return
        if not self._disk.put(key, kept) and (fault := self._disk.fault) and fault not in self._told:
            self._told.add(fault)
            self._warn(fault)
        if kept.warnings:
            # Beside the values, which nobody has to read for them.
            self._disk.put(_said(key), Kept((), kept.warnings))

    def forget_what_changed(self) -> bool:
        """Forget in memory what was made while files changed that it may have read; says whether any did.

        A key stands for the contents of files as they were when the run was planned, and a node reads them later.
        """
        changed = self._plan.changed() if self._kept else []
        if not changed:
            return False
        for key in self._kept:
            self._cache.remove(key)
        which = " and ".join(changed[:2]) + (f" and {len(changed) - 2} more" if len(changed) > 2 else "")
        self._warn(
            f"what {which} reads was changed while the run was under way; nothing that the run made is kept, and its "
            "files may be of the old contents, the new ones or both: run it again"
        )
        return True


def _said(key: str) -> str:
    return f"{key}#said"
