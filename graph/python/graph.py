"""A graph that is being written: the workflow itself, or the body of a loop. A call of a node is a node of it.

Every node is checked when it is called, by the check that files are checked by, so that what is wrong is an exception
in the line that is wrong.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar, get_type_hints

from pydantic import BaseModel, ValidationError

from latentgraph.graph.check.loops import handed_in, input_offers_of
from latentgraph.graph.check.nodes import check_node
from latentgraph.graph.check.scope import Scope
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.node import NodeType, is_node
from latentgraph.graph.problem import Problem
from latentgraph.graph.python.calls import bound_inputs, declaration_of
from latentgraph.graph.python.naming import assigned_name, free_name
from latentgraph.graph.python.placeholder import Placeholder, place_of
from latentgraph.graph.words import kind_of, shown
from latentgraph.graph.workflow import LOOP, Node

M = TypeVar("M", bound=BaseModel)
UNSET: Final[Any] = type("Unset", (), {"__repr__": lambda _: "not written"})()
"""The default of what a file need not say."""
LATER: Final = ("E101", "E113", "E115")
"""What a check of the whole says, and not the line that writes it: files that are not there, and nodes that are not."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a call says of its node beside the inputs."""

    name: str = ""
    """Empty: it is called as the variable that the call is assigned to, or as its type."""
    description: str = UNSET
    disabled: Literal["mute", "bypass"] = UNSET
    package: str = UNSET
    empty: Mapping[str, Any] = field(default_factory=dict)
    """Keys that are written though they say nothing."""

    @property
    def data(self) -> dict[str, Any]:
        """As a node of a file has them."""
        words = {"description": self.description, "disabled": self.disabled, "package": self.package}
        return {**self.empty, **written(**words)}


UNNAMED: Final = Words()


