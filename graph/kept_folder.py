"""Where values are kept on this machine, and how much of them: in the user's cache folder, if nobody says otherwise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import platformdirs

from latentgraph.graph.code_identity import code_identity
from latentgraph.graph.disk_cache import DEFAULT_LIMIT, SECONDS_WORTH_A_FILE, DiskCache
from latentgraph.graph.folders import named_folder
from latentgraph.graph.registry import Registry
from latentgraph.graph.sizes import bytes_of

FOLDER: Final = "LATENTGRAPH_CACHE"
"""The environment variable that names another folder; `off` keeps nothing."""
LIMIT: Final = "LATENTGRAPH_CACHE_LIMIT"
"""The environment variable with the most that is kept, such as 10GB."""


def disk_cache(registry: Registry) -> DiskCache | None:
    """What keeps the values of `registry`'s nodes for other processes; None where nothing is to be kept.

    Raises:
        ValueError: The environment names no folder, or a limit that is no size.
    """
    folder = _folder()
    if folder is None or registry.storing is None:
        return None
    return DiskCache(folder, registry.storing, code_identity(registry.sources), kept_limit(), SECONDS_WORTH_A_FILE)


def folder_beside(name: str) -> Path | None:
    """The folder called `name` beside that of the values, for what others keep; None where nothing is to be kept.

    Raises:
        ValueError: The environment names no folder.
    """
    folder = _folder()
    return None if folder is None else folder.with_name(f"{folder.name}-{name}")


def _folder() -> Path | None:
    asked = os.environ.get(FOLDER, "")
    if asked.lower() == "off":
        return None
    return named_folder(FOLDER, asked) if asked else Path(platformdirs.user_cache_dir("latentgraph")) / "values"


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
