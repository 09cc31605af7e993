"""What the runs of a sweep read, told apart by its contents: a picture or a LoRA that changed makes other pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Any

from latentgraph.graph.check import Checked, check
from latentgraph.graph.plan import LoopStep, Step, plan
from latentgraph.graph.typed import all_nodes
from latentgraph.tui.sweep_place import Sweep


class Sources:
    """Looks once at what runs read that differ in nothing else than other values, such as seeds."""

    def __init__(self, sweep: Sweep, runs: Sequence[Mapping[str, Any]]) -> None:
        """Look at nothing yet.

        Args:
            sweep: What all runs share.
            runs: The values of each; all have the same names.
        """
        self._sweep = sweep
        self._runs = runs
        self._known: dict[tuple[Any, ...], str] = {}

    def of(self, values: Mapping[str, Any]) -> str:
        """A digest of the contents of what a run reads, and of the code of its nodes, as 16 hexadecimal digits.

        Args:
            values: Of the run.

        Returns:
            Empty where not all that it reads can be looked at here.
        """
        read = tuple([values[name] for name in self._reading])
        if read not in self._known:
            self._known[read] = self._digest(values)
        return self._known[read]

    @cached_property
    def _reading(self) -> list[str]:
        """The inputs whose values name something to read. To plan every run would take minutes for many of them."""
        names = list(self._runs[0]) if self._runs else []
        return [name for name in names if self._names_something(name)]

    def _names_something(self, name: str) -> bool:
        values = next((one for one in self._runs if isinstance(one[name], str)), None)
        if values is None:
            return False
        checked = self._check(values)
        # What is not there is not among what is read: then each value is looked at by itself.
        return bool(checked.errors) or any(values[name] in node.read for node in all_nodes(checked.typed.nodes))

    def _check(self, values: Mapping[str, Any]) -> Checked:
        sweep = self._sweep
        given = {**sweep.common, **values}
        return check(sweep.found.document, sweep.registry, given, access=sweep.access, complete=True)

    def _digest(self, values: Mapping[str, Any]) -> str:
        checked = self._check(values)
        if checked.errors:
            return ""
        try:
            planned = plan(checked.typed, self._sweep.registry)
        except OSError:
            return ""
        if planned.fetches:
            return ""
        lines = [f"{place} {digest}" for place, digest in planned.sources.items()]
        lines += _codes(planned.steps)
        return blake2b("\n".join(sorted(lines)).encode(), digest_size=8).hexdigest()


def _codes(steps: Iterable[Step | LoopStep]) -> list[str]:
    """What stands for the code of every node, those in loops included."""
    found = []
    for step in steps:
        found += _codes(step.body) if isinstance(step, LoopStep) else [f"{step.path} {step.node.identity}"]
    return found
