"""What the boxes of an editor have for ports: of sound workflows, and of any that can be opened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.graph.edit.examples import FLAT, NESTED, REGISTRY, workflow

from latentgraph.graph.boxes import Scope
from latentgraph.graph.node import Port
from latentgraph.graph.signature import Signatures

HOURS = ("days", "hours")


def of(data: dict[str, Any], file: Path | None = None) -> Signatures:
    return Signatures(workflow(data), REGISTRY, file)


def types(ports: Any) -> dict[str, str]:
    return {name: port.type.name for name, port in ports.items()}


def test_a_node_has_the_ports_of_its_type() -> None:
    signature = of(FLAT).of((), "k")
    assert signature.inputs == dict(REGISTRY.get("knead").inputs)  # type: ignore[union-attr]
    assert (signature.category, signature.origin, signature.known) == ("bakery", "toys", True)
    assert signature.summary == "Knead a dough, which loses a gram of water a minute."
    assert of(FLAT).of((), "k") is not signature
    same = of({"nodes": {"a": {"type": "mix"}, "b": {"type": "mix"}}})
    assert same.of((), "a") is same.of((), "b"), "one for all nodes of a type"


def test_the_borders_of_the_workflow() -> None:
    signatures = of(FLAT)
    assert types(signatures.source(())) == {"flour": "integer", "crust": 'one of "soft", "dark"'}
    assert types(signatures.sink(())) == {"bread": "Bread", "dough": "Dough"}
    assert signatures.source(())["flour"].help == "Grams."
    assert signatures.source(())["flour"].default == 500
    assert not signatures.source(())["crust"].required


def test_a_loop_has_the_types_of_what_it_is_linked_to() -> None:
    signatures = of(NESTED)
    days = signatures.of((), "days")
    assert types(days.inputs) == {"day": "list[integer]", "dough": "Dough", "minutes": "number", "to": "integer"}
    assert types(days.outputs) == {"dough": "Dough", "all": "list[list[integer]]"}
    assert types(signatures.source(("days",))) == {
        "day": "integer", "dough": "Dough", "minutes": "number", "to": "integer", "index": "integer",
    }  # fmt: skip
    assert types(signatures.sink(("days",))) == {"dough": "Dough", "all": "list[integer]"}
    assert types(signatures.of(("days",), "hours").inputs) == {
        "hour": "list[integer]", "dough": "Dough", "minutes": "number", "day": "integer",
    }  # fmt: skip
    assert types(signatures.source(HOURS))["hour"] == "integer"
    assert signatures.type_of(HOURS, "loop.minutes").name == "number"  # type: ignore[union-attr]
    assert signatures.type_of(HOURS, "inputs.kneading") is None, "the body reads only what it is handed"


def test_links_of_a_scope_go_from_box_to_box_in_the_order_of_the_file() -> None:
    signatures = of(NESTED)
    assert list(signatures.linked(())) == [
        (("inputs", "n"), ("c", "to")),
        (("c", "value"), ("days", "day")),
        (("m", "dough"), ("days", "dough")),
        (("inputs", "kneading"), ("days", "minutes")),
        (("days", "dough"), ("b", "dough")),
        (("b", "bread"), (">outputs", "bread")),
        (("days", "all"), (">outputs", "squares")),
    ]
    assert list(signatures.linked(HOURS)) == [
        (("loop", "dough"), ("k", "dough")),
        (("loop", "minutes"), ("k", "minutes")),
        (("loop", "hour"), ("q", "number")),
        (("q", "value"), (">next", "squares")),
        (("k", "dough"), (">next", "dough")),
    ]


def every_end_is_a_port(signatures: Signatures, scope: Scope = ()) -> None:
    nodes = signatures.nodes(scope)
    inputs: dict[str, Any] = {name: signatures.of(scope, name).inputs for name in nodes}
    outputs: dict[str, Any] = {name: signatures.of(scope, name).outputs for name in nodes}
    inputs[">next" if scope else ">outputs"] = signatures.sink(scope)
    outputs["loop" if scope else "inputs"] = signatures.source(scope)
    for source, target in signatures.linked(scope):
        assert source[1] in outputs[source[0]]
        assert target[1] in inputs[target[0]]
        assert isinstance(outputs[source[0]][source[1]], Port)
    for name, node in nodes.items():
        if node.type == "loop":
            every_end_is_a_port(signatures, (*scope, name))


def test_what_a_file_uses_and_a_type_does_not_have_is_a_port_too() -> None:
    signatures = of({
        "nodes": {
            "k": {"type": "knead", "inputs": {"salt": {"from": "inputs.salt"}, "dough": {"from": "x.y"}}},
            "b": {"type": "bake", "inputs": {"dough": {"from": "k.bread"}}},
            "u": {"type": "unheard_of", "inputs": {"a": {"from": "b.bread"}, "n": 1}},
            "l": {"type": "loop", "each": {"a": {"from": "u.list"}}, "nodes": {
                "q": {"type": "square", "inputs": {"number": {"from": "loop.nothing"}}}}},
        },
        "outputs": {"o": {"from": "u.out"}, "p": {"from": "l.nothing"}},
    })  # fmt: skip
    every_end_is_a_port(signatures)
    kneading = signatures.of((), "k")
    assert types(kneading.inputs) == {"dough": "Dough", "minutes": "number", "salt": "anything"}
    assert kneading.strays == {"salt", "bread"}
    unheard_of = signatures.of((), "u")
    assert (list(unheard_of.inputs), list(unheard_of.outputs)) == (["a", "n"], ["list", "out"])
    assert (unheard_of.known, unheard_of.strays) == (False, frozenset())
    assert types(signatures.source(("l",))) == {"a": "anything", "index": "integer", "nothing": "anything"}
    assert (("x", "y"), ("k", "dough")) not in list(signatures.linked(())), "there is no box 'x'"


def test_loops_that_are_linked_in_a_ring_may_give_anything() -> None:
    loop = {"type": "loop", "nodes": {}}
    signatures = of({
        "nodes": {
            "a": {**loop, "carry": {"x": {"from": "b.y", "next": "loop.x"}}},
            "b": {**loop, "carry": {"y": {"from": "a.x", "next": "loop.y"}}},
            "c": {**loop, "carry": {"z": {"from": "c.z", "next": "loop.z"}}, "collect": {"w": {"from": "loop.z"}}},
            "d": {**loop, "each": {"w": {"from": "c.w"}}, "collect": {"w": {"from": "loop.w"}}},
        }
    })  # fmt: skip
    every_end_is_a_port(signatures)
    assert [types(signatures.of((), name).outputs) for name in "abcd"] == [
        {"x": "anything"}, {"y": "anything"}, {"z": "anything", "w": "anything"}, {"w": "anything"},
    ]  # fmt: skip


@pytest.mark.parametrize("forwards", [True, False])
def test_a_thousand_loops_in_a_row_are_followed(forwards: bool) -> None:
    row = [("l0", "m.dough")] + [(f"l{n}", f"l{n - 1}.d") for n in range(1, 1000)]
    loops = {
        name: {"type": "loop", "nodes": {}, "carry": {"d": {"from": source, "next": "loop.d"}},
               "collect": {"c": {"from": "loop.d" if source == "m.dough" else "loop.c"}},
               "inputs": {} if source == "m.dough" else {"c": {"from": source[:-1] + "c"}}}
        for name, source in (row if forwards else reversed(row))
    }  # fmt: skip
    signatures = of({"nodes": {"m": {"type": "mix"}, **loops}})
    outputs = {name: types(signatures.of((), name).outputs) for name in signatures.nodes(())}
    assert outputs["l999"]["d"] == "Dough"
    assert outputs["l1"]["c"] == "list[list[Dough]]"
    assert outputs["l999"]["c"].count("list") <= 9


def sub(folder: Path, name: str, data: dict[str, Any]) -> None:
    (folder / name).write_text(json.dumps({"latentgraph": 1, **data}))


def test_a_sub_workflow_has_the_ports_of_its_file_as_it_is_now(tmp_path: Path) -> None:
    sub(tmp_path, "bread.json", {"description": "A loaf.", **FLAT})
    sub(tmp_path, "outer.json", {"nodes": {"b": {"type": "workflow", "file": "bread.json"}},
                                 "outputs": {"o": {"from": "b.bread"}}})  # fmt: skip
    data = {
        "nodes": {
            "s": {"type": "workflow", "file": "./bread.json"},
            "t": {"type": "workflow", "file": "outer.json"},
            "l": {"type": "loop", "carry": {"d": {"from": "s.dough", "next": "loop.d"}}, "nodes": {}},
        }
    }
    file = tmp_path / "main.json"
    signature = of(data, file).of((), "s")
    assert types(signature.inputs) == {"flour": "integer", "crust": 'one of "soft", "dark"'}
    assert types(signature.outputs) == {"bread": "Bread", "dough": "Dough"}
    assert (signature.category, signature.summary, signature.origin) == ("workflow", "A loaf.", "./bread.json")
    assert types(of(data, file).of((), "l").outputs) == {"d": "Dough"}
    assert types(of(data, file).of((), "t").outputs) == {"o": "Bread"}
    sub(tmp_path, "bread.json", {"nodes": {"c": {"type": "count"}}, "outputs": {"n": {"from": "c.value"}}})
    assert types(of(data, file).of((), "s").outputs) == {"n": "list[integer]", "dough": "anything"}
    assert types(of(data, file).of((), "t").outputs) == {"o": "anything"}


def test_a_sub_workflow_that_cannot_be_had_is_unknown_and_keeps_what_is_used(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    inside = tmp_path / "inside"
    inside.mkdir()
    sub(inside, "self.json", {"nodes": {"s": {"type": "workflow", "file": "self.json"}}, "outputs": {
        "o": {"from": "s.o"}}})  # fmt: skip
    for file in ("broken.json", "gone.json", "../outside.json", "\0", "", None):
        written = {"file": file} if file is not None else {}
        data = {"nodes": {"s": {"type": "workflow", "inputs": {"x": 1}, **written}}, "outputs": {"o": {"from": "s.y"}}}
        signature = of(data, tmp_path / "main.json").of((), "s")
        assert (list(signature.inputs), list(signature.outputs), signature.known) == (["x"], ["y"], False), file
    assert not of(data).of((), "s").known, "what has no file of its own has no folder to look in"
    itself = of({"nodes": {"s": {"type": "workflow", "file": "self.json"}}}, inside / "self.json")
    assert not itself.of((), "s").known
    other = of({"nodes": {"s": {"type": "workflow", "file": "self.json"}}}, inside / "main.json")
    assert types(other.of((), "s").outputs) == {"o": "anything"}


def test_a_scope_that_is_gone_is_a_key_error() -> None:
    for scope in (("x",), ("b",), ("days", "x")):
        with pytest.raises(KeyError):
            of(NESTED).nodes(scope)


def test_a_thousand_nodes_cost_a_few_milliseconds() -> None:
    nodes: dict[str, Any] = {"n0": {"type": "mix", "inputs": {"flour": 5}}}
    for number in range(1, 1000):
        nodes[f"n{number}"] = {"type": "join", "inputs": {"first": {"from": f"n{number - 1}.dough"}}}
    made = workflow({"nodes": nodes})
    started = time.process_time()
    signatures = Signatures(made, REGISTRY)
    found = [signatures.of((), name) for name in signatures.nodes(())]
    links = list(signatures.linked(()))
    assert time.process_time() - started < 0.5
    assert (len(found), len(links)) == (1000, 999)


def test_importing_it_costs_no_networkx() -> None:
    code = (
        "import sys, latentgraph.graph.signature, latentgraph.graph.edit.fixes, latentgraph.graph.edit.clipboard\n"
        "import latentgraph.graph.edit.history\n"
        "print([name for name in ('networkx', 'torch', 'textual') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == "[]"
