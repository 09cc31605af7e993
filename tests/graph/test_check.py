from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.graph.toys import Dough, toy_document, toy_registry

from latentgraph.graph.check import check
from latentgraph.graph.document import Document, parse_document, read_document
from latentgraph.graph.errors import NodeFailedError, WorkflowError
from latentgraph.graph.node import node as declared_node
from latentgraph.graph.problem import Problem
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine

Data = dict[str, Any]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return toy_registry()


def link(text: str) -> Data:
    return {"from": text}


def node(type_: str, disabled: str | None = None, **inputs: Any) -> Data:
    return {"type": type_, "inputs": inputs, **({"disabled": disabled} if disabled else {})}


def codes(document: Document, registry: Registry) -> list[tuple[str, str, str]]:
    return [(one.code, one.node, one.port) for one in check(document, registry).problems]


def found(nodes: Data, outputs: Data, registry: Registry, **more: Any) -> list[tuple[str, str, str]]:
    return codes(toy_document({"nodes": nodes, "outputs": outputs, **more}), registry)


MIX = node("mix", flour=500)


def test_a_node_that_cannot_say_what_it_makes_is_a_note_whatever_it_raises() -> None:
    def describe(literals: Mapping[str, Any]) -> Mapping[str, str]:
        raise TypeError(f"no {literals['size']}")

    @declared_node(category="toy", describe=describe)
    def measure(size: int = 1) -> int:
        """Measure."""
        return size

    registry = Registry()
    registry.add(measure)
    document = toy_document({"nodes": {"m": node("measure")}, "outputs": {"o": link(f"m.{first_output(registry)}")}})
    assert [(one.code, one.message) for one in check(document, registry).problems] == [
        ("N301", "cannot be told before the run: no 1")
    ]


def first_output(registry: Registry) -> str:
    return next(name for one in registry for name in one.outputs)


def test_a_muted_branch_is_as_if_it_were_not_there(registry: Registry) -> None:
    nodes = {
        "m": MIX,
        "k": node("knead", "mute", dough=link("m.dough")),
        "b": node("bake", "mute", dough=link("k.dough")),
    }
    assert found(nodes, {"o": link("m.dough")}, registry) == []


def test_a_disabled_node_may_be_unfinished_but_not_nonsense(registry: Registry) -> None:
    nodes = {"m": MIX, "k": node("knead", "mute"), "j": node("knead", "mute", dog=1)}
    assert found(nodes, {"o": link("m.dough")}, registry) == [("E102", "j", "dog")]


def test_a_required_input_from_a_muted_node_is_told(registry: Registry) -> None:
    nodes = {"m": {**MIX, "disabled": "mute"}, "k": node("knead", dough=link("m.dough"))}
    assert found(nodes, {"o": link("k.dough")}, registry) == [("E118", "k", "dough")]


def test_a_default_stands_in_for_a_muted_node(registry: Registry) -> None:
    nodes = {"a": node("add", "mute", a=1), "b": node("add", a=1, b=link("a.value"))}
    assert found(nodes, {"o": link("b.value")}, registry) == []


def test_a_bypassed_node_gives_its_first_input_of_the_type(registry: Registry) -> None:
    nodes = {
        "m": MIX,
        "k": node("knead", "bypass", minutes=3.0, dough=link("m.dough")),
        "b": node("bake", dough=link("k.dough")),
    }
    assert found(nodes, {"o": link("b.bread")}, registry) == []


def test_a_bypassed_node_without_such_an_input_is_told(registry: Registry) -> None:
    nodes = {"m": MIX, "b": node("bake", "bypass", dough=link("m.dough")), "s": node("sell", bread=link("b.bread"))}
    (problem,) = check(toy_document({"nodes": nodes}), registry).problems
    assert problem.message == "'b.bread' is of a bypassed node that has no input of this type to pass on"


def test_a_fault_before_a_bypassed_node_is_told_once(registry: Registry) -> None:
    nodes = {
        "m": node("mixx"),
        "k": node("knead", "bypass", dough=link("m.dough")),
        "b": node("bake", dough=link("k.dough")),
    }
    assert found(nodes, {"o": link("b.bread")}, registry) == [("E101", "m", "")]


