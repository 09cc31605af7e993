"""A workflow that is written in Python is what its file would be, and runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from tests.graph import toys
from tests.graph.edit.examples import FLAT, NESTED
from tests.graph.toys import Bread, Dough, toy_document, toy_registry

from latentgraph.graph.canonical import canonical_data, canonical_text
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.node import is_node, node, plain_function
from latentgraph.graph.python import Flow, named, subworkflow, workflow
from latentgraph.graph.registry import Registry


def data_of(flow: Flow) -> object:
    return canonical_data(flow.workflow)


def same(flow: Flow, data: dict[str, object]) -> bool:
    return flow.text() == canonical_text(toy_document(data).workflow)


def test_a_call_outside_of_a_workflow_runs_the_function() -> None:
    assert toys.square(7) == 49
    assert plain_function(toys.square)(7) == 49
    with workflow(registry=toy_registry()):
        assert toys.square(7) is not None
    assert toys.square(7) == 49


def test_the_engine_calls_the_function_that_its_author_wrote() -> None:
    declared = toy_registry().get("square")
    assert declared is not None
    assert declared.function is plain_function(toys.square)
    assert declared.function is not toys.square
    assert not hasattr(declared.function, "__wrapped__")


def test_a_function_around_a_node_is_the_node() -> None:
    from functools import wraps

    @wraps(toys.square)
    def louder(number: int) -> int:
        return toys.square(number) + 1

    registry = Registry()
    assert is_node(louder)
    assert registry.add(louder).function(2) == 5


def test_calls_say_what_a_file_says() -> None:
    with workflow(description="A loaf.", registry=toy_registry()) as flow:
        flour = flow.integer("flour", 500, minimum=5, multiple_of=5, description="Grams.")
        crust: Literal["soft", "dark"] = flow.string("crust", "soft", choices=["soft", "dark"])
        m = toys.mix(flour, water=300)
        k = toys.knead(dough=m, minutes=5.5)
        h = toys.halve(k)
        j = toys.join(first=h.left, second=h.right)
        b = toys.bake(j, crust=crust)
        flow.output("bread", b, description="Warm.")
        flow.output("dough", k)
        flow.group("hands", [k, h])
        flow.layout({"m": (0, 0), "k": (20, 4)})
    assert same(flow, FLAT)


def test_a_loop_in_a_loop_reads_what_is_around_it() -> None:
    with workflow(registry=toy_registry()) as flow:
        n = flow.integer("n", 3, minimum=0)
        kneading = flow.number("kneading", 2.0)
        c = toys.count(to=n)
        m = toys.mix(flour=500)
        with flow.loop("days") as day_turn:
            day = day_turn.each("day", c)
            dough = day_turn.carry("dough", m)
            minutes = day_turn.input("minutes", kneading)
            to = day_turn.input("to", 4)
            numbers = named("c", toys.count)(to=to)
            with flow.loop("hours") as hour_turn:
                hour = hour_turn.each("hour", numbers)
                softer = hour_turn.carry("dough", dough.now)
                minutes = hour_turn.input("minutes", minutes)
                hour_turn.input("day", day)
                k = toys.knead(softer.now, minutes)
                q = toys.square(hour)
                softer.next = k
                squares = hour_turn.collect("squares", q)
            dough.next = softer.last
            every = day_turn.collect("all", squares)
        b = toys.bake(dough.last)
        flow.output("bread", b)
        flow.output("squares", every)
        flow.group("deep", [k, c])
        flow.layout({"days": (3, 3), "days/hours": (1, -2), "days/hours/k": (5, 5)})
    assert same(flow, NESTED)


def test_what_a_body_reads_of_outside_is_handed_in_through_every_loop_once() -> None:
    with workflow(registry=toy_registry()) as flow:
        minutes = flow.number("minutes", 2.0)
        c = toys.count(2)
        m = toys.mix(500)
        with flow.loop("outer") as turn:
            turn.each("number", c)
            with flow.loop("inner") as inner:
                inner.each("number", c)
                toys.knead(m, minutes)
                k = toys.knead(m, minutes)
                inner.collect("doughs", k)
        flow.output("c", c)
    outer = flow.workflow.nodes["outer"]
    inside = outer.body["inner"]
    assert inside.inputs == {"dough": {"from": "loop.dough"}, "minutes": {"from": "loop.minutes"}}


def test_a_node_is_called_as_the_variable_that_its_call_is_assigned_to() -> None:
    def twice(start: int) -> int:
        first = toys.square(start)
        return toys.square(first)

    with workflow(registry=toy_registry()) as flow:
        inner_ = toys.square(1)
        a, b = toys.halve(toys.mix(5))
        inner_ = toys.square(inner_)
        both: Dough = toys.join(a, b)
        result = twice(inner_)
        größe = toys.square(result)
        named("named-so", toys.square)(größe)
        loop = toys.square(1)
        flow.output("both", both)
        flow.output("last", loop)
    assert list(flow.workflow.nodes) == [
        "inner", "mix", "halve", "inner_2", "both", "first", "square", "square_2", "named-so", "square_3",
    ]  # fmt: skip


def test_the_words_of_a_node_are_written() -> None:
    with workflow(schema="./s.json", registry=toy_registry(), empty={"groups": {}}) as flow:
        crust = flow.string("crust", None, choices=["soft", "dark"], empty={"minimum": None})
        flow.boolean("hot")
        flow.value("dough", Dough, description="Given.")
        m = named("m", toys.mix, description="First.", package="bakery")(500)
        b = named("b", toys.bake, disabled="mute", empty={"description": ""})(m)
        toys.halve(m)
        numbers = named("count", toys.count)(3)
        with flow.loop("l", disabled="bypass", description="Around.") as turn:
            turn.each("i", numbers)
        flow.output("crust", crust)
        flow.order("l", "b")
    assert data_of(flow) == {
        "$schema": "./s.json",
        "latentgraph": 1,
        "inputs": {
            "crust": {"type": "string", "default": None, "minimum": None, "choices": ["soft", "dark"]},
            "hot": {"type": "boolean"},
            "dough": {"type": "Dough", "description": "Given."},
        },
        "nodes": {
            "l": {"type": "loop", "description": "Around.", "disabled": "bypass",
                  "each": {"i": {"from": "count.value"}}},
            "b": {"type": "bake", "description": "", "disabled": "mute", "inputs": {"dough": {"from": "m.dough"}}},
            "m": {"type": "mix", "description": "First.", "package": "bakery", "inputs": {"flour": 500}},
            "halve": {"type": "halve", "inputs": {"dough": {"from": "m.dough"}}},
            "count": {"type": "count", "inputs": {"to": 3}},
        },
        "outputs": {"crust": {"from": "inputs.crust"}},
        "groups": {},
    }  # fmt: skip
    assert b is not None


def test_a_type_that_is_not_installed_is_added_by_its_name() -> None:
    with workflow(registry=toy_registry()) as flow:
        glaze = flow.node("other.Glaze", "glaze", {"text": "sugar"}, package="glazing")
        second = flow.node("other.Glaze", inputs={"over": glaze["out-1"]})
        b = toys.bake(second.dough)
        flow.output("bread", b)
    assert flow.workflow.nodes["other_Glaze"].inputs == {"over": {"from": "glaze.out-1"}}
    assert [problem.code for problem in flow.check() if problem.severity == "error"] == ["E101", "E101"]


class Baked(NamedTuple):
    """What the file gives."""

    bread: Bread
    dough: Dough


@subworkflow("./flat.json")
def flat(flour: int = 500, *, crust: str = "soft") -> Baked:
    """The file of the test."""
    raise NotImplementedError


@subworkflow("./one.json")
def one(flour: int = 500) -> Dough:
    """A file with one output, which has a name of its own."""
    raise NotImplementedError


def test_a_file_is_a_node_that_is_typed_by_its_declaration(tmp_path: Path) -> None:
    inside = {"latentgraph": 1, "nodes": {"m": {"type": "mix", "inputs": {"flour": 5}}},
              "outputs": {"paste": {"from": "m.dough"}}}  # fmt: skip
    (tmp_path / "flat.json").write_text(json.dumps({"latentgraph": 1, **FLAT}))
    (tmp_path / "one.json").write_text(json.dumps(inside))
    with workflow(registry=toy_registry(), folder=tmp_path) as flow:
        baked = flat(250, crust="dark")
        again = named("again", flat)()
        simple = one()
        joined = toys.join(again.dough, simple)
        flow.output("bread", baked.bread)
        flow.output("joined", joined)
        with pytest.raises(WorkflowError, match=r"E102 flat.flour: 'flat.json'|has no input|E104"):
            flat("five")  # type: ignore[arg-type]
        with pytest.raises(WorkflowError, match="E102: one: got an unexpected keyword argument 'water'"):
            one(water=3)  # type: ignore[call-arg]
        with pytest.raises(WorkflowError, match=r"E106 flow_node.nothing: 'flow_node' has no output 'nothing'"):
            flow.node("workflow", "flow_node", file="./one.json")["nothing"]
    assert flow.workflow.nodes["baked"].file == "./flat.json"
    assert flow.workflow.nodes["joined"].inputs == {
        "first": {"from": "again.dough"},
        "second": {"from": "simple.paste"},
    }
    values = flow.run().result().values
    assert (values["bread"].crust, values["joined"].flour) == ("dark", 505)
    with pytest.raises(WorkflowError, match=r"E113: './flat.json' is a node only of a workflow"):
        flat()


def test_it_runs_saves_and_loads(tmp_path: Path) -> None:
    with workflow(registry=toy_registry(), folder=tmp_path) as flow:
        flour = flow.integer("flour", 10)
        m = toys.mix(flour)
        bread = toys.bake(m)
        flow.output("bread", bread)
    toys.ran.clear()
    result = flow.run({"flour": 20}, out=tmp_path).result()
    assert result.values["bread"].grams == 320
    assert [Path(one).name for one in result.files["bread"]] == ["bread-1.txt"]
    assert flow.run({"flour": 20}).result().values["bread"].grams == 320
    assert toys.ran == ["mix", "bake"], "the second run finds what the first one kept"
    flow.save(tmp_path / "loaf.json")
    loaded = Flow.load(tmp_path / "loaf.json", toy_registry())
    assert loaded.text() == flow.text() == (tmp_path / "loaf.json").read_text()
    assert loaded.run({"flour": 20}, until="m").result().values["m.dough"].flour == 20
    assert loaded.check() == ()
    assert repr(loaded) == "<a workflow of 2 nodes: flour -> bread>"


def test_a_changed_function_of_a_notebook_is_another_in_the_cache() -> None:
    answers = []
    for factor in (2, 3):
        scope: dict[str, object] = {"node": node, "__name__": "__main__"}
        exec(f"@node(category='x')\ndef times(number: int) -> int:\n    return number * {factor}", scope)
        times = scope["times"]
        assert callable(times)
        with workflow(registry=toy_registry()) as flow:
            made = times(5)
            flow.output("made", made)
        answers.append(flow.run().result().values["made"])
    assert answers == [10, 15]
