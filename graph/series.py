"""The runs of a sweep in one process: one after the other, or several at once where that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from latentgraph.graph.batch import Batch
from latentgraph.graph.batch_size import BatchSize
from latentgraph.graph.document import Document
from latentgraph.graph.errors import RunCancelledError, RunError, UnwritableError
from latentgraph.graph.events import RunFinished, Warned
from latentgraph.graph.plan import Plan
from latentgraph.graph.run import Engine
from latentgraph.graph.sweep import Entry
from latentgraph.graph.together import alike


@dataclass(frozen=True, slots=True)
class Planned:
    """A run of a sweep that can begin."""

    number: int
    values: Mapping[str, Any]
    """Of the inputs that the sweep sets."""
    plan: Plan


Tell: TypeAlias = Callable[[Planned, Warned], None]
"""Called with a run and what it warns of."""


def _nobody(run: Planned, warned: Warned) -> None:
    """Hear nothing."""


class Series:
    """Computes planned runs in this process and writes their files."""

    def __init__(
        self,
        engine: Engine,
        document: Document,
        out: Path,
        size: BatchSize,
        *,
        metadata: bool = True,
        tell: Tell = _nobody,
    ) -> None:
        """Compute nothing yet.

        Args:
            engine: Runs them.
            document: The workflow.
            out: Folder for the files, which replace those of the same names.
            size: How many go together.
            metadata: Whether files carry the record of how they were made.
            tell: Called with each warning as it comes, in the thread that takes the entries, which carry it as well.
        """
        self._engine = engine
        self._document = document
        self._out = out
        self._size = size
        self._metadata = metadata
        self._tell = tell
        self._current: Batch | None = None
        self._stopped = False

    def compute(self, planned: Sequence[Planned]) -> Iterator[Entry]:
        """Compute them in turn; each is told when its files are whole. It ends early where it is cancelled.

        Raises:
            UnwritableError: There is no place for a file, so that none is left for those that follow.
        """
        left = list(planned)
        while left and not self._stopped:
            group = self._next(left)
            del left[: len(group)]
            yield from self._together(group) if len(group) > 1 else self._alone(group[0])

    def cancel(self) -> None:
        """Stop at the next step."""
        self._stopped = True
        if self._current is not None:
            self._current.cancel()

    def _next(self, left: Sequence[Planned]) -> list[Planned]:
        """The runs that are computed next: as many as fit together, one at least."""
        group = [left[0]]
        for one in left[1 : self._size.size]:
            if not alike(left[0].plan.steps, one.plan.steps):
                break
            group.append(one)
        return group

    def _alone(self, one: Planned) -> list[Entry]:
        """One run; none where it was cancelled."""
        batch = self._start([one])
        try:
            (finished,) = batch.result(lambda _, warned: self._tell(one, warned))
        except RunCancelledError:
            return []
        except UnwritableError:
            raise
        except RunError as error:
            return [Entry(one.number, one.values, error=str(error), warnings=batch.warnings[0])]
        return [_entry(one, finished, batch.warnings[0])]

    def _together(self, group: Sequence[Planned]) -> Iterator[Entry]:
        """Several runs at once; each alone where that fails."""
        batch = self._start(group)
        try:
            results = batch.result(lambda place, warned: self._tell(group[place], warned))
        except RunCancelledError:
            return
        except UnwritableError:
            raise
        except RunError:
            self._size.failed()
            for one in group:
                if not self._stopped:
                    yield from self._alone(one)
            return
        self._size.took(len(group), results[0].seconds)
        for one, finished, warnings in zip(group, results, batch.warnings, strict=True):
            yield _entry(one, finished, warnings)

    def _start(self, group: Sequence[Planned]) -> Batch:
        plans = [(f"{one.number:04}", one.plan) for one in group]
        self._current = Batch(self._engine, self._document, plans, self._out, metadata=self._metadata)
        return self._current


def _entry(one: Planned, finished: RunFinished, warnings: tuple[Warned, ...]) -> Entry:
    files = {name: [Path(path).name for path in paths] for name, paths in finished.files.items()}
    return Entry(one.number, one.values, files, finished.seconds, warnings=warnings)