def test_an_unknown_node_is_told_once_wherever_it_is_read(registry: Registry) -> None:
    loop = {"type": "loop", "each": {"i": link("x.list")}, "carry": {"n": {"from": "x.n", "next": "y.n"}},
            "nodes": {"y": node("nothing")}, "collect": {"all": link("y.m")}}  # fmt: skip
    nodes = {"x": node("unheard"), "l": loop, "b": node("bake", dough=link("x.dough"))}
    told = found(nodes, {"o": link("x.o"), "p": link("l.n"), "q": link("b.bread"), "r": link("l.all")}, registry)
    assert sorted(told) == [("E101", "l/y", ""), ("E101", "x", "")]


def test_a_muted_node_of_an_unknown_type_is_a_warning(registry: Registry) -> None:
    nodes = {
        "m": MIX,
        "x": node("theirs.Fold", "mute", dough=link("m.dough"), times=3),
        "b": node("bake", dough=link("m.dough")),
    }
    (problem,) = check(toy_document({"nodes": nodes, "outputs": {"o": link("b.bread")}}), registry).problems
    assert str(problem).endswith(
        "W204 x: the muted node is of the unknown type 'theirs.Fold'; replace it, or leave it as a note"
    )


def test_what_reads_a_muted_node_of_an_unknown_type_is_told(registry: Registry) -> None:
    nodes = {"x": node("theirs.Fold", "mute"), "b": node("bake", dough=link("x.dough"))}
    assert sorted(found(nodes, {"o": link("b.bread"), "p": link("x.any")}, registry)) == [
        ("E118", "b", "dough"), ("E118", "outputs", "p"), ("W204", "x", ""),
    ]  # fmt: skip


def test_only_a_disabled_effect_asks_for_nothing(registry: Registry) -> None:
    nodes = {"m": MIX, "b": node("bake", dough=link("m.dough")), "s": node("sell", "mute", bread=link("b.bread"))}
    assert [code for code, _, _ in found(nodes, {}, registry)] == ["E114"]


def loop(each: str, **more: Any) -> Data:
    return {"type": "loop", "each": {"i": link(each)}, **more}


def test_a_loop_in_a_loop_takes_items_of_items(registry: Registry) -> None:
    inner = loop("loop.row", nodes={"q": node("square", number=link("loop.i"))}, collect={"all": link("q.value")})
    inner["inputs"] = {}
    rows = {
        "type": "loop",
        "each": {"row": link("all.rows")},
        "nodes": {"in": inner},
        "collect": {"all": link("in.all")},
    }
    count = loop("c.value", nodes={"d": node("count", to=link("loop.i"))}, collect={"rows": link("d.value")})
    nodes = {"c": node("count", to=3), "all": count, "rows": rows}
    checked = check(toy_document({"nodes": nodes, "outputs": {"o": link("rows.all")}}), registry)
    assert checked.problems == ()
    assert checked.typed.outputs["o"].type.name == "list[list[integer]]"


def test_the_items_of_a_mixed_list_are_of_each_of_its_types(registry: Registry) -> None:
    inner = loop("loop.things", nodes={"q": node("square", number=link("loop.i"))}, collect={"all": link("q.value")})
    outer = loop("c.value", inputs={"things": [1, "two"]}, nodes={"in": inner}, collect={"all": link("in.all")})
    (problem,) = check(
        toy_document({"nodes": {"c": node("count", to=1), "l": outer}, "outputs": {"o": link("l.all")}}), registry
    ).problems
    assert problem.message == "takes integer, 'loop.i' gives integer or string"


def test_families_spread_through_a_loop_and_a_sub_workflow(registry: Registry, tmp_path: Path) -> None:
    sub = {"latentgraph": 1, "inputs": {"d": {"type": "Dough"}},
           "nodes": {"k": node("knead", dough=link("inputs.d"))}, "outputs": {"d": link("k.dough")}}  # fmt: skip
    (tmp_path / "sub.json").write_text(json.dumps(sub))
    carry = {"d": {"from": "s.d", "next": "j.dough"}}
    body = {"j": node("join", first=link("loop.d"), second=link("loop.rye"))}
    nodes = {
        "m": MIX,
        "rye": node("mix", flour=5, grain="rye"),
        "s": {"type": "workflow", "file": "sub.json", "inputs": {"d": link("m.dough")}},
        "c": node("count", to=2),
        "l": loop("c.value", carry=carry, inputs={"rye": link("rye.dough")}, nodes=body),
    }
    document = toy_document({"nodes": nodes, "outputs": {"o": link("l.d")}}, tmp_path / "w.json")
    (problem,) = check(document, registry).errors
    assert (problem.code, problem.node, problem.port) == ("E109", "l/j", "second")
    assert problem.message == "'loop.rye' is of family rye, but 'first' is of family wheat"
    assert problem.hint == "take all parts from one model, or from models of one family"


