"""The runs of a sweep in one process: one after the other, or several at once where that was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentgraph.graph.batch import Batch
from latentgraph.graph.batch_size import BatchSize
from latentgraph.graph.document import Document
from latentgraph.graph.errors import RunCancelledError, RunError, UnwritableError
from latentgraph.graph.events import RunFinished
from latentgraph.graph.plan import Plan
from latentgraph.graph.run import Engine, Run
from latentgraph.graph.sweep import Entry
from latentgraph.graph.together import alike


@dataclass(frozen=True, slots=True)
class Planned:
    """A run of a sweep that can begin."""

    number: int
    values: Mapping[str, Any]
    """Of the inputs that the sweep sets."""
    plan: Plan


class Series:
    """Computes planned runs in this process and writes their files."""

    def __init__(
        self, engine: Engine, document: Document, out: Path, size: BatchSize, *, metadata: bool = True
    ) -> None:
        """Compute nothing yet.

        Args:
            engine: Runs them.
            document: The workflow.
            out: Folder for the files, which replace those of the same names.
            size: How many go together.
            metadata: Whether files carry the record of how they were made.
        """
        self._engine = engine
        self._document = document
        self._out = out
        self._size = size
        self._metadata = metadata
        self._current: Run | Batch | None = None
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
        self._current = self._engine.start(
            one.plan, self._document, out=self._out, overwrite=True, metadata=self._metadata, label=_label(one)
        )
        try:
            return [_entry(one, self._current.result())]
        except RunCancelledError:
            return []
        except UnwritableError:
            raise
        except RunError as error:
            return [Entry(one.number, one.values, error=str(error))]

    def _together(self, group: Sequence[Planned]) -> Iterator[Entry]:
        """Several runs at once; each alone where that fails."""
        plans = [(_label(one), one.plan) for one in group]
        self._current = batch = Batch(self._engine, self._document, plans, self._out, metadata=self._metadata)
        try:
            results = batch.result()
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
        for one, finished in zip(group, results, strict=True):
            yield _entry(one, finished)


def _label(one: Planned) -> str:
    return f"{one.number:04}"


def _entry(one: Planned, finished: RunFinished) -> Entry:
    files = {name: [Path(path).name for path in paths] for name, paths in finished.files.items()}
    return Entry(one.number, one.values, files, finished.seconds)
