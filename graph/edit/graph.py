"""What an operation looks at: a workflow, what is known of its ports, and the scope where something is to be done."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from pathlib import Path as FilePath

from latentgraph.graph.boxes import BORDERS, Scope, sink_box, source_box
from latentgraph.graph.canonical import canonical_data
from latentgraph.graph.edit.draft import Draft
from latentgraph.graph.edit.edit import Data, Edit, Path
from latentgraph.graph.errors import EditError
from latentgraph.graph.names import RESERVED, meant, name_fault, nearest
from latentgraph.graph.registry import Registry
from latentgraph.graph.signature import Signatures
from latentgraph.graph.workflow import LOOP, Workflow


@dataclass(frozen=True, slots=True)
class Graph:
    """A scope of a workflow, as operations take it."""

    data: Data
    """The whole workflow, in canonical form."""
    signatures: Signatures
    """Of the same workflow."""
    scope: Scope = ()

    @classmethod
    def of(cls, workflow: Workflow, registry: Registry, file: FilePath | None = None, scope: Scope = ()) -> Graph:
        """The graph of a workflow."""
        return cls(canonical_data(workflow), Signatures(workflow, registry, file), scope)

    def at(self, scope: Scope) -> Graph:
        """The same workflow, looked at in another scope."""
        return replace(self, scope=scope)

    def after(self, edit: Edit) -> Graph:
        """The graph as an edit leaves it, for an operation that is made of others."""
        data = edit.apply(self.data)
        workflow = Workflow.model_validate(data, by_alias=True, by_name=False)
        return replace(self, data=data, signatures=self.signatures.again(workflow))

    def draft(self) -> Draft:
        """The beginning of an edit."""
        return Draft(self.data)

    @property
    def nodes_path(self) -> Path:
        """Where the nodes of the scope stand in the data."""
        return nodes_path(self.scope)

    @property
    def nodes(self) -> Data:
        """The nodes of the scope, as data by name."""
        nodes: Data = self.data
        for key in self.nodes_path:
            nodes = nodes.get(key, {})
        return nodes

    def node(self, name: str) -> Data:
        """A node of the scope, as data.

        Raises:
            EditError: There is none, or it is a box at the border of the scope.
        """
        if name in BORDERS and name not in self.nodes:
            raise EditError("That box is no node: it stands for what is around it.")
        if name not in self.nodes:
            raise EditError(f"There is no node '{name}'.")
        node: Data = self.nodes[name]
        return node

    def is_loop(self, name: str) -> bool:
        """Whether a box is a loop."""
        return name in self.nodes and self.nodes[name]["type"] == LOOP

    @property
    def source_box(self) -> str:
        """The key of the box that hands values in."""
        return source_box(self.scope)

    @property
    def sink_box(self) -> str:
        """The key of the box that takes values out."""
        return sink_box(self.scope)


def nodes_path(scope: Scope) -> Path:
    """Where the nodes of a scope stand in a workflow's data."""
    return ("nodes", *(key for name in scope for key in (name, "nodes")))


def loop_path(scope: Scope) -> Path:
    """Where the loop whose body a scope is stands in a workflow's data."""
    return nodes_path(scope)[:-1]


def unique(wanted: str, taken: Container[str]) -> str:
    """`wanted`, or with a number behind it where that is taken or no name."""
    name, number = wanted, 2
    while name in taken or name in RESERVED:
        name, number = f"{wanted}_{number}", number + 1
    return name


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """That there is nothing of a name, in a sentence, with the name that was probably meant."""
    near = nearest(name, known)
    return f"There is no {what} '{name}'{'; ' + meant(near) if near else '.'}"


def require_name(name: str, taken: Container[str]) -> str:
    """`name`, if it can be given to something beside what has a name already.

    Raises:
        EditError: It is no name, or taken.
    """
    if fault := name_fault(name):
        raise EditError(f"{fault[0].upper()}{fault[1:]}.")
    if name in taken:
        raise EditError(f"The name '{name}' is taken.")
    return name
