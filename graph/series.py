"""The runs of a sweep in one process: one after the other, or several at once where that was asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from latentgraph.graph.batch import Batch
from latentgraph.graph.batch_size import BatchSize
from latentgraph.graph.document import Document
from latentgraph.graph.errors import RunCancelledError, RunError, UnwritableError
from latentgraph.graph.events import Warned
from latentgraph.graph.plan import Plan
from latentgraph.graph.provenance import Records
from latentgraph.graph.run import Engine
from latentgraph.graph.sweep import Entry
from latentgraph.graph.together import alike
from latentgraph.graph.writer import Writer


@dataclass(frozen=True, slots=True)
class Planned:
    """A run of a sweep that can begin."""

    number: int
    values: Mapping[str, Any]
    """Of the inputs that the sweep sets."""
    plan: Plan


@dataclass(frozen=True, slots=True)
class _Group:
    """Runs that were begun together."""

    runs: Sequence[Planned]
    batch: Batch


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
        self._records = Records(document, engine.registry) if metadata else None
        self._out = out
        self._size = size
        self._tell = tell
        self._writer = Writer()
        self._current: Batch | None = None
        self._apart: set[int] = set()
        """Numbers of runs that go alone, for they could not be computed together."""
        self._stopped = False

    def compute(self, planned: Sequence[Planned]) -> Generator[Entry]:
        """Compute them in turn; each is told when its files are whole. It ends early where it is cancelled.

        The next ones are under way while the files of the last are written, and while the caller has their entries.

        Raises:
            UnwritableError: There is no place for a file, so that none is left for those that follow.
        """
        left = deque(planned)
        computing: _Group | None = None
        last: _Group | None = None
        try:
            while (computing := self._begin(left)) or last:
                if last is not None:
                    yield from self._written(last)
                last = self._computed(computing, left) if computing is not None else None
        except (Exception, GeneratorExit):
            # Nobody waits for what is under way; and nothing goes on, nor is half of a file left, when this returns.
            self.cancel()
            if computing is not None:
                with suppress(RunError):
                    computing.batch.computed()
            self._writer.wait()
            raise

    def cancel(self) -> None:
        """Stop at the next step."""
        self._stopped = True
        if self._current is not None:
            self._current.cancel()

    def _begin(self, left: deque[Planned]) -> _Group | None:
        """Have the next runs computed, as many as fit together; None where there is none left to compute."""
        if not left or self._stopped:
            return None
        most = 1 if left[0].number in self._apart else self._size.size
        runs = [left.popleft()]
        while left and len(runs) < most and alike(runs[0].plan.steps, left[0].plan.steps):
            runs.append(left.popleft())
        plans = [(f"{one.number:04}", one.plan) for one in runs]
        batch = Batch(self._engine, plans, self._out, records=self._records, writer=self._writer)
        self._current = batch
        if self._stopped:
            batch.cancel()
        return _Group(runs, batch)

    def _computed(self, group: _Group, left: deque[Planned]) -> _Group | None:
        """Wait for runs that were begun; None where they were cancelled, or where they have to go each alone."""
        try:
            seconds = group.batch.computed(lambda place, warned: self._tell(group.runs[place], warned))
        except RunCancelledError:
            return None
        except UnwritableError:
            raise
        except RunError:
            if len(group.runs) == 1:
                return group
            self._size.failed()
            self._apart.update([one.number for one in group.runs])
            left.extendleft(reversed(group.runs))
            return None
        if len(group.runs) > 1:
            self._size.took(len(group.runs), seconds)
        return group

    def _written(self, group: _Group) -> Iterator[Entry]:
        """Wait for the files of runs that were computed, one after the other."""
        for place, (one, warnings) in enumerate(zip(group.runs, group.batch.warnings, strict=True)):
            try:
                finished = group.batch.finished(place)
            except UnwritableError:
                raise
            except RunError as error:
                yield Entry(one.number, one.values, error=str(error), warnings=warnings)
                continue
            files = {name: [Path(path).name for path in paths] for name, paths in finished.files.items()}
            yield Entry(one.number, one.values, files, finished.seconds, warnings=warnings)
