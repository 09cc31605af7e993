"""Memory that was freed goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

HELD = """
import ctypes, sys
from latentgraph.graph.allocator import hand_back
c = ctypes.CDLL(None)
c.malloc.restype = ctypes.c_void_p
c.free.argtypes = [ctypes.c_void_p]
c.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]

def pages():
    return int(open("/proc/self/statm").read().split()[1])

blocks = []
for _ in range(1000):
    blocks.append(c.malloc(100_000))  # Below the size from which glibc asks the system for each by itself.
    c.memset(blocks[-1], 1, 100_000)
full = pages()
for block in blocks[:-1]:  # The last keeps the heap from becoming shorter.
    c.free(block)
freed = pages()
hand_back()
print(full, freed, pages())
"""
"""Frees 100 MB in small pieces, and prints how many pages are in memory before, after, and after handing back."""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps it")
def test_what_was_freed_is_handed_back() -> None:
    told = subprocess.run([sys.executable, "-c", HELD], capture_output=True, text=True, check=True)
    full, freed, handed_back = map(int, told.stdout.split())
    assert freed > 0.8 * full
    assert handed_back < 0.5 * full
