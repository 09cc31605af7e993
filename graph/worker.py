"""The thread that an engine runs workflows in: one, for as long as the engine lives.

Libraries that compute keep their helper threads and caches by calling thread, so a new thread for each run would set
all of that up anew, each time.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

Work = Callable[[], None]


class Worker:
    """Does one piece of work after the other in a thread of its own, which ends with the last reference to it."""

    def __init__(self, name: str) -> None:
        """Make a worker; its thread starts with the first work."""
        self._name = name
        self._waiting: SimpleQueue[Work | None] = SimpleQueue()
        self._thread: Thread | None = None

    def do(self, work: Work) -> None:
        """Have `work` done after all that was given before; it must not raise."""
        if self._thread is None:
            # A daemon, so that a program can end while a long step is under way.
            self._thread = Thread(target=_serve, args=(self._waiting,), name=self._name, daemon=True)
            self._thread.start()
            weakref.finalize(self, self._waiting.put, None)
        self._waiting.put(work)


def _serve(waiting: SimpleQueue[Work | None]) -> None:
    while (work := waiting.get()) is not None:
        work()
        del work  # It holds a run and with it the run's values.
