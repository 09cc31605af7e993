"""What the outputs of a node were when it last ran, out of what an engine keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from latentgraph.graph.execute import body_key, kept_key
from latentgraph.graph.opened import outputs_of_subworkflow
from latentgraph.graph.plan import LoopStep, Plan, Step
from latentgraph.graph.process.messages import Looked, LookedValue
from latentgraph.graph.run import Engine

NOT_YET = "it has not run yet"
NOT_KEPT = "its values are not here: it has not run to its end, or they had to make room for others"
LAST_TURN = "as of the last turn"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the outputs of a node are kept."""

    key: str
    outputs: tuple[str, ...]
    """Their names."""
    turns: bool = False
    """Whether it is in a loop, so that they are those of its last turn."""


class Looking:
    """Remembers where each node's outputs are kept, over the runs of one workflow."""

    def __init__(self, engine: Engine) -> None:
        """Look into what `engine` keeps."""
        self._engine = engine
        self._file = ""
        self._spots: dict[str, Spot] = {}
        self._embedded: dict[str, str] = {}

    def remember(self, planned: Plan, file: str) -> None:
        """Take note of a run that begins; nodes that it leaves out stay as they were in the run before.

        Args:
            planned: The run.
            file: What stands for its workflow; the nodes of another are forgotten.
        """
        spots = dict(_spots(planned.steps))
        if file == self._file:
            spots = self._spots | spots
        # Whole objects are put in place: somebody may be looking in another thread.
        self._file, self._spots, self._embedded = file, spots, dict(planned.embedded)

    def look(self, path: str) -> Looked:
        """What the node at `path` gave, output by output."""
        spots, embedded = self._spots, self._embedded
        if path in spots:
            return self._at(path, spots[path])
        if path not in embedded:
            return Looked(path, note=NOT_YET)
        values: list[LookedValue] = []
        notes: list[str] = []
        for name, wire in outputs_of_subworkflow(embedded, path).items():
            spot = spots.get(wire.node)
            inner = self._at(path, spot) if spot else Looked(path, note=NOT_YET)
            values += [LookedValue(name, v.type, v.summary, v.rows) for v in inner.values if v.output == wire.port]
            notes += [inner.note] if inner.note and inner.note not in notes else []
        return Looked(path, tuple(values), "; ".join(notes))

    def _at(self, path: str, spot: Spot) -> Looked:
        kept = self._engine.kept(spot.key)
        if kept is None:
            return Looked(path, note=NOT_KEPT)
        values = tuple([self._described(name, one) for name, one in zip(spot.outputs, kept.values, strict=True)])
        return Looked(path, values, LAST_TURN if spot.turns else "")

    def _described(self, output: str, value: object) -> LookedValue:
        known = self._engine.registry.values
        rows = tuple([(str(name), str(text)) for name, text in known.details(value)])
        return LookedValue(output, type(value).__name__, known.summary(value), rows)


def _spots(steps: Sequence[Step | LoopStep], around: str = "") -> Iterator[tuple[str, Spot]]:
    """Every step with its path, those in the bodies of loops included."""
    for step in steps:
        key = body_key(around, step) if around else kept_key(step)
        yield step.path, Spot(key, step.names, bool(around))
        if isinstance(step, LoopStep):
            yield from _spots(step.body, body_key(around, step) if around else step.key)
