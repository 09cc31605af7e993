"""Which boxes and ports the problems of a check are about."""

from __future__ import annotations

from collections.abc import Iterable

from latentgraph.graph.problem import Problem
from latentgraph.tui.editor.views import Severity

_RANKS: dict[Severity, int] = {"": 0, "note": 1, "warning": 2, "error": 3}


class Marks:
    """The worst severity of each node, with what is inside it, and of each port."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Sort the problems."""
        self._nodes: dict[str, Severity] = {}
        self._ports: dict[tuple[str, str], Severity] = {}
        for problem in problems:
            parts = problem.node.split("/")
            for count in range(1, len(parts) + 1):
                path = "/".join(parts[:count])
                self._nodes[path] = _worse(self._nodes.get(path, ""), problem.severity)
            place = problem.node, problem.port
            self._ports[place] = _worse(self._ports.get(place, ""), problem.severity)

    def node(self, path: str) -> Severity:
        """Of a node, or of a loop or sub-workflow with all that it holds."""
        return self._nodes.get(path, "")

    def port(self, path: str, name: str) -> Severity:
        """Of a port of a node; of a declared input or an output where `path` is `inputs` or `outputs`."""
        return self._ports.get((path, name), "")

    def ports(self, path: str) -> Severity:
        """The worst of a node's ports."""
        worst: Severity = ""
        for (node, _), severity in self._ports.items():
            if node == path:
                worst = _worse(worst, severity)
        return worst


def _worse(one: Severity, other: Severity) -> Severity:
    return max(one, other, key=_RANKS.__getitem__)
