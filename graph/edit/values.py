"""Edits of the values that nodes are given in the file."""

from __future__ import annotations

from typing import Any

from latentgraph.graph.boxes import path_of
from latentgraph.graph.edit.draft import plain
from latentgraph.graph.edit.edit import Edit
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.edit.loops import entry_kind
from latentgraph.graph.errors import EditError
from latentgraph.graph.types import ValueFaultError


def set_value(graph: Graph, node: str, port: str, value: Any) -> Edit:
    """Write a value for a port, in place of a value or of a link.

    Raises:
        EditError: There is no such port, or it does not take the value; the text says what it takes.
    """
    graph.node(node)
    if graph.is_loop(node) and entry_kind(graph, node, port, output=False) != "inputs":
        raise EditError(f"'{node}.{port}' takes its value by a link.")
    signature = graph.signatures.of(graph.scope, node)
    taking = signature.inputs.get(port)
    if taking is None and signature.known:
        raise EditError(f"'{node}' has no input '{port}'.")
    value = plain(value)
    # What a type does not have may hold anything until it is taken away, and so may a loop's input.
    if taking is not None and port not in signature.strays and not graph.is_loop(node):
        try:
            taking.type.parse(value)
        except ValueFaultError as fault:
            raise EditError(f"{fault}.") from None
    draft = graph.draft()
    draft.set((*graph.nodes_path, node, "inputs", port), value)
    merge = f"value {path_of(graph.scope, node)}.{port}"
    return draft.edit(f"set {node}.{port}", graph.scope, (node,), merge)


def unset_value(graph: Graph, node: str, port: str) -> Edit:
    """Take the value of a port away, or its link; the port's default holds again."""
    graph.node(node)
    if graph.is_loop(node):
        raise EditError("An entry of a loop is nothing without its value; remove the entry.")
    draft = graph.draft()
    draft.remove((*graph.nodes_path, node, "inputs", port))
    return draft.edit(f"unset {node}.{port}", graph.scope, (node,))
