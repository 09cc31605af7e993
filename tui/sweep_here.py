"""The runs of a sweep, computed in the process of the command."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

from latentgraph.graph.events import Warned
from latentgraph.graph.plan import Plan
from latentgraph.graph.run import Engine
from latentgraph.graph.series import Planned, Series
from latentgraph.graph.sweep import Entry, Numbered
from latentgraph.tui.cache_command import open_cache
from latentgraph.tui.run_command import plan_run
from latentgraph.tui.sweep_place import Sweep


class Here:
    """This process, with one engine for all runs."""

    def __init__(self, sweep: Sweep, tell: Callable[[int, Mapping[str, Any], Warned], None]) -> None:
        """Make the engine.

        Args:
            sweep: What is to be computed.
            tell: Called with the number of a run, its values and what it warns of, as it comes.
        """
        self._sweep = sweep
        request, registry = sweep.request, sweep.registry
        self._engine = Engine(registry, disk=open_cache(registry) if request.cache else None)
        self._series = Series(
            self._engine,
            sweep.found.document,
            request.out,
            sweep.size,
            metadata=request.metadata,
            tell=lambda run, warned: tell(run.number, run.values, warned),
        )

    def compute(self, runs: Sequence[Numbered]) -> Generator[Entry]:
        """Plan every run, so that what is wrong with any is told before the first, and return what computes them."""
        planned = [
            Planned(number, values, self._plan(values, told=index > 0)) for index, (number, values) in enumerate(runs)
        ]
        return self._series.compute(planned)

    def cancel(self) -> None:
        """Stop at the next step."""
        self._series.cancel()

    def _plan(self, values: Mapping[str, Any], *, told: bool) -> Plan:
        sweep = self._sweep
        given = {**sweep.common, **values}
        return plan_run(sweep.request, sweep.found, given, self._engine, access=sweep.access, told=told)
