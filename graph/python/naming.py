"""How a node is called that nobody named: as the variable that its call is assigned to."""

from __future__ import annotations

import dis
from bisect import bisect_right
from collections.abc import Container
from functools import lru_cache
from types import CodeType, FrameType

from latentgraph.graph.names import name_fault

_STORES = ("STORE_NAME", "STORE_FAST", "STORE_GLOBAL", "STORE_DEREF")


def assigned_name(frame: FrameType | None) -> str:
    """The variable that the call which `frame` is at is assigned to; empty where it is none, or no name for a node.

    A trailing underscore, which a variable has to keep out of the way of another word of Python, is left out.
    """
    if frame is None:
        return ""
    offsets, stored = _assignments(frame.f_code)
    # A frame is at its call, or in the room behind that which the interpreter keeps for itself.
    name = stored.get(bisect_right(offsets, frame.f_lasti), "").rstrip("_")
    return "" if not name or name_fault(name) else name


def free_name(wanted: str, taken: Container[str]) -> str:
    """`wanted`, with a number behind it where it is taken."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


@lru_cache(maxsize=64)
def _assignments(code: CodeType) -> tuple[list[int], dict[int, str]]:
    """Where each instruction is, and the variable that those store which store one, by their number."""
    instructions = list(dis.get_instructions(code))
    stored = {}
    for number, one in enumerate(instructions):
        if one.opname.startswith(_STORES):
            # Python 3.13 has instructions that store two, or store one and load another.
            stored[number] = one.argval[0] if isinstance(one.argval, tuple) else one.argval
    return [one.offset for one in instructions], stored