def test_a_node_for_one_family_refuses_another() -> None:
    @declared_node(category="toy", families=("rye",))
    def sour(dough: Dough) -> Dough:
        """Let a rye dough stand."""
        return dough

    registry = toy_registry()
    registry.add(sour)

    def problems(grain: str) -> list[Problem]:
        nodes = {"m": node("mix", flour=5, grain=grain), "s": node("sour", dough=link("m.dough"))}
        return check(toy_document({"nodes": nodes, "outputs": {"o": link("s.dough")}}), registry).errors

    assert problems("rye") == []
    (problem,) = problems("wheat")
    assert (problem.code, problem.node, problem.port) == ("E109", "s", "dough")
    assert problem.message == "'m.dough' is of family wheat, and 'sour' is for rye"
    assert problem.hint == "take a model of family rye, or another node"


def test_a_sub_workflow_takes_its_defaults_and_its_places_are_its_own(registry: Registry, tmp_path: Path) -> None:
    inputs = {"flour": {"type": "integer"}, "water": {"type": "integer", "default": 1}}
    inside = {"m": node("mix", flour=link("inputs.flour"), water=link("inputs.water"))}
    sub = {"latentgraph": 1, "inputs": inputs, "nodes": inside, "outputs": {"d": link("m.dough")}}
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/sub.json").write_text(json.dumps(sub))
    outer = {"latentgraph": 1, "nodes": {"s": {"type": "workflow", "file": "deep/sub.json", "inputs": {"flour": 7}}},
             "outputs": {"o": link("s.d")}}  # fmt: skip
    (tmp_path / "w.json").write_text(json.dumps(outer))
    (problem,) = check(read_document(tmp_path / "w.json", "here/w.json"), registry).problems
    assert (problem.file, problem.node, problem.port) == ("here/deep/sub.json", "s/m", "flour")
    assert problem.message == "7 is not a multiple of 5 (from inputs.flour)"


@pytest.mark.parametrize("length", [1_000, 20_000])
def test_a_long_chain_runs(length: int, registry: Registry) -> None:
    nodes = {f"n{i}": node("add", a=link(f"n{i - 1}.value") if i else 0) for i in range(length)}
    result = (
        Engine(registry).run(toy_document({"nodes": nodes, "outputs": {"o": link(f"n{length - 1}.value")}})).result()
    )
    assert result.values == {"o": length}


def test_a_node_that_returns_another_type_fails_itself_and_not_its_reader(registry: Registry) -> None:
    nodes = {"l": node("lie"), "q": node("square", number=link("l.value"))}
    with pytest.raises(NodeFailedError, match=r"l\.value: returned a str, but declares integer"):
        Engine(registry).run(toy_document({"nodes": nodes, "outputs": {"o": link("q.value")}})).result()


def test_a_value_for_an_unknown_input_is_no_silent_extra(registry: Registry) -> None:
    document = toy_document({"nodes": {"m": MIX}, "outputs": {"o": link("m.dough")}})
    with pytest.raises(WorkflowError, match=r"E117 inputs.seed: the workflow has no input 'seed'"):
        check(document, registry, {"seed": 1}).require()


def test_a_bad_branch_stops_the_good_one(registry: Registry) -> None:
    nodes = {"m": MIX, "b": node("bake", dough=link("m.dough"), crust="burnt")}
    with pytest.raises(WorkflowError, match=r"E104 b\.crust"):
        Engine(registry).run(
            toy_document({"nodes": nodes, "outputs": {"good": link("m.dough"), "bad": link("b.bread")}})
        )


def test_a_link_written_as_python_calls_the_field_is_refused() -> None:
    raw = b'{"latentgraph": 1, "nodes": {}, "outputs": {"o": {"source": "m.dough"}}}'
    with pytest.raises(WorkflowError, match="unknown key 'source'"):
        parse_document(raw, "w.json")
