"""The outputs of a node that has no function to call: found by name, and typed as anything."""

from __future__ import annotations

from typing import Any

from latentgraph.graph.python.graph import Graph


class Outputs:
    """What a node gives, by name: `made["image"]`, or `made.image` where the name is one of Python's."""

    latentgraph_hint = 'write which of its outputs is meant, as in made["image"]'

    def __init__(self, graph: Graph, node: str) -> None:
        """Of a node in a graph."""
        self._graph = graph
        self._node = node

    @property
    def path(self) -> str:
        """Of the node."""
        return f"{self._graph.path}{self._node}"

    def __getitem__(self, port: str) -> Any:
        """What stands for an output; whether there is one, the check says where it is known."""
        return self._graph.output(self._node, port)

    def __getattr__(self, port: str) -> Any:
        if port.startswith("_"):
            raise AttributeError(port)
        return self[port]

    def __repr__(self) -> str:
        """What it is, for a debugger and for messages."""
        return f"<outputs of {self.path}>"
