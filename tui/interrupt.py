"""Ctrl-C and SIGTERM: the first asks the run to stop at its next step, the second stops the program at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """Somebody wants the program to end now. Nothing on the way that catches errors catches it."""


def interrupt_at_once() -> None:
    """From here on, both signals raise Interrupted, unless whoever started the program has them ignored."""
    _handle(_raise)


@contextmanager
def cancelling(cancel: Callable[[], None]) -> Iterator[None]:
    """Within this, the first signal calls `cancel` and the second raises Interrupted.

    Args:
        cancel: Called in the middle of anything, so it must neither print nor wait.
    """

    def first(number: int, frame: FrameType | None) -> None:
        _handle(_raise)
        cancel()

    before = {number: signal.getsignal(number) for number in SIGNALS}
    _handle(first)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _raise(number: int, frame: FrameType | None) -> None:
    raise Interrupted


def _handle(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)
