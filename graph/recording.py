"""Who takes down the calls of nodes where a workflow is being written in Python; nobody, everywhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, Final, Protocol


class Recorder(Protocol):
    """The graph that is being written: a workflow, or the body of a loop."""

    def record(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Make a node of a call, and return what stands for its outputs."""


RECORDER: Final[ContextVar[Recorder | None]] = ContextVar("latentgraph_recorder", default=None)
"""Of this thread; a run works in another, where it is unset."""
