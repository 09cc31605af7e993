"""Where loaded modules live: one for each process, each module made once and shared by all who ask."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from threading import RLock
from typing import TypeVar, cast

T = TypeVar("T")


class Pool:
    """Things that are costly to make, by key.

    Handles that flow along links name a module by its digest; the module itself is here and is never part of a value.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._made: dict[Hashable, object] = {}
        self._lock = RLock()
        self._listener: Callable[[str], None] | None = None

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The thing called `key`, made by `make` when first asked for; a second thread waits for the first."""
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return cast(T, self._made[key])

    def put(self, key: Hashable, thing: object) -> None:
        """Give the pool a thing that was made elsewhere."""
        with self._lock:
            self._made[key] = thing

    def listen(self, listener: Callable[[str], None] | None) -> None:
        """Have what lives here, and outlives the run that made it, tell its user of now; None: nobody hears it."""
        self._listener = listener

    def tell(self, message: str) -> None:
        """Warn whoever uses what lives here now."""
        if self._listener is not None:
            self._listener(message)

    def clear(self) -> None:
        """Forget everything, so that its memory can be had again."""
        with self._lock:
            self._made.clear()

    def __iter__(self) -> Iterator[Hashable]:
        """What the things that live here are called."""
        with self._lock:
            return iter(tuple(self._made))

    def __len__(self) -> int:
        """How many things live here."""
        return len(self._made)
