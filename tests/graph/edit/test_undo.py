"""Whatever is done can be taken back to the byte, and done again."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import pytest
from tests.graph.edit.examples import FLAT, NESTED, REGISTRY, workflow

from latentgraph.graph.boxes import NEW_CARRY, NEW_COLLECT, NEW_EACH, NEW_INPUT, NEW_OUTPUT, Scope
from latentgraph.graph.canonical import canonical_data, canonical_text
from latentgraph.graph.check import check
from latentgraph.graph.document import parse_document
from latentgraph.graph.edit.clipboard import copy, duplicate, paste
from latentgraph.graph.edit.delete import delete
from latentgraph.graph.edit.edit import ABSENT, Edit
from latentgraph.graph.edit.fitting import fitting, fitting_types
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.edit.history import History
from latentgraph.graph.edit.interface import (
    declare_input,
    describe_output,
    expose,
    remove_input,
    remove_output,
    rename_input,
    rename_output,
    set_input,
)
from latentgraph.graph.edit.links import connect, disconnect, insert_between, insert_on
from latentgraph.graph.edit.loops import remove_entry, rename_entry
from latentgraph.graph.edit.nodes import add_loop, add_node, describe, disable, rename, retype
from latentgraph.graph.edit.placing import group, move, rename_group, ungroup, unpin
from latentgraph.graph.edit.values import set_value, unset_value
from latentgraph.graph.edit.whole import describe_workflow
from latentgraph.graph.errors import EditError
from latentgraph.graph.registry import Registry
from latentgraph.graph.workflow import LOOP, Workflow

VALUES: list[Any] = [None, True, 0, 5, 5.0, 500, "soft", "", "é\n", [1, 2], {"a": 1}, {"from": "m.dough"}, 10**30]
NAMES = ["a", "b", "loop", "inputs", "", "x y", "step", "dough", "9", "_", "A-1"]
"""To be given: some of them are none."""


class Hand:
    """Somebody who edits at random, mostly what can be done."""

    def __init__(self, seed: int, registry: Registry) -> None:
        self.random = random.Random(seed)
        self.registry = registry
        self.clipboard = ""
        self.refusals: set[str] = set()

    def edit(self, history: History) -> Edit | None:
        scope = self.random.choice(list(scopes(history.data)))
        graph = Graph.of(history.workflow, self.registry, scope=scope)
        try:
            return self.random.choice(ACTIONS)(self, graph)
        except EditError as error:
            self.refusals.add(str(error))
            return None

    def node(self, graph: Graph) -> str:
        return self.random.choice([*graph.nodes, graph.source_box]) if graph.nodes else graph.sink_box

    def some(self, graph: Graph) -> list[str]:
        return self.random.sample(list(graph.nodes), min(len(graph.nodes), self.random.randint(1, 3)))

    def name(self, graph: Graph) -> str:
        return self.random.choice([*NAMES, f"n{self.random.randrange(50)}", *list(graph.nodes)[:2]])

    def source(self, graph: Graph) -> tuple[str, str]:
        ends = [(box, port) for box in graph.nodes for port in graph.signatures.of(graph.scope, box).outputs]
        ends += [(graph.source_box, port) for port in [*graph.signatures.source(graph.scope), NEW_INPUT]]
        return self.random.choice(ends)

    def target(self, graph: Graph) -> tuple[str, str]:
        ends = [(box, port) for box in graph.nodes for port in graph.signatures.of(graph.scope, box).inputs]
        ends += [(box, port) for box in graph.nodes for port in (NEW_EACH, NEW_CARRY, NEW_INPUT) if graph.is_loop(box)]
        ends += [(graph.sink_box, port) for port in [*graph.signatures.sink(graph.scope), NEW_OUTPUT, NEW_COLLECT]]
        return self.random.choice(ends)

    def entry(self, graph: Graph) -> tuple[str, Any, str]:
        entries = [
            (loop, kind, name)
            for loop in graph.nodes
            if graph.is_loop(loop)
            for kind in ("each", "carry", "inputs", "collect")
            for name in graph.nodes[loop].get(kind, {})
        ]
        return self.random.choice(entries or [("nowhere", "each", "x")])

    def declared(self, graph: Graph) -> str:
        names: list[str] = [*graph.data.get("inputs", {}), "x"]
        return self.random.choice(names)

    def output(self, graph: Graph) -> str:
        names: list[str] = [*graph.data.get("outputs", {}), "x"]
        return self.random.choice(names)

    def connect(self, graph: Graph) -> Edit:
        source = self.source(graph)
        fits = sorted(fitting(graph, source, output=True))
        return connect(
            graph, source, self.random.choice(fits) if fits and self.random.random() < 0.8 else self.target(graph)
        )

    def between(self, graph: Graph) -> Edit:
        source, target = self.source(graph), self.target(graph)
        try:
            return connect(graph, source, target)
        except EditError as error:
            return insert_between(graph, source, target, error.bridge or ["knead", "halve"])

    def add(self, graph: Graph) -> Edit:
        source = self.source(graph) if self.random.random() < 0.5 else None
        target = self.target(graph) if self.random.random() < 0.3 else None
        types = fitting_types(graph, source=source, target=target) or self.registry.names()
        return add_node(graph, self.random.choice(types), source=source, target=target, position=(1, 2))

    def copy(self, graph: Graph) -> Edit:
        self.clipboard = copy(graph, self.some(graph)) if graph.nodes else self.clipboard
        return paste(graph, self.clipboard, keep_links=self.random.random() < 0.5)

    def input(self, graph: Graph) -> Edit:
        part = self.random.choice(["default", "minimum", "maximum", "multiple_of", "choices", "description", "type"])
        return set_input(graph, self.declared(graph), **{part: self.random.choice([*VALUES, ABSENT, "number"])})


ACTIONS: list[Callable[[Hand, Graph], Edit]] = [
    *[Hand.connect] * 4,
    *[Hand.add] * 3,
    *[Hand.between] * 2,
    Hand.copy,
    Hand.input,
    lambda hand, graph: paste(graph, hand.clipboard),
    lambda hand, graph: duplicate(graph, hand.some(graph), keep_links=hand.random.random() < 0.5),
    lambda hand, graph: delete(graph, hand.some(graph), rewire=hand.random.random() < 0.7),
    lambda hand, graph: delete(graph, [hand.node(graph)]),
    lambda hand, graph: disconnect(graph, hand.target(graph)),
    lambda hand, graph: insert_on(graph, hand.target(graph), hand.random.choice(["knead", "square", "add"])),
    lambda hand, graph: add_loop(graph, hand.name(graph)),
    lambda hand, graph: add_loop(graph),
    lambda hand, graph: add_node(graph, "workflow", file="sub.json"),
    lambda hand, graph: rename(graph, hand.node(graph), hand.name(graph)),
    lambda hand, graph: retype(graph, hand.node(graph), hand.random.choice([*hand.registry.names(), "loop"])),
    lambda hand, graph: describe(graph, hand.node(graph), hand.random.choice(["", "é", "b"])),
    lambda hand, graph: describe_workflow(graph, hand.random.choice(["", "é", "b"])),
    lambda hand, graph: disable(graph, hand.some(graph), hand.random.choice(["mute", "bypass", None])),
    lambda hand, graph: set_value(graph, *hand.target(graph), hand.random.choice(VALUES)),
    lambda hand, graph: set_value(graph, *hand.target(graph), hand.random.choice(VALUES)),
    lambda hand, graph: unset_value(graph, *hand.target(graph)),
    lambda hand, graph: expose(graph, *hand.target(graph)),
    lambda hand, graph: declare_input(graph, hand.name(graph), hand.random.choice(["integer", "Dough", "dog"])),
    lambda hand, graph: rename_input(graph, hand.declared(graph), hand.name(graph)),
    lambda hand, graph: remove_input(graph, hand.declared(graph)),
    lambda hand, graph: rename_output(graph, hand.output(graph), hand.name(graph)),
    lambda hand, graph: remove_output(graph, hand.output(graph)),
    lambda hand, graph: describe_output(graph, hand.output(graph), hand.random.choice(["", "x"])),
    lambda hand, graph: rename_entry(graph, *hand.entry(graph), hand.name(graph)),
    lambda hand, graph: remove_entry(graph, *hand.entry(graph)),
    lambda hand, graph: move(graph, {name: (hand.random.randrange(9), -3) for name in hand.some(graph)}),
    lambda hand, graph: unpin(graph, hand.some(graph) if hand.random.random() < 0.5 else None),
    lambda hand, graph: group(graph, hand.some(graph)),
    lambda hand, graph: ungroup(graph, hand.some(graph)),
    lambda hand, graph: rename_group(graph, hand.random.choice([*graph.data.get("groups", {}), "x"]), hand.name(graph)),
]


def scopes(data: Any, scope: Scope = ()) -> Iterator[Scope]:
    """Every scope of a workflow or a loop."""
    yield scope
    for name, node in data["nodes"].items():
        if node["type"] == LOOP and "nodes" in node and len(scope) < 4:
            yield from scopes(node, (*scope, name))


def shipped() -> Workflow:
    path = files("latentgraph.workflows").joinpath("text_to_image_open_step.json")
    return parse_document(path.read_bytes(), "shipped").workflow


def scramble(start: Workflow, registry: Registry, seed: int, steps: int) -> tuple[History, dict[str, int]]:
    """A history of so many random edits, each of which left a workflow in canonical form."""
    hand, history, done = Hand(seed, registry), History(start), dict[str, int]()
    while sum(done.values()) < steps:
        edit = hand.edit(history)
        if edit is None or not edit.changes:
            continue
        history.seal()
        history.do(edit)
        done[edit.label.split()[0]] = done.get(edit.label.split()[0], 0) + 1
        # Equal, and in the order of the format at every level.
        assert str(history.data) == str(canonical_data(history.workflow)), edit
        if len(history.data["nodes"]) > 40:
            history.do(delete(Graph.of(history.workflow, registry), list(history.data["nodes"])[10:]))
    assert [one for one in hand.refusals if one[-1] not in ".?" or one.endswith(("..", "?."))] == []
    return history, done


@pytest.mark.parametrize("seed", range(6))
def test_undoing_500_edits_gives_the_start_and_redoing_the_end(seed: int) -> None:
    there_and_back(seed)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(6, 60))
def test_undoing_500_edits_of_many_kinds_gives_the_start(seed: int) -> None:
    there_and_back(seed)


def there_and_back(seed: int) -> None:
    registry = Registry.load() if seed % 3 == 2 else REGISTRY
    start = [workflow(FLAT), workflow(NESTED), shipped()][seed % 3]
    history, done = scramble(start, registry, seed, 500)
    assert len(done) > 15, "few kinds of edits were tried"
    end = canonical_text(history.workflow)
    problems = check(parse_document(end.encode(), "end"), registry).problems
    assert [one for one in problems if one.code == "E008"] == [], "an edit gave a name that is none"
    while history.can_undo:
        history.undo()
    assert canonical_text(history.workflow) == canonical_text(start)
    assert not history.modified
    while history.can_redo:
        history.redo()
    assert canonical_text(history.workflow) == end
