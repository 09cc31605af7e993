"""How variables are called: as what they hold, where nothing else is called so."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator

from latentgraph.graph.boxes import Scope
from latentgraph.graph.python.source.order import Handing
from latentgraph.graph.workflow import LOOP, Workflow

Key = tuple[str, ...]
"""`node` and its path; or `inputs`, `each`, `carry`, `given` or `collect`, the path of the loop, and the name."""
RESERVED = ("flow", "named", "nodes", "print", "subworkflow", "workflow", "Literal", "NamedTuple", "Any")
"""Names that the text itself uses, and some that a reader takes for something else."""
_KINDS = {"inputs": "input", "each": "item", "carry": "carried", "given": "inside", "collect": "list"}


class Variables:
    """A variable for everything that links of a workflow can name."""

    def __init__(self, workflow: Workflow, handing: Handing) -> None:
        """Find names: the nodes of the workflow first, since most lines are about them."""
        self._taken = set(RESERVED)
        self._names: dict[Key, str] = {}
        scopes = list(_scopes(handing))
        for scope in scopes:
            for name in handing.nodes(scope):
                self._names["node", *scope, name] = self._free(name)
        for name in workflow.inputs:
            self._names["inputs", name] = self._free(name, "inputs")
        for scope in scopes[1:]:
            loop = handing.loop(scope)
            given = {} if handing.by_itself(scope) else loop.inputs
            for kind, keys in (("each", loop.each), ("carry", loop.carry), ("given", given), ("collect", loop.collect)):
                for key in keys or {}:
                    self._names[kind, *scope, key] = self._free(key, kind)

    def __getitem__(self, key: Key) -> str:
        """The variable of something that has one."""
        return self._names[key]

    def other(self, wanted: str) -> str:
        """A name for something else, such as a function."""
        return self._free(wanted)

    def _free(self, wanted: str, kind: str = "") -> str:
        name = re.sub(r"\W", "_", wanted, flags=re.ASCII)
        if not name or name[0].isdigit():
            name = f"_{name}"
        candidates = [f"{name}_{_KINDS[kind]}"] if kind else [f"{name}_"]
        found = next((one for one in (name, *candidates) if self._is_free(one)), "")
        number = 1
        while not found:
            number += 1
            found = f"{candidates[0].rstrip('_')}_{number}"
            found = found if self._is_free(found) else ""
        self._taken.add(found)
        return found

    def _is_free(self, name: str) -> bool:
        return name not in self._taken and not keyword.iskeyword(name)


def _scopes(handing: Handing) -> Iterator[Scope]:
    """Every scope, the outer ones first."""
    waiting: list[Scope] = [()]
    while waiting:
        scope = waiting.pop(0)
        yield scope
        waiting += [(*scope, name) for name, node in handing.nodes(scope).items() if node.type == LOOP]
