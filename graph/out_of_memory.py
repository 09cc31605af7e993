"""When a run asks for more memory than there is: how that is told, and how all that the run held is let go."""

from __future__ import annotations

import errno
import gc
import re
import traceback
from collections.abc import Iterator, Mapping
from typing import Final

from latentgraph.graph.allocator import hand_back
from latentgraph.graph.errors import NodeFailedError, RunError
from latentgraph.graph.free_memory import free_memory
from latentgraph.graph.memory_care import MemoryCare
from latentgraph.graph.pool import Pool
from latentgraph.graph.sizes import readable_size

_WORDS: Final = ("can't allocate memory", "cannot allocate memory", "out of memory", "bad_alloc", "alloc_failed")
"""Of libraries that compute, in a RuntimeError or a class under it."""
_UNITS: Final = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_AMOUNT: Final = r"(\d+(?:\.\d+)?) (bytes|[KMGT]iB)"
_ASKED: Final = re.compile(rf"(?:[Tt]ried to allocate|Unable to allocate) {_AMOUNT}")
_FREE: Final = re.compile(rf"of which {_AMOUNT} is free")


def ran_out(error: BaseException) -> bool:
    """Whether an error, or one that it came from, says that there was no memory."""
    return any(_says_so(one) for one in _chain(error))


def _says_so(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # Of torch, for a GPU.
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in _WORDS)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        one = pending.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            pending += [one.__context__, one.__cause__]


def shortage(error: BaseException) -> str:
    """What was asked for, what was free, and what to do about it; while whoever asked still holds what it has."""
    text = " ".join(str(one) for one in _chain(error) if _says_so(one))
    asked, free = _bytes(_ASKED, text), _bytes(_FREE, text)
    advice = "make less at once, such as smaller or fewer pictures"
    if asked is None:
        return f"the memory ran out; {advice}"
    left = readable_size(free_memory() if free is None else free)
    return f"the memory ran out: {readable_size(asked)} more were asked for, and {left} were free; {advice}"


def _bytes(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return None if found is None else int(float(found[1]) * _UNITS[found[2]])


def recovered(error: RunError, settings: Mapping[str, str], pool: Pool, care: MemoryCare | None) -> RunError:
    """Let go of all that a run held which ran out of memory, so that the next begins as the first did.

    The frames of the error's traceback lose their variables, which hold values, and the pool its modules; where it
    came up can still be printed.

    Args:
        error: That the run ended with.
        settings: Of the run.
        pool: With the modules that it used.
        care: What the nodes' package knows of memory.

    Returns:
        The error with what to set next time; the same where it was not the memory that ran out.
    """
    if not ran_out(error):
        return error
    for one in _chain(error):
        traceback.clear_frames(one.__traceback__)
    pool.clear()
    gc.collect()
    if care is not None:
        care.give_back()
    hand_back()
    advice = care.advise(settings) if care is not None else ""
    if not advice:
        return error
    if isinstance(error, NodeFailedError):
        again: RunError = NodeFailedError(error.node, f"{error.message}, or {advice}")
    else:
        again = RunError(f"{error}, or {advice}")
    again.__cause__ = error.__cause__
    return again.with_traceback(error.__traceback__)
