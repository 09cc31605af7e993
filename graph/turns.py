"""The inside of a loop, from one turn to the next: nothing here but moved references."""

from __future__ import annotations

from typing import Any

from latentgraph.graph.errors import NodeFailedError
from latentgraph.graph.plan import LoopStep, Operand
from latentgraph.graph.resume import Reached
from latentgraph.graph.typed import Constant


class Turns:
    """The slots inside a loop, what is handed in at each turn, and what is collected."""

    def __init__(self, loop: LoopStep, slots: list[Any]) -> None:
        """Stand before the first turn.

        Args:
            loop: Planned.
            slots: Of the graph around it.

        Raises:
            NodeFailedError: The lists that it takes items of have different lengths.
        """
        self._loop = loop
        self._lists = [(value_of(operand, slots), slot) for operand, slot in loop.each]
        self.total = _length(loop, [items for items, _ in self._lists])
        self.inside: list[Any] = [None] * loop.slots
        for outer, inner in loop.inputs:
            self.inside[inner] = slots[outer]
        for operand, slot, _ in loop.carry:
            self.inside[slot] = value_of(operand, slots)
        self._collected: list[list[Any]] = [[] for _ in loop.collect]

    def enter(self, turn: int) -> None:
        """Hand in what the body reads in this turn."""
        inside = self.inside
        inside[self._loop.index] = turn
        for items, slot in self._lists:
            inside[slot] = items[turn]

    def leave(self) -> None:
        """Take what the body made to the next turn."""
        inside, loop = self.inside, self._loop
        following = [value_of(operand, inside) for _, _, operand in loop.carry]
        for gathered, operand in zip(self._collected, loop.collect, strict=True):
            gathered.append(value_of(operand, inside))
        for (_, slot, _), value in zip(loop.carry, following, strict=True):
            inside[slot] = value

    def reached(self, turns: int) -> Reached:
        """Where the loop stands after so many turns."""
        carries = tuple([self.inside[slot] for _, slot, _ in self._loop.carry])
        return Reached(turns, carries, tuple([gathered[:turns] for gathered in self._collected]))

    def go_on(self, reached: Reached) -> None:
        """Stand where the loop stood once before."""
        for (_, slot, _), value in zip(self._loop.carry, reached.carries, strict=True):
            self.inside[slot] = value
        self._collected = [list(gathered) for gathered in reached.collected]

    def results(self) -> tuple[Any, ...]:
        """The carries and the collected lists after the last turn."""
        return (*[self.inside[slot] for _, slot, _ in self._loop.carry], *self._collected)


def value_of(operand: Operand, slots: list[Any]) -> Any:
    """A constant, or what is in a slot."""
    return operand.value if isinstance(operand, Constant) else slots[operand]


def _length(loop: LoopStep, lists: list[Any]) -> int:
    lengths = {len(items) for items in lists}
    if len(lengths) != 1:
        raise NodeFailedError(loop.path, f"the lists under each have different lengths: {sorted(lengths)}")
    return lengths.pop()
