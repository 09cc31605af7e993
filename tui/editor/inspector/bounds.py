"""The bounds of a port: told in words, stepped within by keys, and drawn from for a seed."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from latentgraph.graph.types import PortType

LARGEST_DRAW: Final = 2**32 - 1
"""Where the port sets no maximum below it: a seed that a person can still copy."""
_NUMBER_STEP: Final = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a port says about its values beside their type."""

    minimum: int | float | None = None
    maximum: int | float | None = None
    above: int | float | None = None
    below: int | float | None = None
    multiple_of: int | float | None = None
    longest: int | None = None
    """Characters, or items."""
    shortest: int | None = None

    @property
    def words(self) -> str:
        """As the help of a field tells them: `0 to 1`, `8 or more, in steps of 8`."""
        return ", ".join(part for part in (self._range(), self._steps(), self._length()) if part)

    def _range(self) -> str:
        low = str(self.minimum) if self.minimum is not None else f"above {self.above}" if self.above is not None else ""
        high = str(self.maximum) if self.maximum is not None else ""
        if not high and self.below is not None:
            high = f"below {self.below}"
        if low and high:
            return f"{low} to {high}"
        if low:
            return f"{low} or more" if self.minimum is not None else low
        return (f"up to {high}" if self.maximum is not None else high) if high else ""

    def _steps(self) -> str:
        return f"in steps of {self.multiple_of}" if self.multiple_of is not None else ""

    def _length(self) -> str:
        return f"at most {self.longest} long" if self.longest is not None else ""

    def stepped(self, value: int | float, steps: int, *, whole: bool) -> int | float:
        """`value` some steps up or down, inside the bounds.

        Args:
            value: Where to begin.
            steps: How many; negative is down.
            whole: Whether the port takes integers.
        """
        step = Decimal(str(self.multiple_of)) if self.multiple_of else Decimal(1) if whole else _NUMBER_STEP
        there = Decimal(str(value)) + step * steps
        if self.multiple_of:
            there = (there / step).to_integral_value() * step
        there = self._clamped(there, step)
        return int(there) if whole else float(there)

    def _clamped(self, value: Decimal, step: Decimal) -> Decimal:
        if self.minimum is not None:
            low = Decimal(str(self.minimum))
            value = max(value, -(-low // step) * step if self.multiple_of else low)
        elif self.above is not None:
            value = max(value, Decimal(str(self.above)) + step)
        if self.maximum is not None:
            high = Decimal(str(self.maximum))
            value = min(value, high // step * step if self.multiple_of else high)
        elif self.below is not None:
            value = min(value, Decimal(str(self.below)) - step)
        return value

    def drawn(self) -> int:
        """An integer inside the bounds, from the operating system's randomness."""
        step = int(self.multiple_of or 1)
        low = int(self.minimum if self.minimum is not None else self.above + 1 if self.above is not None else 0)
        high = int(self.maximum if self.maximum is not None else self.below - 1 if self.below is not None else 2**64)
        first = -(-low // step)
        last = max(first, min(high, low + LARGEST_DRAW) // step)
        return random.SystemRandom().randint(first, last) * step


_KEYS: Final = {
    "ge": "minimum",
    "le": "maximum",
    "gt": "above",
    "lt": "below",
    "multiple_of": "multiple_of",
    "max_length": "longest",
    "min_length": "shortest",
}


def bounds_of(port_type: PortType) -> Bounds:
    """The bounds among a type's metadata."""
    found: dict[str, Any] = {}
    for item in _items(port_type.metadata):
        for name, bound in _KEYS.items():
            value = getattr(item, name, None)
            if isinstance(value, (int, float)):
                found.setdefault(bound, value)
    return Bounds(**found)


def _items(metadata: Iterable[object]) -> Iterable[object]:
    for item in metadata:
        # Pydantic's Field holds its bounds as metadata of its own.
        inner = getattr(item, "metadata", None)
        if isinstance(inner, list):
            yield from inner
        else:
            yield item
