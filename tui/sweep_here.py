"""The runs of a sweep, computed in the process of the command."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from latentgraph.graph.batch_size import BatchSize
from latentgraph.graph.events import Warned
from latentgraph.graph.plan import Plan
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.graph.series import Planned, Series
from latentgraph.graph.sweep import Entry, Numbered
from latentgraph.tui.cache_command import open_cache
from latentgraph.tui.find import Found
from latentgraph.tui.run_command import RunRequest, plan_run


class Here:
    """This process, with one engine for all runs."""

    def __init__(
        self,
        request: RunRequest,
        found: Found,
        common: Mapping[str, Any],
        registry: Registry,
        size: BatchSize,
        tell: Callable[[int, Mapping[str, Any], Warned], None],
    ) -> None:
        """Make the engine.

        Args:
            request: What was asked.
            found: The workflow.
            common: Values of the inputs that all runs share.
            registry: The nodes.
            size: How many runs go together.
            tell: Called with the number of a run, its values and what it warns of, as it comes.
        """
        self._request = request
        self._found = found
        self._common = common
        self._engine = Engine(registry, disk=open_cache(registry) if request.cache else None)
        self._series = Series(
            self._engine,
            found.document,
            request.out,
            size,
            metadata=request.metadata,
            tell=lambda run, warned: tell(run.number, run.values, warned),
        )

    def compute(self, runs: Sequence[Numbered]) -> Iterator[Entry]:
        """Plan every run, so that what is wrong with any is told before the first, and return what computes them."""
        planned = [
            Planned(number, values, self._plan(values, told=index > 0)) for index, (number, values) in enumerate(runs)
        ]
        return self._series.compute(planned)

    def cancel(self) -> None:
        """Stop at the next step."""
        self._series.cancel()

    def _plan(self, values: Mapping[str, Any], *, told: bool) -> Plan:
        return plan_run(self._request, self._found, {**self._common, **values}, self._engine, told=told)
