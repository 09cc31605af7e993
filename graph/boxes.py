"""How an editor calls what it draws: the scopes of a workflow, the boxes in them and the ends of links.

A scope is where one looks: `()` is the workflow, `("denoise",)` the body of its loop `denoise`. Its boxes are its nodes
and two at its borders, whose keys no node can have as its name: what hands values in, and what takes values out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from latentgraph.graph.workflow import Link, link_text

Scope: TypeAlias = tuple[str, ...]
"""Names of the loops that one went into."""
End: TypeAlias = tuple[str, str]
"""A box and a port of it: where a link begins or ends."""

INPUTS: Final = "inputs"
"""The box whose outputs are the declared inputs of the workflow."""
OUTPUTS: Final = ">outputs"
"""The box whose inputs are the outputs of the workflow."""
HANDED_IN: Final = "loop"
"""In a loop's body, the box whose outputs are what the loop hands in."""
NEXT: Final = ">next"
"""In a loop's body, the box whose inputs are what the next turn carries and what is collected."""
BORDERS: Final = frozenset({INPUTS, OUTPUTS, HANDED_IN, NEXT})
INDEX: Final = "index"
"""What a body reads as `loop.index`: the turn, counting from 0."""

NEW_INPUT: Final = "+input"
"""On `inputs` a new input of the workflow; on a loop a new value that its body reads."""
NEW_OUTPUT: Final = "+output"
NEW_EACH: Final = "+each"
NEW_CARRY: Final = "+carry"
NEW_COLLECT: Final = "+collect"
LOOP_GROWS: Final = (NEW_EACH, NEW_CARRY, NEW_INPUT)
"""Ports of a loop that make a new entry when something is linked to them."""


def source_box(scope: Scope) -> str:
    """The key of the box that hands values into a scope."""
    return HANDED_IN if scope else INPUTS


def sink_box(scope: Scope) -> str:
    """The key of the box that takes values out of a scope."""
    return NEXT if scope else OUTPUTS


def path_of(scope: Scope, name: str) -> str:
    """The path of a node, such as `denoise/step`, as messages, groups and layout write it."""
    return "/".join((*scope, name))


def end_of(link: object) -> End | None:
    """The end that a value of a file links to; None where it is no link."""
    text = link_text(link)
    parsed = Link.parse(text) if text else None
    return (parsed.node, parsed.port) if parsed else None


def link_to(end: End) -> dict[str, Any]:
    """The link to an end, as a file writes it."""
    return {"from": f"{end[0]}.{end[1]}"}


def growing_ports(box: str, *, loop: bool = False) -> Iterator[str]:
    """The ports of a box that make a new entry: of a border box by its key, of a loop where `loop`."""
    yield from LOOP_GROWS if loop else ()
    yield from {INPUTS: (NEW_INPUT,), OUTPUTS: (NEW_OUTPUT,), NEXT: (NEW_COLLECT,)}.get(box, ())
