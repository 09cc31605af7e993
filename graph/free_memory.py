"""How much main memory this process may still take: what the system has, and what a container or a limit allows."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

CGROUPS: Final = Path("/sys/fs/cgroup")
ENDLESS: Final = 2**60
"""Bytes; a limit from here on is none."""


def free_memory() -> int:
    """Bytes that this process may still take before something has to give way."""
    import psutil

    available: int = psutil.virtual_memory().available
    return max(0, min([available, *_allowed_by_groups(), *_allowed_by_limit()]))


def _allowed_by_groups(root: Path = CGROUPS, own: Path = Path("/proc/self/cgroup")) -> Iterator[int]:
    """What the control groups of a container leave, those around its own included."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            top, limit, used, cached = root, "memory.max", "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            top, limit, used, cached = (
                root / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
            )  # fmt: skip
        else:
            continue
        group = top / path.strip("/")
        # A container may see its own group as the root, under a path that only the host knows.
        for folder in (group, *group.parents):
            with suppress(OSError, ValueError, KeyError):
                allowed = int((folder / limit).read_text())
                if allowed < ENDLESS:
                    # Pages of files that nobody maps are given up before anything fails.
                    files = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
                    yield allowed - int((folder / used).read_text()) + int(files[cached])
            if folder == top:
                break


def _allowed_by_limit() -> Iterator[int]:
    """What `ulimit -v` leaves of the address space."""
    if sys.platform != "linux":
        return
    import resource

    import psutil

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if 0 <= limit < ENDLESS:
        yield limit - psutil.Process().memory_info().vms
