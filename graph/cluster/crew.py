"""The workers of a Ray cluster: started, given one call each, replaced where they are lost."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from latentgraph.graph.batch_size import BatchSize
from latentgraph.graph.cluster.worker import Asked, Computed, Made, Ready
from latentgraph.graph.errors import LatentgraphError
from latentgraph.graph.sweep import Entry

TRIES: Final = 3
"""How often a run is sent before it is taken to be what kills its workers, and workers are started in vain."""
SECONDS_TO_LOOK: Final = 0.2
"""How long a cancellation may go unseen."""
SECONDS_TO_STOP: Final = 10.0
"""What a step that is under way is given to come to its end, when the runs are cancelled."""
SECONDS_TO_CLOSE: Final = 2.0
"""What workers are given to leave nothing behind."""
SECONDS_OF_PATIENCE: Final = 30.0
"""How long nothing may be at work before somebody is told why."""


class ClusterError(LatentgraphError):
    """The cluster cannot compute, or cannot any more."""


@dataclass(frozen=True, slots=True)
class _Call:
    worker: Any
    """A handle of a Worker."""
    first: Asked
    runs: tuple[Asked, ...] = ()
    """What it computes; empty while it begins."""


class Crew:
    """Has runs computed by as many workers as there is room for, a call each at a time."""

    def __init__(
        self,
        hire: Callable[[], Any],
        count: int,
        size: BatchSize,
        *,
        accept: Callable[[Ready], None],
        tell: Callable[[str], None],
    ) -> None:
        """Start nobody yet.

        Args:
            hire: Starts a worker and returns its handle.
            count: Workers at most.
            size: How many runs go together.
            accept: Called with each worker that has begun; raises ClusterError where it cannot be used.
            tell: Called with what a user should know, such as a worker that was lost.
        """
        self._hire = hire
        self._count = count
        self._size = size
        self._accept = accept
        self._tell = tell
        self._waiting: deque[Asked] = deque()
        self._calls: dict[Any, _Call] = {}
        """What is under way, by the reference to its result."""
        self._workers: list[Any] = []
        """All that were started and are not known to be lost."""
        self._idle: list[Any] = []
        self._lost: Counter[int] = Counter()
        """How often a run lost its worker, by number."""
        self._failed_starts = 0
        self._quiet_since = monotonic()
        self._stopped = False

    def compute(self, asked: Sequence[Asked]) -> Iterator[Made]:
        """Have runs computed; each comes once, in whatever order they are done.

        Raises:
            ClusterError: They cannot be.
        """
        self._waiting.extend(asked)
        try:
            for _ in range(min(self._count, len(asked))):
                self._start(asked[0])
            while self._waiting or self._computing():
                if self._stopped:
                    yield from self._stop()
                    return
                yield from self._next()
                self._grow_impatient()
        except ConnectionError as error:
            raise ClusterError(f"the connection to the cluster broke: {last_line(error)}") from error
        finally:
            self._close()

    def cancel(self) -> None:
        """Have `compute` end soon."""
        self._stopped = True

    def _computing(self) -> list[Any]:
        return [call.worker for call in self._calls.values() if call.runs]

    def _start(self, first: Asked) -> None:
        worker = self._hire()
        self._workers.append(worker)
        self._calls[worker.begin.remote(first)] = _Call(worker, first)

    def _send(self) -> None:
        """Give everybody who has nothing to do something, as long as there is something."""
        while self._idle and self._waiting and not self._stopped:
            worker = self._idle.pop()
            runs = [self._waiting.popleft()]
            # What lost a worker before goes alone, so that it takes no others with it.
            while self._waiting and len(runs) < self._size.size and not self._lost[runs[0].number]:
                runs.append(self._waiting.popleft())
            self._calls[worker.compute.remote(runs)] = _Call(worker, runs[0], tuple(runs))

    def _next(self) -> Iterator[Made]:
        """Wait a moment for a call to come to its end, and give what it made."""
        import ray
        from ray.exceptions import RayError, RayTaskError

        done, _ = ray.wait(list(self._calls), num_returns=1, timeout=SECONDS_TO_LOOK)
        for reference in done:
            call = self._calls.pop(reference)
            self._quiet_since = monotonic()
            try:
                result = ray.get(reference)
            except RayTaskError as error:
                result = self._broken(call, error)
            except RayError as error:
                yield from self._lose(call, error)
                continue
            if isinstance(result, Ready):
                self._accept(result)
            else:
                self._learn(result)
            self._failed_starts = 0
            self._idle.append(call.worker)
            self._send()
            if isinstance(result, Computed):
                yield from result.made

    def _learn(self, computed: Computed) -> None:
        good = [one.entry for one in computed.made if not one.entry.error]
        if computed.split:
            self._size.failed()
        elif good:
            self._size.took(len(good), good[0].seconds)

    def _broken(self, call: _Call, error: Exception) -> Computed:
        """A worker raised what it should have told."""
        if not call.runs:
            raise ClusterError(f"a worker cannot begin: {last_line(error)}") from error
        return Computed(tuple([_failed(one, last_line(error)) for one in call.runs]))

    def _lose(self, call: _Call, error: Exception) -> Iterator[Made]:
        """A worker is gone: another takes its place, and what it computed is sent again."""
        import ray

        self._workers.remove(call.worker)
        with suppress(Exception):
            ray.kill(call.worker)  # It may be alive and out of reach.
        if call.runs:
            self._tell(f"a worker was lost ({_first_sentence(error)}); what it computed is sent again")
        else:
            self._failed_starts += 1
            if self._failed_starts >= TRIES:
                raise ClusterError(f"workers cannot start: {last_line(error)}") from error
        for one in reversed(call.runs):
            self._lost[one.number] += 1
            if self._lost[one.number] < TRIES:
                self._waiting.appendleft(one)
            else:
                yield _failed(one, f"its worker was lost {TRIES} times: {_first_sentence(error)}")
        if self._waiting and not self._stopped:
            self._start(call.first)
        self._send()

    def _grow_impatient(self) -> None:
        if self._computing():
            self._quiet_since = monotonic()
        elif monotonic() - self._quiet_since > SECONDS_OF_PATIENCE:
            self._tell("nothing is computed: the workers wait for room in the cluster, or take long to start")
            self._quiet_since = monotonic() + 10 * SECONDS_OF_PATIENCE

    def _stop(self) -> Iterator[Made]:
        """Have everybody stop at the next step; what comes to its end all the same is not lost."""
        for worker in self._computing():
            worker.cancel.remote()
        until = monotonic() + SECONDS_TO_STOP
        while self._computing() and monotonic() < until:
            yield from self._next()

    def _close(self) -> None:
        import ray

        with suppress(Exception):  # Whoever is gone needs no end.
            ends = [worker.close.remote() for worker in self._workers]
            if ends:
                ray.wait(ends, num_returns=len(ends), timeout=SECONDS_TO_CLOSE)
            for worker in self._workers:
                ray.kill(worker)


def _failed(one: Asked, why: str) -> Made:
    return Made(Entry(one.number, one.values, error=why))


def _first_sentence(error: BaseException) -> str:
    """What an error of Ray says before it goes into details."""
    return str(error).strip().partition("\n")[0].partition(". ")[0].rstrip(".") or type(error).__name__


def last_line(error: BaseException) -> str:
    """What an error of Ray comes down to: of the traces that it carries, the last line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
