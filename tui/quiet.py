"""Keeps the libraries that nodes use from writing to the terminal on their own, and from taking more than they use."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from contextlib import suppress

_M_ARENA_MAX = -8
"""The number of that option in glibc's malloc.h."""
SETTINGS = {
    "TQDM_DISABLE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "DIFFUSERS_VERBOSITY": "error",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "TOKENIZERS_PARALLELISM": "false",
    # How often a thread that waits for another looks before it sleeps: some 30 microseconds. libgomp's own 300,000
    # cost half as much again beside other programs; to sleep at once doubles the time that a small model takes.
    "GOMP_SPINCOUNT": "10000",
    # See `share_one_arena`; this reaches the processes that are started from here.
    "MALLOC_ARENA_MAX": "1",
}
"""What the libraries look at when they are imported; a value that the user set stays."""


def quiet_libraries() -> None:
    """Silence progress bars, warnings and log lines; call it before the libraries are imported."""
    share_one_arena()
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    for library in ("huggingface_hub", "transformers", "diffusers", "accelerate", "torch", "textual_image"):
        logging.getLogger(library).setLevel(logging.ERROR)


def share_one_arena() -> None:
    """Let all threads of the process take their memory from one place; call it before there is a second thread.

    glibc gives each thread an arena of its own, and what is freed in one goes back to the system less readily than in
    that of the main thread. A run computes in a thread of its own: it held up to a tenth more than the same work
    in the main thread. A value of the environment variable MALLOC_ARENA_MAX that the user set stays.
    """
    if not sys.platform.startswith("linux") or "MALLOC_ARENA_MAX" in os.environ:
        return
    import ctypes

    with suppress(AttributeError, OSError):  # Another C library, such as musl, has no arenas.
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
