"""Looking at what nodes gave: out of what an engine keeps, in sub-workflows and in the last turn of loops too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.graph.process import mischief
from tests.graph.process.conftest import Heard, loop, waiting
from tests.tui import paints

from latentgraph.graph.cache import MemoryCache
from latentgraph.graph.document import Document, parse_document
from latentgraph.graph.events import NodeProgress
from latentgraph.graph.process import Looked, LookedValue
from latentgraph.graph.process.looking import Looking
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine

NOT_KEPT = "its values are not here: it has not run to its end, or they had to make room for others"


@pytest.fixture
def engine() -> Engine:
    registry = Registry()
    for module in (paints, mischief):
        registry.add_module(module, origin="tests")
    return Engine(registry)


def document(nodes: dict[str, Any], *outputs: str, path: Path | None = None, **parts: Any) -> Document:
    """A workflow of some nodes; outputs are links."""
    named = {link.split(".")[0]: {"from": link} for link in outputs}
    return parse_document(
        json.dumps({"latentgraph": 1, "nodes": nodes, "outputs": named, **parts}).encode(), "toy.json", path
    )


def looked_at(
    engine: Engine, workflow: Document, *, until: str | None = None, looking: Looking | None = None
) -> Looking:
    """Run a workflow as an engine's process does."""
    looking = looking or Looking(engine)
    planned = engine.plan(workflow, until=until)
    looking.remember(planned, workflow.name)
    engine.start(planned, workflow, keep_all=True).result()
    return looking


def plain(output: str, value: int) -> LookedValue:
    """What is told of a whole number."""
    return LookedValue(output, "int", str(value), (("value", str(value)),))


def test_a_node_s_outputs_are_told_with_type_summary_and_rows(engine: Engine) -> None:
    nodes = {"drawn": {"type": "publish", "inputs": {"number": 5}}, "one": {"type": "wait", "inputs": {"number": 1}}}
    looking = looked_at(engine, document(nodes, "one.value"))
    assert looking.look("drawn") == Looked("drawn", (LookedValue("line", "Line", "5 long", (("length", "5"),)),))
    assert looking.look("one") == Looked("one", (plain("value", 1),))


def test_in_a_loop_the_values_are_those_of_its_last_turn(engine: Engine) -> None:
    body = {
        "wait": {"type": "wait", "inputs": {"number": {"from": "loop.number"}, "seconds": 0}},
        "sum": {"type": "remember", "inputs": {"number": {"from": "wait.value"}, "before": {"from": "loop.sum"}}},
    }
    carry = {"sum": {"from": "first.value", "next": "sum.value"}}
    nodes = loop(body, 4, carry=carry) | {"first": {"type": "wait", "inputs": {"number": 7}}}
    looking = looked_at(engine, document(nodes, "work.sum"))
    assert looking.look("work/wait") == Looked("work/wait", (plain("value", 3),), "as of the last turn")
    assert looking.look("work/sum") == Looked("work/sum", (plain("value", 70123),), "as of the last turn")
    assert looking.look("work") == Looked("work", (plain("sum", 70123),))


def test_loops_in_loops_and_equal_bodies_are_kept_apart(engine: Engine) -> None:
    inner = loop({"wait": {"type": "wait", "inputs": {"number": {"from": "loop.number"}, "seconds": 0}}}, 3)["work"]
    nodes: dict[str, Any] = {}
    for name, turns in (("a", 2), ("b", 5)):
        nodes[f"n{name}"] = {"type": "numbers", "inputs": {"to": turns}}
        nodes[name] = inner | {"each": {"number": {"from": f"n{name}.value"}}, "collect": {"s": {"from": "wait.value"}}}
    outer = {
        "type": "loop",
        "each": {"turn": {"from": "na.value"}},
        "inputs": {"all": {"from": "nb.value"}},
        "nodes": {"in": inner | {"each": {"number": {"from": "loop.all"}}, "collect": {"s": {"from": "wait.value"}}}},
        "collect": {"s": {"from": "in.s"}},
    }
    looking = looked_at(engine, document(nodes | {"outer": outer}, "a.s", "b.s", "outer.s"))
    last = {path: looking.look(path).values for path in ("a/wait", "b/wait", "outer/in/wait")}
    assert last == {
        "a/wait": (plain("value", 1),),
        "b/wait": (plain("value", 4),),
        "outer/in/wait": (plain("value", 4),),
    }
    assert looking.look("outer/in").values[0].summary == "5 values"


def test_what_was_reused_is_there_to_be_looked_at_too(engine: Engine) -> None:
    workflow = document(waiting(3, 0.0), "work.seen")
    looked_at(engine, workflow)
    looking = looked_at(engine, workflow)
    assert looking.look("work/wait").values == (plain("value", 2),)


