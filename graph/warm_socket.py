"""Where a warm engine listens, and what both ends have to agree on before one runs a workflow for the other.

A call that finds an engine imports little more than this module.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import struct
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from latentgraph.graph.code_identity import INSTRUCTIONS, code_identity, source_lines
from latentgraph.graph.folders import named_folder

SOCKET: Final = "engine.sock"
FOLDER: Final = "LATENTGRAPH_ENGINE"
"""The environment variable that names another folder for the socket; `off` uses no warm engine."""
ENVIRONMENT: Final = (
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES"),
    *INSTRUCTIONS,
    *("LATENTGRAPH_CACHE", "LATENTGRAPH_CACHE_LIMIT"),
    *("HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_ENDPOINT"),
)
"""Variables that say how many threads compute, on what, by which instructions, what is kept, and where models are."""
SECONDS_TO_ANSWER: Final = 20.0
"""How long a call waits for the engine to say what it is: a library that loads a model may hold the interpreter."""


class NoEngineError(Exception):
    """There is no warm engine that can be used; the message says why, and is empty where there simply is none."""


def socket_path() -> Path | None:
    """Where the engine of this user listens; None where none is to be used, or the system has no such sockets.

    Raises:
        ValueError: The environment names no folder.
    """
    asked = os.environ.get(FOLDER, "")
    if asked.lower() == "off" or not hasattr(socket, "AF_UNIX"):
        return None
    if asked:
        return named_folder(FOLDER, asked) / SOCKET
    import platformdirs

    with warnings.catch_warnings():
        # It warns where the system has no such folder, and takes another.
        warnings.simplefilter("ignore")
        return Path(platformdirs.user_runtime_dir("latentgraph")) / SOCKET


def require_own(folder: Path) -> None:
    """Hold that nobody but this user may put a socket into `folder`, or reach one in it.

    Raises:
        NoEngineError: Somebody may.
        OSError: It cannot be looked at.
    """
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise NoEngineError(f"{folder} is not this user's folder")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise NoEngineError(f"others may enter {folder}; `chmod 700` it")


def is_own(stream: socket.socket) -> bool:
    """Whether the process at the other end is this user's, where the system tells."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the folder's modes have kept others out
    credentials = stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", credentials)
    return bool(user == os.getuid())


def identity(sources: Iterable[str]) -> str:
    """The programs that make the bits, the packages that offer nodes, and what of the environment decides a run."""
    from importlib.metadata import entry_points

    from latentgraph.graph.names import ENTRY_POINTS

    offered = sorted(f"{one.name} {one.value}" for one in entry_points(group=ENTRY_POINTS))
    return json.dumps([code_identity(map(Path, sources)), offered, *_environment()])


def stamp(sources: Iterable[str]) -> str:
    """What stands for the identity as long as no package is installed and no source written; quickly made.

    Whatever is installed, updated or removed changes the time of a folder that modules are found in.
    """
    # The first is where the program was started from.
    folders = sys.path if sys.flags.safe_path else sys.path[1:]
    times = {folder: os.stat(folder).st_mtime_ns for folder in folders if os.path.isdir(folder)}
    return json.dumps([sys.version, sys.prefix, times, source_lines(map(Path, sources)), *_environment()])


def _environment() -> list[str]:
    """What both have to have alike, and the modes that files get."""
    mask = os.umask(0o077)  # There is no reading it without setting it.
    os.umask(mask)
    return [*(os.environ.get(name, "") for name in ENVIRONMENT), f"{mask:o}"]
