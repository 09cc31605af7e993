"""What the C library keeps of memory that was freed, and how it is made to hand it back to the system."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any


def hand_back() -> None:
    """Hand freed memory back to the system, as far as the C library keeps any: it is glibc's habit alone.

    What a long computation has freed lies between what is still in use, and glibc keeps it for later, in an arena for
    each thread. The next computation asks for other sizes, and the process grows by what lies idle. Costs a few
    milliseconds, and as much again as the memory is used anew.
    """
    _trim()(0)


@cache
def _trim() -> Callable[[int], Any]:
    if sys.platform.startswith("linux"):
        import ctypes

        trim: Callable[[int], Any] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            return trim
    return lambda pad: None
