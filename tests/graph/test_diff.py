"""What differs between two workflows is told by node and value, each difference once."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from tests.graph.edit.examples import FLAT, NESTED, REGISTRY, workflow

from latentgraph.graph.boxes import Scope
from latentgraph.graph.canonical import canonical_data
from latentgraph.graph.diff import Change, Compared, RunRecord, diff, same
from latentgraph.graph.document import read_document
from latentgraph.graph.edit.delete import delete
from latentgraph.graph.edit.edit import ABSENT, Edit
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.edit.history import History
from latentgraph.graph.edit.interface import (
    declare_input,
    describe_output,
    expose,
    remove_output,
    rename_input,
    rename_output,
    set_input,
)
from latentgraph.graph.edit.loops import Kind, rename_entry
from latentgraph.graph.edit.nodes import add_node, describe, disable, rename
from latentgraph.graph.edit.placing import group, move
from latentgraph.graph.edit.values import set_value, unset_value
from latentgraph.graph.edit.whole import describe_workflow
from latentgraph.graph.registry import Registry
from latentgraph.graph.workflow import Node, Workflow, link_text

FOLDER = Path(str(files("latentgraph.workflows")))
Data = dict[str, Any]
Told = tuple[str, str, str, str, str]
"""Of a change: kind, what, path, name, part."""


def _told(change: Change) -> Told:
    return change.kind, change.what, change.path, change.name, change.part


def _diff(one: Data, other: Data, **options: Any) -> tuple[Change, ...]:
    return diff(Compared(workflow(one)), Compared(workflow(other)), **options)


def _changed(data: Data, *path: str, value: Any) -> Data:
    made = copy.deepcopy(data)
    holder = made
    for key in path[:-1]:
        holder = holder[key]
    if value is ABSENT:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return made


def test_a_literal_is_told_with_what_it_was_and_is() -> None:
    (change,) = _diff(FLAT, _changed(FLAT, "nodes", "k", "inputs", "minutes", value=7))
    assert change == Change("changed", "port", "k", "minutes", before=5.5, after=7, was="k")


def test_a_number_is_its_value_and_a_boolean_is_no_number() -> None:
    assert same(5, 5.0)
    assert not same(1, True)
    assert not same(0, False)
    assert same({"a": [1, {"b": 2}]}, {"a": [1.0, {"b": 2}]})
    assert not same("1", 1)
    assert not same(None, False)


def test_what_follows_a_renamed_node_is_no_difference() -> None:
    history = History(workflow(FLAT))
    history.do(rename(Graph.of(history.workflow, REGISTRY), "m", "mixed"))
    history.do(rename(Graph.of(history.workflow, REGISTRY), "k", "kneaded"))
    told = diff(Compared(workflow(FLAT)), Compared(history.workflow), layout=True)
    assert [_told(one) for one in told] == [
        ("renamed", "node", "mixed", "", ""),
        ("renamed", "node", "kneaded", "", ""),
    ]
    assert [(one.before, one.after, one.was) for one in told] == [("m", "mixed", "m"), ("k", "kneaded", "k")]


def test_a_node_with_another_name_and_another_value_is_known_by_its_connections() -> None:
    history = History(workflow(FLAT))
    history.do(rename(Graph.of(history.workflow, REGISTRY), "k", "kneaded"))
    history.do(set_value(Graph.of(history.workflow, REGISTRY), "kneaded", "minutes", 9))
    told = diff(Compared(workflow(FLAT)), Compared(history.workflow))
    assert [_told(one) for one in told] == [
        ("renamed", "node", "kneaded", "", ""),
        ("changed", "port", "kneaded", "minutes", ""),
    ]


def test_a_whole_graph_under_other_names_is_found_again() -> None:
    text = (FOLDER / "text_to_image.json").read_text("utf-8")
    before = read_document(FOLDER / "text_to_image.json").workflow
    history = History(before)
    registry = Registry.load()
    for number, name in enumerate(list(before.nodes)):
        history.do(rename(Graph.of(history.workflow, registry), name, f"n{number}"))
    told = diff(Compared(before), Compared(history.workflow))
    assert text
    assert {(one.before, one.after) for one in told} == {
        (name, f"n{number}") for number, name in enumerate(before.nodes)
    }
    assert {one.kind for one in told} == {"renamed"}


def test_a_link_is_told_by_both_its_ends() -> None:
    other = _changed(FLAT, "nodes", "b", "inputs", "dough", value={"from": "k.dough"})
    (change,) = _diff(FLAT, other)
    assert (change.before, change.after) == ({"from": "j.dough"}, {"from": "k.dough"})


def test_the_entries_of_a_loop_are_compared() -> None:
    days = ("nodes", "days")
    other = _changed(NESTED, *days, "carry", "dough", "from", value="b.bread")
    other = _changed(other, *days, "carry", "dough", "next", value="c.value")
    other = _changed(other, *days, "collect", "all", value=ABSENT)
    other = _changed(other, *days, "each", "night", value={"from": "c.value"})
    assert [_told(one) for one in _diff(NESTED, other)] == [
        ("added", "each", "days", "night", ""),
        ("changed", "carry", "days", "dough", "from"),
        ("changed", "carry", "days", "dough", "next"),
        ("removed", "collect", "days", "all", ""),
    ]


def test_declarations_are_compared_by_part() -> None:
    other = _changed(FLAT, "inputs", "flour", "minimum", value=10)
    other = _changed(other, "inputs", "flour", "multiple_of", value=ABSENT)
    other = _changed(other, "inputs", "crust", "choices", value=["soft"])
    other = _changed(other, "inputs", "flour", "default", value=ABSENT)
    assert [(one.name, one.part, one.before, one.after) for one in _diff(FLAT, other)] == [
        ("flour", "default", 500, ABSENT),
        ("flour", "minimum", 5, 10),
        ("flour", "multiple_of", 5, ABSENT),
        ("crust", "choices", ["soft", "dark"], ["soft"]),
    ]


def test_positions_order_and_schema_are_told_only_where_they_are_asked_for() -> None:
    other: Data = {**FLAT, "$schema": "./x.json", "layout": {"m": [1, 0]}}
    other["nodes"] = dict(reversed(FLAT["nodes"].items()))
    other["inputs"] = dict(reversed(FLAT["inputs"].items()))
    assert _diff(FLAT, other) == ()
    assert [_told(one) for one in _diff(FLAT, other, layout=True)] == [
        ("changed", "order", "", "", "nodes"),
        ("changed", "order", "", "", "inputs"),
        ("changed", "layout", "", "m", ""),
        ("removed", "layout", "", "k", ""),
        ("changed", "schema", "", "", ""),
    ]


def test_a_type_that_changed_is_a_change_of_the_node() -> None:
    (change,) = _diff(FLAT, _changed(FLAT, "nodes", "h", "type", value="join"))
    assert _told(change) == ("changed", "node", "h", "", "type")


def test_what_is_inside_of_sub_workflows_is_compared_under_the_path_of_their_node() -> None:
    outer: Data = {"nodes": {"x": {"type": "workflow", "file": "./x.json"}}, "outputs": {"bread": {"from": "x.bread"}}}
    inner = [workflow(FLAT), workflow(_changed(FLAT, "nodes", "k", "inputs", "minutes", value=7))]
    one, other = (Compared(workflow(outer), {"x": each}) for each in inner)
    assert [_told(change) for change in diff(one, other)] == [("changed", "port", "x/k", "minutes", "")]
    assert diff(Compared(workflow(outer)), other) == ()


def test_runs_are_compared_by_values_settings_versions_and_sources() -> None:
    one = RunRecord({"flour": 500, "crust": "dark"}, {"device": "cpu"}, {"torch": "1"}, {"m.file": "a", "b.file": "c"})
    other = RunRecord({"flour": 505, "crust": "dark"}, {"device": "cuda"}, {"torch": "2"}, {"m.file": "b"})
    told = diff(Compared(workflow(FLAT), run=one), Compared(workflow(FLAT), run=other))
    assert [(change.what, change.name, change.before, change.after) for change in told] == [
        ("value", "flour", 500, 505),
        ("setting", "device", "cpu", "cuda"),
        ("version", "torch", "1", "2"),
        ("source", "m.file", "a", "b"),
        ("source", "b.file", "c", ABSENT),
    ]


def test_a_run_is_compared_with_the_defaults_of_a_workflow() -> None:
    made = Compared(workflow(FLAT), run=RunRecord({"flour": 505, "crust": "soft"}))
    (change,) = diff(Compared(workflow(FLAT)), made)
    assert (_told(change), change.before, change.after) == (("changed", "value", "", "flour", ""), 500, 505)
    other = _changed(FLAT, "inputs", "crust", "default", value="dark")
    dark = Compared(workflow(other), run=RunRecord({"flour": 500, "crust": "dark"}))
    assert [_told(one) for one in diff(Compared(workflow(FLAT)), dark)] == [
        ("changed", "input", "", "crust", "default")
    ]


class Hand:
    """Somebody who edits at random, and says what a comparison has to find; no two edits are about one thing."""

    def __init__(self, data: Workflow, registry: Registry, seed: int) -> None:
        self.random = random.Random(seed)
        self.registry = registry
        self.history = History(data)
        self.start = data
        self.expected: set[Told] = set()
        self.touched: set[str] = set()
        self.last: list[tuple[Scope, str, str]] = []

    def work(self, turns: int) -> None:
        moves = [self.set_value, self.unset, self.add, self.describe, self.disable, self.declare, self.interface,
                 self.note, self.expose, self.place, self.remove, self.rename, self.rename_entry]  # fmt: skip
        for turn in range(turns):
            self.random.choice(moves)(turn)
        # Renamed at the end, so that everything before is known by its first name.
        for scope, old, new in self.last:
            self.do(rename(self.at(scope), old, new))
            path, was = "/".join((*scope, new)), "/".join((*scope, old))
            self.expected = {
                (kind, what, _moved(place, was, path), name, part) for kind, what, place, name, part in self.expected
            }
            self.expected.add(("renamed", "node", path, "", ""))

    def at(self, scope: Scope = ()) -> Graph:
        return Graph.of(self.history.workflow, self.registry, scope=scope)

    def do(self, edit: Edit) -> None:
        self.history.do(edit)

    def free(self, name: str) -> bool:
        """Whether nothing was done to it; then it is taken."""
        free = name not in self.touched
        self.touched.add(name)
        return free

    def some_node(self, loops: bool = False) -> tuple[Scope, str, Data, str] | None:
        found = [one for one in _nodes(self.history.data["nodes"]) if loops or one[2]["type"] != "loop"]
        scope, name, node = self.random.choice(found)
        path = "/".join((*scope, name))
        return (scope, name, node, path) if self.free(path) else None

    def literal(self, node: Data) -> str:
        ports = [port for port, value in node.get("inputs", {}).items() if link_text(value) is None]
        return self.random.choice(ports) if ports else ""

    def set_value(self, turn: int) -> None:
        if (one := self.some_node()) and (port := self.literal(one[2])):
            scope, name, node, path = one
            old = node["inputs"][port]
            if isinstance(old, (int, float)) and not isinstance(old, bool):
                self.do(set_value(self.at(scope), name, port, old + 5))
                self.expected.add(("changed", "port", path, port, ""))

    def unset(self, turn: int) -> None:
        if one := self.some_node():
            scope, name, node, path = one
            ports = list(node.get("inputs", {}))
            # With one port it would be known neither by content nor by connections if it is renamed as well.
            if len(ports) > 1:
                port = self.random.choice(ports)
                self.do(unset_value(self.at(scope), name, port))
                self.expected.add(("removed", "port", path, port, ""))

    def add(self, turn: int) -> None:
        scope = self.random.choice([(), *(where for where, _, _ in _nodes(self.history.data["nodes"]))])
        name = f"new{turn}"
        self.do(add_node(self.at(scope), "add", name, inputs={"b": turn + 0.125}))
        self.free("/".join((*scope, name)))
        self.expected.add(("added", "node", "/".join((*scope, name)), "", ""))

    def describe(self, turn: int) -> None:
        if one := self.some_node(loops=True):
            self.do(describe(self.at(one[0]), one[1], f"told {turn}"))
            self.expected.add(("changed", "node", one[3], "", "description"))

    def disable(self, turn: int) -> None:
        if one := self.some_node():
            self.do(disable(self.at(one[0]), [one[1]], "mute"))
            self.expected.add(("changed", "node", one[3], "", "disabled"))

    def declare(self, turn: int) -> None:
        self.do(declare_input(self.at(), f"given{turn}", "number", default=turn + 0.5))
        self.free(f"inputs.given{turn}")
        self.expected.add(("added", "input", "", f"given{turn}", ""))

    def expose(self, turn: int) -> None:
        one = self.some_node()
        if one and not one[0] and (port := self.literal(one[2])):
            self.do(expose(self.at(), one[1], port, f"shown{turn}"))
            self.free(f"inputs.shown{turn}")
            self.expected |= {("added", "input", "", f"shown{turn}", ""), ("changed", "port", one[3], port, "")}

    def interface(self, turn: int) -> None:
        kind = self.random.choice(["inputs", "outputs"])
        names = [name for name in self.history.data.get(kind, {}) if self.free(f"{kind}.{name}")]
        if not names:
            return
        name, way = names[0], self.random.randrange(2)
        if kind == "inputs" and way:
            self.do(set_input(self.at(), name, description=f"told {turn}"))
            self.expected.add(("changed", "input", "", name, "description"))
        elif kind == "inputs":
            self.do(rename_input(self.at(), name, f"called{turn}"))
            self.free(f"inputs.called{turn}")
            self.expected.add(("renamed", "input", "", f"called{turn}", ""))
        elif way:
            self.do(describe_output(self.at(), name, f"told {turn}"))
            self.expected.add(("changed", "output", "", name, "description"))
        else:
            self.do(rename_output(self.at(), name, f"got{turn}"))
            self.free(f"outputs.got{turn}")
            self.expected.add(("renamed", "output", "", f"got{turn}", ""))

    def note(self, turn: int) -> None:
        if self.free("description"):
            self.do(describe_workflow(self.at(), f"told {turn}"))
            self.expected.add(("changed", "description", "", "", ""))

    def place(self, turn: int) -> None:
        self.do(move(self.at(), {self.random.choice(list(self.at().nodes)): (turn, turn)}))

    def remove(self, turn: int) -> None:
        one = self.some_node()
        if one is None:
            return
        scope, name, _, path = one
        if "groups" in self.history.data and any(
            path in each["nodes"] for each in self.history.data["groups"].values()
        ):
            return
        around = self.at(scope[:-1]).node(scope[-1]) if scope else {}
        if any(end["next"].partition(".")[0] == name for end in around.get("carry", {}).values()):
            return
        readers = [(where, reader, port) for where, reader, node in _nodes(self.history.data["nodes"])
                   if where == scope for port in _reads(node, name)]  # fmt: skip
        if any(not self.free("/".join((*where, reader))) for where, reader, _ in readers):
            return
        if any(node["type"] == "loop" for where, reader, node in _nodes(self.history.data["nodes"])
               if (where, reader) in {(at, other) for at, other, _ in readers}):  # fmt: skip
            return
        self.do(delete(self.at(scope), [name], rewire=False))
        self.expected.add(("removed", "node", path, "", ""))
        self.expected |= {("removed", "port", "/".join((*where, reader)), port, "") for where, reader, port in readers}

    def rename_entry(self, turn: int) -> None:
        one = self.some_node(loops=True)
        if one is None or one[2]["type"] != "loop":
            return
        scope, name, node, path = one
        kinds: list[Kind] = ["each", "carry", "inputs", "collect"]
        kind = self.random.choice(kinds)
        if entries := list(node.get(kind, {})):
            old, new = self.random.choice(entries), f"entry{turn}"
            self.do(rename_entry(self.at(scope), name, kind, old, new))
            self.expected.add(("renamed", "port" if kind == "inputs" else kind, path, new, ""))

    def rename(self, turn: int) -> None:
        if one := self.some_node(loops=False):
            self.last.append((one[0], one[1], f"name{turn}"))


def _moved(place: str, was: str, path: str) -> str:
    return path if place == was else place


def _nodes(nodes: Data, scope: Scope = ()) -> Iterator[tuple[Scope, str, Data]]:
    for name, node in nodes.items():
        yield scope, name, node
        yield from _nodes(node.get("nodes") or {}, (*scope, name))


def _reads(node: Data, name: str) -> Iterator[str]:
    for port, value in node.get("inputs", {}).items():
        if (text := link_text(value)) and text.partition(".")[0] == name:
            yield port
    for kind in ("each", "carry"):
        for port, end in node.get(kind, {}).items():
            if end["from"].partition(".")[0] == name:
                yield port


STARTS = {"flat": workflow(FLAT), "nested": workflow(NESTED)}


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("seed", range(60))
def test_edits_at_random_are_named_exactly(start: str, seed: int) -> None:
    before = STARTS[start]
    hand = Hand(before, REGISTRY, seed)
    hand.work(random.Random(seed).randint(1, 8))
    there = diff(Compared(before), Compared(hand.history.workflow))
    assert sorted(map(_told, there)) == sorted(hand.expected)
    back = diff(Compared(hand.history.workflow), Compared(before))
    assert sorted(map(repr, back)) == sorted(repr(one.inverse()) for one in there)
    assert diff(Compared(hand.history.workflow), Compared(hand.history.workflow), layout=True) == ()


@pytest.mark.parametrize("name", ["text_to_image", "image_to_image", "every_stage", "sdxl_base_and_refiner"])
def test_any_two_workflows_are_compared_alike_from_both_sides(name: str) -> None:
    one = Compared(read_document(FOLDER / f"{name}.json").workflow)
    other = Compared(read_document(FOLDER / "inpaint.json").workflow)
    assert diff(one, one, layout=True) == ()
    there, back = diff(one, other, layout=True), diff(other, one, layout=True)
    assert there
    assert sorted(map(repr, back)) == sorted(repr(change.inverse()) for change in there)


def test_groups_follow_the_names_of_their_nodes() -> None:
    history = History(workflow(FLAT))
    history.do(rename(Graph.of(history.workflow, REGISTRY), "k", "kneaded"))
    history.do(group(Graph.of(history.workflow, REGISTRY), ["m"], title="start"))
    history.do(remove_output(Graph.of(history.workflow, REGISTRY), "dough"))
    told = diff(Compared(workflow(FLAT)), Compared(history.workflow))
    assert [_told(one) for one in told] == [
        ("renamed", "node", "kneaded", "", ""),
        ("removed", "output", "", "dough", ""),
        ("added", "group", "", "start", ""),
    ]


def test_a_thousand_nodes_under_other_names_are_compared() -> None:
    nodes = {"n0": Node(type="mix", inputs={"flour": 5})}
    nodes |= {f"n{i}": Node(type="knead", inputs={"dough": {"from": f"n{i - 1}.dough"}}) for i in range(1, 1000)}
    before = Workflow(latentgraph=1, nodes=nodes)
    renamed = json.loads(re.sub(r"n(\d+)", r"k\1", json.dumps(canonical_data(before))))
    text = Workflow.model_validate(renamed, by_alias=True, by_name=False)
    told = diff(Compared(before), Compared(text))
    assert {one.kind for one in told} == {"renamed"}