@dataclass(eq=False)
class Graph:
    """The nodes of one scope of a workflow, as they are written."""

    scope: Scope
    nodes: dict[str, Node]
    """The same that the scope looks in."""
    name: str = ""
    """Of the loop."""
    parent: Graph | None = None
    """The graph around the loop; None for the workflow itself."""
    handed: dict[str, Any] = field(default_factory=dict)
    """The inputs of the loop: what its body reads of what is around it."""
    closed: bool = False

    @property
    def path(self) -> str:
        """Of the loop, with a slash at its end."""
        return self.scope.path

    @property
    def root(self) -> Graph:
        """The workflow itself."""
        return self if self.parent is None else self.parent.root

    def record(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Make a node of a call that stands in the caller's caller."""
        # The frame between is that of the function which the decorator made.
        return self.call(function, args, kwargs, UNNAMED, assigned_name(sys._getframe(2)))

    def call(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        words: Words,
        variable: str = "",
    ) -> Any:
        """Make a node of a call.

        Args:
            function: A node.
            args: Values and placeholders for its inputs, in their order.
            kwargs: The same by name.
            words: What else the file says of it.
            variable: What the result is assigned to.

        Raises:
            WorkflowError: Something is wrong with the call, in the words of the check.
        """
        if not is_node(function):
            raise failure("E101", f"{function!r} is no node", "put @node(category=...) over the function")
        declared = declaration_of(function, self.scope.registry)
        name = words.name or self.free(variable, declared.name)
        given = bound_inputs(declared, args, kwargs, self.path + name)
        self.place(name, {"type": declared.name, **words.data}, given)
        return self._results(name, declared)

    def place(self, name: str, data: dict[str, Any], given: Mapping[str, Any]) -> None:
        """Add a node, checked; a fault of it leaves the graph as it was.

        Args:
            name: In this graph.
            data: The node as a file has it, without inputs.
            given: Values and placeholders for its inputs.
        """
        if self.closed:
            raise failure("E119", f"the loop '{self.name}' has ended", "add nodes inside its `with`", self.path + name)
        if name in self.nodes:
            message = f"the name {shown(name)} is taken by a node of type '{self.nodes[name].type}'"
            raise failure("E004", message, "choose another", self.path + name)
        handed = dict(self.handed)
        try:
            inputs = {port: self.value(value, self.path + name, port) for port, value in given.items()}
            self.nodes[name] = validated(Node, {**data, **({"inputs": inputs} if inputs else {})}, self.path + name)
            with self.telling():
                check_node(name, self.nodes[name], self.scope)
        except WorkflowError:
            self.nodes.pop(name, None)
            self.handed.clear()
            self.handed.update(handed)
            raise

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Raise the errors that the check finds in the block, as far as the line can do something about them."""
        problems = self.scope.report.findings.problems
        known = len(problems)
        yield
        found = [one for one in problems[known:] if one.severity == "error" and one.code not in LATER and not one.file]
        if found:
            del problems[known:]
            raise WorkflowError(found)

    def value(self, value: object, node: str, port: str) -> Any:
        """A value as a file writes it: a literal, or a link for what stands for one."""
        if isinstance(value, Placeholder):
            return {"from": self.link(value, node, port)}
        return plain(value, node, port)

    def link(self, value: object, node: str = "", port: str = "") -> str:
        """The link to what a placeholder stands for, from this graph.

        What is outside the loop is handed in, as a function of Python reads what is around it.

        Raises:
            WorkflowError: It cannot be read from here, or it is no placeholder.
        """
        if not isinstance(value, Placeholder):
            plain(value, node, port)
            raise failure("E105", f"takes a link, and {shown(value)} is {kind_of(value)}", "", node, port)
        graph = value._graph
        if graph.root is not self.root:
            hint = "a workflow takes values of others as its inputs"
            raise failure("E119", f"'{place_of(value)}' is of another workflow", hint, node, port)
        if value._closed is not None and not value._closed.closed:
            message = f"'{place_of(value)}' is not there before the loop ends"
            raise failure("E119", message, "read it behind the `with` of the loop", node, port)
        if graph is self:
            return ".".join(value._link)
        if graph not in self.around():
            message = f"'{place_of(value)}' is inside the loop '{graph.path[:-1]}', and differs from turn to turn"
            hint = "`collect` it there into a list, or `carry` it and take its `last`"
            raise failure("E119", message, hint, node, port)
        return self._handed_in(value, port)

    def around(self) -> Iterable[Graph]:
        """The graphs around this one, from the inside out."""
        graph = self.parent
        while graph is not None:
            yield graph
            graph = graph.parent

    def _handed_in(self, value: Placeholder, port: str) -> str:
        """The link inside the loop to a value from around it."""
        assert self.parent is not None  # the root has nothing around it
        outside = {"from": self.parent.link(value, self.path[:-1], port)}
        for name, known in self.handed.items():
            if known == outside:
                return f"loop.{name}"
        source, output = value._link
        # An output that has no name of its own is called as what it is for.
        wanted = port or source if output == "value" else output
        name = free_name(wanted, {*self.handed, *(key for owner, key in self.scope.offers if owner == LOOP)})
        self.hand_in(name, outside)
        return f"loop.{name}"

    def hand_in(self, name: str, value: Any) -> None:
        """Let the body read `loop.<name>`; `value` is a literal, or a link of the graph around."""
        outer = self.outer
        node = Node.model_validate({"type": LOOP, "inputs": {name: value}}, by_alias=True, by_name=False)
        place = (*outer.scope.json_path, self.name)
        with outer.telling():
            offers = input_offers_of(node, outer.scope, self.path[:-1], place)
            self.scope.offers |= handed_in(node, {}, {}, offers, outer.scope, self.path[:-1], place)
        self.handed[name] = value

    @property
    def outer(self) -> Graph:
        """The graph around a loop."""
        assert self.parent is not None  # only asked of loops
        return self.parent

    def free(self, wanted: str, kind: str) -> str:
        """A name for a node that nobody named: of a variable, or of its type."""
        return free_name(wanted or re.sub(r"[^A-Za-z0-9_-]", "_", kind), self.nodes)

    def type_name(self, node: str, port: str) -> str:
        """How messages call the type of an output, as far as the check knows it."""
        offer = self.scope.offers.get((node, port))
        return offer.type.name if offer else "anything"

    def outputs_of(self, node: str) -> list[str]:
        """The outputs of a node, as far as the check knows them."""
        return [port for owner, port in self.scope.offers if owner == node]

    def output(self, node: str, port: str) -> Placeholder:
        """What stands for an output that somebody says is there.

        Raises:
            WorkflowError: The check knows the node, and that it has no such output.
        """
        with self.telling():
            self.scope.follow(f"{node}.{port}", (), node=self.path + node, port=port)
        return self.placeholder(node, port)

    def placeholder(self, node: str, port: str, closed: Graph | None = None) -> Placeholder:
        """What stands for an output that the check knows."""
        graph = self if closed is None else closed.outer
        return Placeholder(graph, node, port, graph.type_name(node, port), closed)

    def _results(self, name: str, declared: NodeType) -> Any:
        """What a call returns: as its function would, with placeholders for values."""
        made = [self.placeholder(name, port) for port in declared.outputs]
        if declared.several:
            return get_type_hints(declared.function)["return"]._make(made)
        return made[0] if made else None


def written(**keys: Any) -> dict[str, Any]:
    """What is set of `keys`."""
    return {name: value for name, value in keys.items() if value is not UNSET}


def failure(code: str, message: str, hint: str = "", node: str = "", port: str = "") -> WorkflowError:
    """One problem, to be raised in the line that it is about."""
    return WorkflowError([Problem(code, message, hint, node, port)])


def validated(model: type[M], data: dict[str, Any], node: str = "", port: str = "") -> M:
    """A part of a workflow file out of plain data.

    Raises:
        WorkflowError: A key of it has a value of the wrong kind.
    """
    try:
        return model.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as error:
        problems = []
        for one in error.errors(include_url=False):
            where = ".".join(str(part) for part in one["loc"])
            message = f"'{where}' is {kind_of(one['input'])}: {one['msg'][0].lower()}{one['msg'][1:]}"
            problems.append(Problem("E007", message, "", node, port))
        raise WorkflowError(problems) from None


def plain(value: object, node: str = "", port: str = "") -> Any:
    """A literal as JSON has it: tuples are lists.

    Raises:
        WorkflowError: A file cannot write it.
    """
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Placeholder):
        message = f"'{place_of(value)}' stands inside a list or an object, and a link is the whole value of a port"
        raise failure("E104", message, "a node that puts values together can make the list", node, port)
    if isinstance(value, tuple) and any(isinstance(item, Placeholder) for item in value):
        outputs = ", ".join(f".{name}" for name in getattr(value, "_fields", ())) or "one item of it"
        raise failure("E104", "this is every output of a node, and a port takes one", f"write {outputs}", node, port)
    if isinstance(value, (list, tuple)):
        return [plain(item, node, port) for item in value]
    if isinstance(value, Mapping):
        if set(value) == {"from"} and isinstance(value["from"], str):
            raise failure("E105", f"{shown(value)} would be a link", "give the value that it leads to", node, port)
        items = {name: plain(item, node, port) for name, item in value.items()}
        if any(not isinstance(name, str) for name in items):
            raise failure("E104", f"{value!r} has keys that are no text", "", node, port)
        return items
    if hint := getattr(value, "latentgraph_hint", ""):
        raise failure("E104", f"{value!r} is no value", hint, node, port)
    message = f"a file cannot write {kind_of(value)}"
    hint = f'declare an input, `flow.value("{port or "name"}", {type(value).__name__})`, and give it to the run'
    raise failure("E104", message, hint, node, port)
