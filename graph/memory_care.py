"""What a package of nodes knows of the memory that its nodes take, which the engine does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemoryCare:
    """How a run is helped that lacks memory."""

    advise: Callable[[Mapping[str, str]], str]
    """Given the settings of a run: what to set so that it takes less, in a few words; empty where nothing helps."""
    give_back: Callable[[], None]
    """Have the libraries that compute hand back what they keep of memory that nobody uses."""
