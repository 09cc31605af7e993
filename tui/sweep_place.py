"""Where the runs of a sweep are computed: what every such place is told, and what it does."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from latentgraph.graph.access import FileAccess
from latentgraph.graph.batch_size import BatchSize
from latentgraph.graph.registry import Registry
from latentgraph.graph.sweep import Entry, Numbered
from latentgraph.tui.find import Found
from latentgraph.tui.run_command import RunRequest


@dataclass(frozen=True, slots=True)
class Sweep:
    """What all runs of a sweep share."""

    request: RunRequest
    """What was asked on the command line."""
    found: Found
    """The workflow."""
    common: Mapping[str, Any]
    """Values of the inputs that all runs have alike."""
    registry: Registry
    """The nodes."""
    size: BatchSize
    """How many runs go together."""
    access: FileAccess
    """What they may read, with what was seen of it, so that a model is looked at once."""


class Place(Protocol):
    """Computes the runs of a sweep."""

    def compute(self, runs: Sequence[Numbered]) -> Generator[Entry]:
        """Find what is wrong with any of the runs, and return what computes them; each comes when its files are whole.

        Whoever closes it before its end has what is under way stopped.

        Raises:
            WorkflowError: The workflow, the values or the settings are wrong.
            CommandError: They cannot be computed there.
        """

    def cancel(self) -> None:
        """Have the iterator end soon. Called in the middle of anything, so it neither prints nor waits."""
