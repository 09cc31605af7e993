"""`latentgraph run --explain`: for each node, whether it was run, and why."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from latentgraph.graph.disk_cache import DiskCache
from latentgraph.graph.events import Event, NodeFinished
from latentgraph.graph.plan import Plan
from latentgraph.graph.recipes import read_recipes, recipes_of, why, write_recipes
from latentgraph.graph.registry import Registry
from latentgraph.tui.durations import duration
from latentgraph.tui.find import Found
from latentgraph.tui.messages import console, print_json

NOT_NEEDED = "what reads it was kept"
SAME = "nothing that makes it changed"
_NARROWEST = 20
"""Columns that the reasons have at least, on however narrow a terminal."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What became of a node, and why."""

    node: str
    outcome: str
    """`run`, `kept` or `left out`."""
    why: str
    seconds: float = 0.0


@dataclass(slots=True)
class Explainer:
    """Watches a run, and holds what made each node's values against the last run of the same workflow."""

    found: Found
    planned: Plan
    registry: Registry
    disk: DiskCache | None
    _finished: dict[str, NodeFinished] = field(default_factory=dict)

    def note(self, event: Event) -> None:
        """Take note of what happened."""
        if isinstance(event, NodeFinished):
            self._finished[event.node] = event

    def finish(self) -> list[Explained]:
        """Explain the run that has come to its end, and remember it for the next one."""
        now = recipes_of(self.planned, self.registry)
        before = read_recipes(self.disk.folder, self._workflow) if self.disk else None
        if self.disk is not None:
            write_recipes(self.disk.folder, self._workflow, now)
        told = []
        for step in self.planned.steps:
            event = self._finished.get(step.path)
            if event is None:
                told.append(Explained(step.path, "left out", NOT_NEEDED))
            elif event.cached:
                told.append(Explained(step.path, "kept", SAME))
            else:
                reason = why(step.path, now, before, effect=step.effect)
                told.append(Explained(step.path, "run", reason, event.seconds))
        return told

    @property
    def _workflow(self) -> str:
        path = self.found.picture or self.found.document.path
        return str(path.resolve()) if path else self.found.document.name


def show_explained(explained: list[Explained], *, as_json: bool) -> None:
    """Print what became of each node: a line of words on standard error, or of JSON on standard output."""
    if as_json:
        for one in explained:
            print_json({"event": "explained", "node": one.node, "outcome": one.outcome, "why": one.why})
        return
    from rich.text import Text

    err = console(sys.stderr)
    width = max((len(one.node) for one in explained), default=0)
    for one in explained:
        took = duration(one.seconds) if one.outcome == "run" else one.outcome
        lead = f"{one.node:<{width}}  {took:>8}  "
        # Between words, and behind what the lines begin with: a terminal by itself breaks wherever it ends.
        lines = Text(one.why, "dim").wrap(err, max(_NARROWEST, err.width - len(lead)))
        for number, line in enumerate(lines):
            line.rstrip()
            err.print(Text.assemble(" " * len(lead) if number else lead, line))
