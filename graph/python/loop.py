"""A loop of a workflow that is being written: its body is the block of a `with`, which is written once for all turns.

with flow.loop("denoise") as turn:
    timestep = turn.each("timestep", schedule.timesteps)
    latents = turn.carry("latents", start.latents)
    step = nodes.denoise_step(denoiser=model.denoiser, latents=latents.now, timestep=timestep, ...)
    latents.next = step.latents
decoded = nodes.decode(vae=model.vae, latents=latents.last)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import Token
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

from latentgraph.graph.boxes import INDEX
from latentgraph.graph.check.loops import following_offers, handed_in
from latentgraph.graph.check.nodes import check_node
from latentgraph.graph.check.scope import Scope
from latentgraph.graph.declared import ANYTHING
from latentgraph.graph.python.graph import UNNAMED, Graph, Words, failure, validated
from latentgraph.graph.recording import RECORDER, Recorder
from latentgraph.graph.typed import Offer, Wire
from latentgraph.graph.types import PortType, list_of
from latentgraph.graph.workflow import LOOP, Node

T = TypeVar("T")


class Loop:
    """What a loop takes, carries and gives, said inside its `with`."""

    def __init__(self, outer: Graph, name: str, words: Words = UNNAMED) -> None:
        """Begin a loop; see `Flow.loop`."""
        if name in outer.nodes:
            message = f"the name '{name}' is taken by a node of type '{outer.nodes[name].type}'"
            raise failure("E004", message, "choose another", outer.path + name)
        self._words = words
        self._each: dict[str, str] = {}
        self._carry: dict[str, Carry[Any]] = {}
        self._collect: dict[str, str] = {}
        self._order: tuple[str, ...] = ()
        around, nodes = outer.scope, dict[str, Node]()
        path, self._place = f"{outer.path}{name}", (*around.json_path, name)
        scope = Scope(
            around.registry,
            around.report,
            around.access,
            {(LOOP, INDEX): Offer(PortType(int), Wire(LOOP, INDEX))},
            nodes,
            f"{path}/",
            (*self._place, "nodes"),
            "loop",
            outside=outer.nodes,
            files=around.files,
        )
        self._graph = Graph(scope, nodes, name, outer)
        self._token: Token[Recorder | None] | None = None

    @property
    def index(self) -> int:
        """The number of the turn, from 0."""
        return cast(int, self._graph.placeholder(LOOP, INDEX))

    def each(self, name: str, values: Sequence[T] | None) -> T:
        """Take an item of a list in each turn.

        Args:
            name: How the body reads it, as `loop.<name>` of the file.
            values: The list, of an output outside.
        """
        self._new_name(name, "each")
        graph, outer = self._graph, self._graph.outer
        text = outer.link(values, self._path, name)
        node = validated(Node, {"type": LOOP, "each": {name: {"from": text}}})
        with outer.telling():
            offer = outer.scope.follow_something(text, self._place, node=self._path, port=name)
            graph.scope.offers |= handed_in(node, {name: offer}, {}, {}, outer.scope, self._path, self._place)
        self._each[name] = text
        return cast(T, graph.placeholder(LOOP, name))

    def carry(self, name: str, start: T) -> Carry[T]:
        """Carry a value from turn to turn.

        Args:
            name: How the body reads it, and how the loop's output is called.
            start: What it is in the first turn, of an output outside.
        """
        self._new_name(name, "carry")
        carry = Carry[T](self, name, start)
        self._carry[name] = carry
        return carry

    def input(self, name: str, value: T) -> T:
        """Hand a value of outside into the body under a name; what the body reads without is handed in by itself.

        Args:
            name: How the body reads it.
            value: An output outside, or a value that a file can write.
        """
        self._new_name(name, "inputs")
        self._graph.hand_in(name, self._graph.outer.value(value, self._path, name))
        return cast(T, self._graph.placeholder(LOOP, name))

    def collect(self, name: str, value: T) -> list[T]:
        """Gather a value of the body from all turns; what is returned is the list, behind the loop.

        Args:
            name: Of the loop's output.
            value: An output inside.
        """
        graph, outer = self._graph, self._graph.outer
        if name in self._carry or name in self._collect:
            where = "carry" if name in self._carry else "collect"
            message = f"the loop would have two outputs '{name}': it is in {where} already"
            raise failure("E111", message, "", self._path, name)
        self._collect[name] = text = graph.link(value, self._path, name)
        with outer.telling():
            outer.scope.report.name(name, self._place, self._path)
            offer = graph.scope.follow_something(text, self._place, node=self._path, port=name)
        gathered = ANYTHING if offer.type is ANYTHING else list_of(offer.type)
        outer.scope.offers[graph.name, name] = Offer(gathered, Wire(self._path, name), offer.family)
        return cast(list[T], outer.placeholder(graph.name, name, graph))

    def order(self, *names: str) -> None:
        """Say in which order the file has the nodes of the body, where that is not the order of the calls."""
        self._order = names

    def __enter__(self) -> Self:
        self._token = RECORDER.set(self._graph)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._token is not None  # it was entered
        RECORDER.reset(self._token)
        self._graph.closed = True
        if error is None:
            self._finish()

    @property
    def _path(self) -> str:
        return self._graph.path[:-1]

    def _new_name(self, name: str, kind: str) -> None:
        scope = self._graph.scope
        if self._graph.closed:
            raise failure("E119", f"the loop '{self._path}' has ended", "say it inside its `with`", self._path, name)
        with self._graph.telling():
            scope.report.name(name, (*self._place, kind, name), self._path)
        if (LOOP, name) in scope.offers:
            taken: dict[str, Mapping[str, Any]] = {
                "each": self._each,
                "carry": self._carry,
                "inputs": self._graph.handed,
            }
            where = next((f"in {one}" for one, names in taken.items() if name in names), "the turn's number")
            hint = "say it before the body reads what is called so" if where == "in inputs" else "choose another name"
            raise failure("E111", f"loop.{name} would be two things: it is {where} already", hint, self._path, name)

    def _finish(self) -> None:
        """Make the loop a node of the graph around it."""
        graph, outer = self._graph, self._graph.outer
        for name, carry in self._carry.items():
            if carry.following is None:
                hint = f"say what it is in the next turn: `{name}.next = ...`"
                raise failure("E103", "the loop carries it, and nothing says how it goes on", hint, self._path, name)
        carried = {name: {"from": carry.source, "next": carry.following} for name, carry in self._carry.items()}
        data: dict[str, Any] = {
            "each": {name: {"from": text} for name, text in self._each.items()},
            "carry": carried,
            "inputs": graph.handed,
            "nodes": in_order(graph.nodes, self._order),
            "collect": {name: {"from": text} for name, text in self._collect.items()},
        }
        said = {key: value for key, value in data.items() if value}
        outer.nodes[graph.name] = validated(Node, {"type": LOOP, **self._words.data, **said}, self._path)
        with outer.telling():
            check_node(graph.name, outer.nodes[graph.name], outer.scope)


class Carry(Generic[T]):
    """A value that goes from turn to turn."""

    latentgraph_hint = "write .now for its value in this turn, .last for that behind the loop"

    def __init__(self, loop: Loop, name: str, start: T) -> None:
        """Begin with `start`; see `Loop.carry`."""
        graph, outer = loop._graph, loop._graph.outer
        self._loop, self._name = loop, name
        self.source = outer.link(start, loop._path, name)
        self.following: str | None = None
        """The link inside the body to what it is after the turn; None until it is said."""
        with outer.telling():
            self._start = outer.scope.follow_something(self.source, loop._place, node=loop._path, port=name)
        node = Node(type=LOOP)
        carried = {name: self._start}
        graph.scope.offers |= handed_in(node, {}, carried, {}, outer.scope, loop._path, loop._place)
        given = Offer(self._start.type, Wire(loop._path, name), self._start.family)
        outer.scope.offers[graph.name, name] = given

    @property
    def now(self) -> T:
        """What it is in this turn, inside the loop."""
        return cast(T, self._loop._graph.placeholder(LOOP, self._name))

    @property
    def next(self) -> T:
        """What it is in the next turn: to be set, inside the loop, once."""
        raise failure(
            "E119", "what it is in the next turn is set and not read", "read .now", self._loop._path, self._name
        )

    @next.setter
    def next(self, value: T) -> None:
        loop, graph = self._loop, self._loop._graph
        if self.following is not None or graph.closed:
            message = "it is said already how it goes on" if self.following else f"the loop '{loop._path}' has ended"
            raise failure("E119", message, "set .next once, inside the loop", loop._path, self._name)
        text = graph.link(value, loop._path, self._name)
        node = validated(Node, {"type": LOOP, "carry": {self._name: {"from": self.source, "next": text}}})
        with graph.telling():
            following_offers(node, {self._name: self._start}, graph.scope, loop._path, loop._place)
        self.following = text

    @property
    def last(self) -> T:
        """What it is after the last turn, behind the loop."""
        return cast(T, self._loop._graph.outer.placeholder(self._loop._graph.name, self._name, self._loop._graph))

    def __repr__(self) -> str:
        """What it is, for a debugger and for messages."""
        return f"<{self._loop._path}.{self._name}, carried from turn to turn>"


def in_order(nodes: Mapping[str, Node], names: Sequence[str]) -> dict[str, Node]:
    """The nodes in the order of `names`, those that it leaves out behind.

    Raises:
        WorkflowError: There is no node of one of the names.
    """
    for name in names:
        if name not in nodes:
            raise failure("E105", f"there is no node '{name}' to put in order")
    return {name: nodes[name] for name in (*names, *(one for one in nodes if one not in names))}
