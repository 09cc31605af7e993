"""Where values are kept on this machine, and how much of them: in the user's cache folder, if nobody says otherwise."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

import platformdirs

from latentgraph.graph.code_identity import code_identity
from latentgraph.graph.disk_cache import DEFAULT_LIMIT, DiskCache
from latentgraph.graph.registry import Registry

FOLDER: Final = "LATENTGRAPH_CACHE"
"""The environment variable that names another folder; `off` keeps nothing."""
LIMIT: Final = "LATENTGRAPH_CACHE_LIMIT"
"""The environment variable with the most that is kept, such as 10GB."""
_UNITS: Final = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def disk_cache(registry: Registry) -> DiskCache | None:
    """What keeps the values of `registry`'s nodes for other processes; None where nothing is to be kept.

    Raises:
        ValueError: The limit in the environment is no size.
    """
    asked = os.environ.get(FOLDER, "")
    if asked.lower() == "off" or registry.storing is None:
        return None
    folder = Path(asked).expanduser() if asked else Path(platformdirs.user_cache_dir("latentgraph")) / "values"
    return DiskCache(folder, registry.storing, code_identity(registry.sources), kept_limit())


def kept_limit() -> int:
    """The most that is kept, in bytes.

    Raises:
        ValueError: What the environment says is no size.
    """
    written = os.environ.get(LIMIT, "")
    if not written:
        return DEFAULT_LIMIT
    try:
        return bytes_of(written)
    except ValueError as error:
        raise ValueError(f"{LIMIT}: {error}") from None


def bytes_of(size: str) -> int:
    """A size as people write it (`500MB`, `2 GiB`, `0`), in bytes; a kilobyte is 1024.

    Raises:
        ValueError: It is none.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*", size, re.IGNORECASE)
    if found is None:
        raise ValueError(f"{size!r} is no size; write it like 500MB or 2GB")
    return int(float(found[1]) * _UNITS[found[2].upper()])
