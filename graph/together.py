"""Several runs of one workflow at once: what their values have rows for is computed in one call for all of them.

A declared mode, for a batch may round differently from its rows alone: what was computed so is not kept under the keys
that exact runs ask for. Only nodes that say so (`rowwise`) are run for all at once, loops if all of their body says so;
every other node is run for each run alone, and what runs have in common is made once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from latentgraph.graph.cache import Kept
from latentgraph.graph.errors import NodeFailedError
from latentgraph.graph.execute import Execution
from latentgraph.graph.out_of_memory import ran_out
from latentgraph.graph.plan import LoopStep, Step
from latentgraph.graph.typed import Constant
from latentgraph.graph.values import JoinError, ValueTypes


@dataclass(slots=True)
class Together:
    """Executions whose plans have the same steps, one beside the other."""

    members: Sequence[Execution]
    joined: set[str] = field(default_factory=set)
    """Nodes that were run for several at once."""
    concerned: Sequence[int] = ()
    """The members, by their places, that all of what the first of them says is about, while it computes for them."""
    _slots: list[list[Any]] = field(default_factory=list)
    _inexact: list[set[int]] = field(default_factory=list)
    """For each member the slots whose values came out of a batch, or of what came out of one."""

    def run(self) -> list[dict[str, Any]]:
        """Run all members and return the wanted outputs of each.

        Raises:
            NodeFailedError: A node raised.
            RunCancelledError: They were cancelled.
        """
        self._slots = [[None] * one.plan.slots for one in self.members]
        self._inexact = [set() for _ in self.members]
        needed = [one.needed() for one in self.members]
        self.concerned = range(len(self.members))
        # That of one run: where even that is too much, all at once are.
        self.members[0].foresee(needed[0])
        self.concerned = ()
        try:
            for index in range(len(self.members[0].plan.steps)):
                self._step(index, needed)
                for member, slots in zip(self.members, self._slots, strict=True):
                    for slot in member.plan.steps[index].frees:
                        slots[slot] = None
            return [member.outputs(slots) for member, slots in zip(self.members, self._slots, strict=True)]
        finally:
            self._slots = []  # Whoever holds this holds no values.
            for number, member in enumerate(self.members):
                self.concerned = (number,)
                member.end()
            self.concerned = ()

    def _step(self, index: int, needed: Sequence[dict[int, Kept | None]]) -> None:
        steps = [member.plan.steps[index] for member in self.members]
        waiting = [number for number, kept in enumerate(needed) if index in kept and kept[index] is None]
        if len({steps[number].key for number in waiting}) > 1 and rowwise(steps[0]):
            try:
                self._join(steps, waiting)
                waiting = []
            except (JoinError, NodeFailedError) as error:
                if ran_out(error):
                    raise  # Fewer at once may go; that is for whoever put so many together.
                # Each alone: whatever was wrong with all of them is told of the one that it is about.
        for number, member in enumerate(self.members):
            wanted = index in needed[number]
            entry = needed[number].pop(index, None)  # Not held any longer than its readers want it.
            if not wanted:
                member.warn_again(steps[number])
            elif number in waiting or entry is not None:
                inexact = not self._inexact[number].isdisjoint(steps[number].reads) and entry is None
                member.settle(steps[number], entry, self._slots[number], keep=not inexact)
                if inexact:
                    self._inexact[number].update(steps[number].outputs)

    def _join(self, steps: Sequence[Step | LoopStep], chosen: Sequence[int]) -> None:
        """Run one step for the chosen members."""
        first, leader = steps[chosen[0]], self.members[chosen[0]]
        values = leader.values
        leader.stop_if_cancelled()
        _require_alike([steps[number] for number in chosen], values)
        slots: list[Any] = [None] * leader.plan.slots
        for slot in first.reads:
            slots[slot] = values.joined([self._slots[number][slot] for number in chosen])
        self.concerned = chosen
        try:
            results = leader.compute(first, slots)
        finally:
            self.concerned = ()
        read = [(slot, value) for slot, value in zip(first.outputs, results, strict=True) if slot not in first.frees]
        parts = [
            [(slot, values.part(value, place, len(chosen))) for slot, value in read] for place in range(len(chosen))
        ]
        for number, made in zip(chosen, parts, strict=True):
            for slot, value in made:
                self._slots[number][slot] = value
            self._inexact[number].update(first.outputs)
        self.joined.add(first.path)


def alike(steps: Sequence[Step | LoopStep], others: Sequence[Step | LoopStep]) -> bool:
    """Whether two plans have the same steps, so that their runs may go together."""
    return [(one.path, one.outputs) for one in steps] == [(one.path, one.outputs) for one in others]


def rowwise(step: Step | LoopStep) -> bool:
    """Whether each row of what a step gives depends on the same row of what it reads, and on no other."""
    if isinstance(step, LoopStep):
        return all(rowwise(one) for one in step.body)
    return step.node.options.rowwise and not step.effect


def _require_alike(steps: Sequence[Step | LoopStep], values: ValueTypes) -> None:
    """Refuse steps that differ in more than what flows into them."""
    fixed = []
    for step in steps:
        if isinstance(step, LoopStep):
            ends = [operand.value for operand, *_ in (*step.each, *step.carry) if isinstance(operand, Constant)]
            fixed.append([*[one.key for one in step.body], values.digest(ends)])
        else:
            fixed.append([f"{port}={values.digest(value)}" for port, value in sorted(step.constants.items())])
    if any(one != fixed[0] for one in fixed):
        raise JoinError("they have different values of their own")
