"""What the command line sets up before a library is imported."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

ARENAS = """
import ctypes, sys, threading
from latentgraph.tui.quiet import quiet_libraries
if "quiet" in sys.argv:
    quiet_libraries()
c = ctypes.CDLL(None)
c.malloc.restype = ctypes.c_void_p
thread = threading.Thread(target=lambda: c.malloc(100_000))
thread.start()
thread.join()
c.fdopen.restype = ctypes.c_void_p
stream = ctypes.c_void_p(c.fdopen(1, b"w"))
c.malloc_info(0, stream)
c.fflush(stream)
"""
"""Has a second thread allocate, and prints what glibc knows of its arenas."""


def arenas(*arguments: str, **variables: str) -> int:
    """How many there are in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"} | variables
    told = subprocess.run([sys.executable, "-c", ARENAS, *arguments], env=environment, capture_output=True, check=True)
    return told.stdout.count(b"<heap nr=")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
def test_the_thread_of_a_run_takes_its_memory_where_the_main_thread_does() -> None:
    assert arenas() > 1
    assert arenas("quiet") == 1
    assert arenas("quiet", MALLOC_ARENA_MAX="7") > 1
