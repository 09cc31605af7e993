"""How many runs of a sweep are computed at once: a number that was asked for, or what turns out to be fastest."""

from __future__ import annotations

from typing import Final

AUTO: Final = "auto"
FIRST: Final = 8
MOST: Final = 64
BETTER: Final = 0.95
"""What a run has to take of its time at half the size for the larger one to be worth its memory."""


class BatchSize:
    """The size of the next batch."""

    def __init__(self, asked: str) -> None:
        """Start with what was asked for.

        Args:
            asked: A number of at least 1, or `auto`, which doubles as long as a run takes less time for it.

        Raises:
            ValueError: It is neither.
        """
        if asked != AUTO and not (asked.isdecimal() and 1 <= int(asked) <= MOST):
            raise ValueError(f"{asked!r} is no batch; take a number from 1 to {MOST}, or {AUTO}")
        self.size = FIRST if asked == AUTO else int(asked)
        self._growing = asked == AUTO
        self._seconds: float | None = None

    def took(self, runs: int, seconds: float) -> None:
        """Learn that a batch of so many runs took so long, in seconds a run."""
        if not self._growing or runs < self.size:
            return
        if self._seconds is not None and seconds > self._seconds * BETTER:
            self._growing = False
            self.size //= 2
        else:
            self._seconds = seconds
            self._growing = self.size < MOST
            self.size = min(2 * self.size, MOST)

    def failed(self) -> None:
        """Learn that a batch could not be computed at once, such as for want of memory."""
        self._growing = False
        self.size = max(1, self.size // 2)
