"""What a package of nodes knows of the memory that its nodes take, which the engine does not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from latentgraph.graph.plan import Plan
    from latentgraph.graph.pool import Pool


@dataclass(frozen=True, slots=True)
class MemoryCare:
    """How a run is helped that lacks memory."""

    foresee: Callable[[Plan, Collection[str], Pool], Iterable[str]]
    """Given a plan, the paths of its steps that are to run, and the modules that are loaded: sentences that warn where
    more will be taken than is free. Computes nothing, and reads nothing that the run does not read."""
    advise: Callable[[Mapping[str, str]], str]
    """Given the settings of a run: what to set so that it takes less, in a few words; empty where nothing helps."""
    give_back: Callable[[], None]
    """Have the libraries that compute hand back what they keep of memory that nobody uses."""
