"""A side of a benchmark in a process of its own, which stays warm: it takes numbers, and says how long each took.

Two sides in one process would have two sets of OpenMP threads, more than the machine has cores, and libgomp then lets
all of them sleep at every turn: both sides take twice their time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from types import TracebackType

ENVIRONMENT = dict(os.environ)
"""As the benchmark was started: what a side sets for itself must not reach the other."""


class WarmProcess:
    """A child that runs a benchmark's module as `python -m MODULE --side NAME FOLDER`."""

    def __init__(self, module: str, side: str, folder: str) -> None:
        """Start it; what it loads is loaded by its first `seconds`."""
        command = [sys.executable, "-m", module, "--side", side, folder]
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            text=True,
        )

    def seconds(self, number: int) -> float:
        """Have it run with a number, such as a seed; wall seconds, as it measured them.

        Raises:
            RuntimeError: It ended.
        """
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(f"{number}\n")
        self._child.stdin.flush()
        answer = self._child.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._child.args!r} ended with {self._child.wait()}")
        return float(answer)

    def __enter__(self) -> WarmProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._child.kill()
        self._child.wait()


def serve(run: Callable[[int], None]) -> None:
    """The child's side: run with each number that comes, and answer with the seconds."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        started = time.perf_counter()
        run(int(line))
        print(time.perf_counter() - started, file=answers, flush=True)
