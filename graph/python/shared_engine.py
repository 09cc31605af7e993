"""The one engine that runs what is written in Python, so that models and values stay from run to run."""

from __future__ import annotations

from functools import cache

from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine


@cache
def _first() -> Engine:
    return Engine(Registry())


def engine_with(registry: Registry) -> Engine:
    """An engine with these nodes, which shares what it keeps with all others of this process."""
    return _first().beside(registry)