def test_a_run_up_to_a_node_leaves_the_others_as_they_were(engine: Engine) -> None:
    nodes = {
        "one": {"type": "wait", "inputs": {"number": 1}},
        "two": {"type": "remember", "inputs": {"number": {"from": "one.value"}, "before": 4}},
    }
    workflow = document(nodes, "two.value")
    looking = looked_at(engine, workflow)
    looked_at(engine, workflow, until="one", looking=looking)
    assert looking.look("two").values == (plain("value", 41),)


def test_another_workflow_has_nothing_of_the_one_before(engine: Engine) -> None:
    looking = looked_at(engine, document({"one": {"type": "wait", "inputs": {"number": 1}}}, "one.value"))
    other = document({"two": {"type": "wait", "inputs": {"number": 2}}}, "two.value")
    looking.remember(engine.plan(other), "other.json")
    assert looking.look("one") == Looked("one", note="it has not run yet")


SUB = {
    "latentgraph": 1,
    "inputs": {"number": {"type": "integer"}},
    "nodes": {
        "twice": {"type": "remember", "inputs": {"number": {"from": "inputs.number"}, "before": 1}},
        "line": {"type": "publish", "inputs": {"number": {"from": "twice.value"}}},
    },
    "outputs": {"sum": {"from": "twice.value"}, "drawn": {"from": "line.line"}, "same": {"from": "inputs.number"}},
}


def test_sub_workflows_are_looked_into_and_looked_at_as_a_whole(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "inner.json").write_text(json.dumps(SUB))
    outer = {
        "latentgraph": 1,
        "nodes": {"inner": {"type": "workflow", "file": "./inner.json", "inputs": {"number": 5}}},
        "outputs": {"deep": {"from": "inner.sum"}},
    }
    (tmp_path / "outer.json").write_text(json.dumps(outer))
    nodes = {"sub": {"type": "workflow", "file": "./outer.json"}}
    looking = looked_at(engine, document(nodes, "sub.deep", path=tmp_path / "top.json"))
    assert looking.look("sub/inner/twice").values == (plain("value", 15),)
    assert looking.look("sub/inner") == Looked(
        "sub/inner", (plain("sum", 15), LookedValue("drawn", "Line", "15 long", (("length", "15"),)))
    )
    assert looking.look("sub") == Looked("sub", (plain("deep", 15),))


def test_a_run_can_stop_at_a_sub_workflow(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "inner.json").write_text(json.dumps(SUB))
    nodes = {
        "sub": {"type": "workflow", "file": "./inner.json", "inputs": {"number": 5}},
        "after": {"type": "exhaust", "inputs": {"number": {"from": "sub.sum"}}},
    }
    workflow = document(nodes, "after.value", path=tmp_path / "top.json")
    result = engine.run(workflow, until="sub").result()
    assert result.outputs == {"sub.sum": "15", "sub.drawn": "15 long"}


def test_values_that_made_room_for_others_are_not_there(engine: Engine) -> None:
    engine.cache = MemoryCache(0)
    looking = looked_at(engine, document({"one": {"type": "wait", "inputs": {"number": 1}}}, "one.value"))
    assert looking.look("one") == Looked("one", note=NOT_KEPT)


def test_runs_that_nobody_will_look_at_keep_no_more_than_they_need(engine: Engine) -> None:
    workflow = document(waiting(3, 0.0), "work.seen")
    engine.run(workflow).result()
    assert len(engine.cache) == 2
    engine.cache.clear()
    engine.run(workflow, keep_all=True).result()
    assert len(engine.cache) == 3


def test_one_can_look_while_the_run_goes_on(heard: Heard) -> None:
    run = heard.run(waiting(1000, 0.05), "work.seen")
    heard.ear.event(run, NodeProgress)
    heard.engine.look("work/wait")
    heard.engine.look("numbers")
    heard.engine.look("work")
    looked = {}
    for path in ("work/wait", "numbers", "work"):
        told = heard.ear.wait(lambda one, path=path: isinstance(one, Looked) and one.path == path)  # type: ignore[misc]
        assert isinstance(told, Looked)
        looked[path] = told
    heard.engine.cancel()
    heard.ear.end(run)
    assert looked["work/wait"].values[0].type == "int"
    assert looked["numbers"].values[0].summary == "1000 values"
    assert looked["work"].note == NOT_KEPT


def test_a_value_that_cannot_be_described_is_told_in_a_sentence(heard: Heard) -> None:
    heard.ear.end(heard.run({"it": {"type": "riddle"}}, "it.riddle"))
    heard.engine.look("it")
    told = heard.ear.kind(Looked)
    assert told == Looked("it", note="it cannot be described: ValueError: nobody knows what it means")


def test_long_lists_are_told_from_both_ends() -> None:
    rows = Registry().values.details(list(range(100)))
    assert [name for name, _ in rows] == ["0", "1", "2", "3", "4", "5", "…", "94", "95", "96", "97", "98", "99"]
    assert rows[6] == ("…", "88 more")
    assert Registry().values.details(list(range(12))) == [(str(n), str(n)) for n in range(12)]
    assert Registry().values.details([]) == []
    assert Registry().values.details("a text\nof two lines") == [("value", "a text\nof two lines")]
