"""What `latentgraph cache` does with the folder of kept values."""

from __future__ import annotations

from datetime import datetime

from latentgraph.graph.disk_cache import DiskCache
from latentgraph.graph.kept_folder import FOLDER, disk_cache
from latentgraph.graph.registry import Registry
from latentgraph.graph.sizes import bytes_of, readable_size
from latentgraph.tui.find import load_registry
from latentgraph.tui.messages import CommandError, print_json


def show_cache(*, as_json: bool) -> None:
    """Print where values are kept, how many and how much.

    Raises:
        CommandError: Nothing is kept on this machine.
    """
    kept = _kept()
    files = kept.files()
    size = sum(one.size for one in files)
    if as_json:
        oldest = files[0].used if files else None
        print_json({"folder": str(kept.folder), "files": len(files), "bytes": size, "limit": kept.limit,
                    "oldest_use": oldest})  # fmt: skip
        return
    print(f"{kept.folder}: {_counted(len(files))}, {readable_size(size)} of at most {readable_size(kept.limit)}")
    if files:
        print(f"not used for longest: since {datetime.fromtimestamp(files[0].used):%Y-%m-%d %H:%M}")


def trim_cache(size: str) -> None:
    """Remove what was not used for longest, until at most `size` is left.

    Raises:
        CommandError: Nothing is kept, or `size` is no size.
    """
    kept = _kept()
    try:
        limit = bytes_of(size)
    except ValueError as error:
        raise CommandError(str(error)) from None
    removed = kept.trim(limit)
    left = kept.files()
    print(
        f"removed {readable_size(removed)}; {_counted(len(left))} left, {readable_size(sum(one.size for one in left))}"
    )


def open_cache(registry: Registry) -> DiskCache | None:
    """What keeps values between runs; None where the environment says so.

    Raises:
        CommandError: The environment says something that cannot be.
    """
    try:
        return disk_cache(registry)
    except ValueError as error:
        raise CommandError(str(error)) from None


def _kept() -> DiskCache:
    found = open_cache(load_registry(()))
    if found is None:
        raise CommandError(f"nothing is kept: {FOLDER} is off")
    return found


def _counted(number: int) -> str:
    return "1 value" if number == 1 else f"{number} values"
