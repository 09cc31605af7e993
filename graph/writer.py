"""Writing beside computing: what runs have made becomes files in a thread of its own, while the next run goes on."""

from __future__ import annotations

from functools import partial
from threading import Condition
from threading import Event as Flag
from typing import Final

from latentgraph.graph.worker import Work, Worker

MOST: Final = 2**29
"""Bytes of values that wait to be written, or a single value: whoever makes them faster than that has to wait."""


class Writer:
    """Writes one thing after the other, in the order in which they came."""

    def __init__(self, most: int = MOST) -> None:
        """Write nothing yet.

        Args:
            most: Bytes of values that may wait.
        """
        self._most = most
        self._worker = Worker("latentgraph-write")
        self._waiting = 0
        self._fewer = Condition()

    def do(self, write: Work, size: int) -> None:
        """Have something written, which must not raise; waits as long as too much is waiting already.

        Args:
            write: Writes it.
            size: Bytes of the value that it holds.
        """
        with self._fewer:
            self._fewer.wait_for(lambda: not self._waiting or self._waiting + size <= self._most)
            self._waiting += size
        self._worker.do(partial(self._write, write, size))

    def wait(self) -> None:
        """Wait until all is written that was given before."""
        written = Flag()
        self._worker.do(written.set)
        written.wait()

    def _write(self, write: Work, size: int) -> None:
        write()
        with self._fewer:
            self._waiting -= size
            self._fewer.notify_all()
