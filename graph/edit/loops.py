"""Edits of what a loop takes, carries, hands in and collects: its entries, each under one of four keys."""

from __future__ import annotations

from typing import Literal, TypeAlias, cast

from latentgraph.graph.boxes import HANDED_IN
from latentgraph.graph.edit.edit import ABSENT, Edit
from latentgraph.graph.edit.graph import Graph, require_name
from latentgraph.graph.edit.linking import GIVEN, TAKEN, names_of, take_away
from latentgraph.graph.edit.references import rename_source
from latentgraph.graph.errors import EditError
from latentgraph.graph.workflow import link_text

Kind: TypeAlias = Literal["each", "carry", "inputs", "collect"]


def entry_kind(graph: Graph, loop: str, name: str, *, output: bool) -> Kind | None:
    """Which kind of entry a port of a loop is: among what it gives (and `>next` takes) where `output`, else takes."""
    node = graph.node(loop)
    return next((cast(Kind, kind) for kind in (GIVEN if output else TAKEN) if name in node.get(kind, {})), None)


def rename_entry(graph: Graph, loop: str, kind: Kind, old: str, new: str) -> Edit:
    """Give an entry of a loop another name, inside and outside."""
    node = graph.node(loop)
    _require(node.get(kind, {}), old)
    require_name(new, names_of(node, GIVEN if kind == "collect" else (*TAKEN, "collect")) - {old})
    draft = graph.draft()
    draft.rename((*graph.nodes_path, loop, kind), old, new)
    if kind in TAKEN:
        rename_source(draft, (*graph.scope, loop), (HANDED_IN, old), (HANDED_IN, new))
    if kind in GIVEN:
        rename_source(draft, graph.scope, (loop, old), (loop, new))
    return draft.edit(f"rename {loop}.{old} to {new}", graph.scope, (loop,))


def remove_entry(graph: Graph, loop: str, kind: Kind, name: str) -> Edit:
    """Take an entry of a loop away, and the links to it inside and outside."""
    node = graph.node(loop)
    _require(node.get(kind, {}), name)
    written = node[kind][name]
    value = written if kind == "inputs" and link_text(written) is None else ABSENT
    draft = graph.draft()
    draft.remove((*graph.nodes_path, loop, kind, name))
    if kind in TAKEN:
        take_away(draft, (*graph.scope, loop), (HANDED_IN, name), value)
    if kind in GIVEN:
        take_away(draft, graph.scope, (loop, name))
    return draft.edit(f"remove {loop}.{name}", graph.scope, (loop,))


def _require(entries: dict[str, object], name: str) -> None:
    if name not in entries:
        raise EditError(f"The loop has no '{name}' there.")
