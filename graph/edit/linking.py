"""Writing links into a draft, wherever the format keeps the kind of input that they lead to."""

from __future__ import annotations

from typing import Any

from latentgraph.graph.boxes import (
    HANDED_IN,
    INDEX,
    NEW_CARRY,
    NEW_COLLECT,
    NEW_EACH,
    NEW_INPUT,
    NEW_OUTPUT,
    NEXT,
    OUTPUTS,
    End,
    Scope,
    end_of,
    link_to,
)
from latentgraph.graph.edit.draft import Draft
from latentgraph.graph.edit.edit import ABSENT, Data
from latentgraph.graph.edit.graph import loop_path, nodes_path, unique
from latentgraph.graph.edit.references import Reference, readers
from latentgraph.graph.workflow import LOOP

_NEW_ENTRIES = {NEW_EACH: "each", NEW_CARRY: "carry", NEW_INPUT: "inputs"}
TAKEN = ("each", "carry", "inputs")
"""What a loop hands into its body, by the keys of the format."""
GIVEN = ("carry", "collect")
"""What a loop gives to the graph around it."""


def write_link(draft: Draft, scope: Scope, source: End, target: End) -> None:
    """Link `target` to `source`; a growing port gets a new entry, called as the port of the source is."""
    box, port = target
    if box == OUTPUTS:
        taken = draft.get(("outputs",), {})
        name = unique(source[1], taken) if port == NEW_OUTPUT else port
        draft.set(("outputs", name, "from"), _text(source))
    elif box == NEXT:
        _write_next(draft, scope, source, port)
    elif draft.get((*nodes_path(scope), box, "type")) == LOOP:
        _write_to_loop(draft, (*scope, box), source, port)
    else:
        draft.set((*nodes_path(scope), box, "inputs", port), link_to(source))


def bring_in(draft: Draft, scope: Scope, source: End) -> End:
    """Hand an output of the graph around a loop into its body, once, and return what the body reads.

    Args:
        draft: Takes the change.
        scope: Of the body.
        source: In the scope around.
    """
    path = loop_path(scope)
    loop = draft.get(path)
    for name, value in loop.get("inputs", {}).items():
        if end_of(value) == source:
            return HANDED_IN, name
    name = unique(source[1], names_of(loop))
    draft.set((*path, "inputs", name), link_to(source))
    return HANDED_IN, name


def take_away(draft: Draft, scope: Scope, source: End, value: Any = ABSENT) -> None:
    """Take an output from all that read it.

    Args:
        draft: Takes the changes.
        scope: Where.
        source: What goes.
        value: What its readers get for it, where it had a value that can be written.
    """
    for reference in readers(draft.data, scope, source):
        if reference.optional and value is not ABSENT:
            draft.set(reference.entry, value)
        else:
            drop(draft, reference)


def drop(draft: Draft, reference: Reference) -> None:
    """Take a link away. What is nothing without one keeps it, so that the check tells what is missing there."""
    if reference.optional and not _is_handed_in(draft, reference):
        draft.remove(reference.entry)
    elif reference.path[-1] == "next":
        reference.write(draft, (HANDED_IN, reference.target[1]))


def names_of(loop: Data, kinds: tuple[str, ...] = (*TAKEN, "collect")) -> set[str]:
    """The names that a loop uses already."""
    return {INDEX, *(name for kind in kinds for name in loop.get(kind, {}))}


def _is_handed_in(draft: Draft, reference: Reference) -> bool:
    """Whether the body of a loop may read what the link gives, under the name of the entry."""
    return bool(draft.get((*reference.path[:-3], "type")) == LOOP)


def _write_next(draft: Draft, scope: Scope, source: End, port: str) -> None:
    path = loop_path(scope)
    loop = draft.get(path)
    if port == NEW_COLLECT:
        draft.set((*path, "collect", unique(source[1], names_of(loop, GIVEN)), "from"), _text(source))
    elif port in loop.get("carry", {}):
        draft.set((*path, "carry", port, "next"), _text(source))
    else:
        draft.set((*path, "collect", port, "from"), _text(source))


def _write_to_loop(draft: Draft, scope: Scope, source: End, port: str) -> None:
    path = loop_path(scope)
    loop = draft.get(path)
    if port in _NEW_ENTRIES:
        kind, name = _NEW_ENTRIES[port], unique(source[1], names_of(loop))
        following = {"next": f"{HANDED_IN}.{name}"} if kind == "carry" else {}
        draft.set((*path, kind, name), {**link_to(source), **following})
        return
    kind = next((one for one in TAKEN if port in loop.get(one, {})), "inputs")
    if kind == "inputs":
        draft.set((*path, kind, port), link_to(source))
    else:
        draft.set((*path, kind, port, "from"), _text(source))


def _text(source: End) -> str:
    return f"{source[0]}.{source[1]}"
