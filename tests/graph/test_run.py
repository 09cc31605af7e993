"""Executor tests ask what ran: build a few toy nodes, run, look at `ran` and at the events."""

from __future__ import annotations

import gc
import json
import threading
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.graph.toys import Dough, ran, toy_document, toy_registry

from latentgraph.graph.cache import Kept, MemoryCache
from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.errors import NodeFailedError, RunCancelledError, WorkflowError
from latentgraph.graph.events import NodeFinished, NodeProgress, Warned
from latentgraph.graph.node import node
from latentgraph.graph.run import Engine
from latentgraph.graph.settings import Setting

BAKERY: dict[str, Any] = {
    "inputs": {
        "flour": {"type": "integer", "default": 500},
        "minutes": {"type": "number", "default": 5.0},
        "crust": {"type": "string", "default": "soft"},
    },
    "nodes": {
        "dough": {"type": "mix", "inputs": {"flour": {"from": "inputs.flour"}}},
        "kneaded": {
            "type": "knead",
            "inputs": {"dough": {"from": "dough.dough"}, "minutes": {"from": "inputs.minutes"}},
        },
        "loaf": {"type": "bake", "inputs": {"dough": {"from": "kneaded.dough"}, "crust": {"from": "inputs.crust"}}},
    },
    "outputs": {"bread": {"from": "loaf.bread"}},
}


@pytest.fixture(autouse=True)
def _nothing_ran() -> Iterator[None]:
    ran.clear()
    yield
    ran.clear()


@pytest.fixture
def engine() -> Engine:
    return Engine(toy_registry())


def _loop(turns: int, body: Mapping[str, Any], **parts: Any) -> dict[str, Any]:
    return {
        "nodes": {
            "turns": {"type": "count", "inputs": {"to": turns}},
            "dough": {"type": "mix", "inputs": {"flour": 500}},
            "work": {"type": "loop", "each": {"n": {"from": "turns.value"}}, "nodes": body, **parts},
        }
    }


KNEADING: Mapping[str, Any] = {
    "carry": {"dough": {"from": "dough.dough", "next": "step.dough"}},
    "body": {"step": {"type": "knead", "inputs": {"dough": {"from": "loop.dough"}, "minutes": 1.0}}},
}


def _kneading(turns: int) -> dict[str, Any]:
    workflow = _loop(turns, KNEADING["body"], carry=KNEADING["carry"])
    return workflow | {"outputs": {"dough": {"from": "work.dough"}}}


def test_a_workflow_that_has_nothing_to_do_with_pictures_runs(engine: Engine) -> None:
    result = engine.run(toy_document(BAKERY)).result()
    assert ran == ["mix", "knead", "bake"]
    assert result.values["bread"].grams == 795
    assert result.outputs == {"bread": "795 g of bread"}


def test_nothing_runs_again_when_nothing_changed(engine: Engine) -> None:
    engine.run(toy_document(BAKERY)).result()
    ran.clear()
    events = list(engine.run(toy_document(BAKERY)))
    assert ran == []
    assert [event.cached for event in events if isinstance(event, NodeFinished)] == [True]


def test_changing_the_crust_bakes_again_but_neither_mixes_nor_kneads(engine: Engine) -> None:
    engine.run(toy_document(BAKERY)).result()
    ran.clear()
    assert engine.run(toy_document(BAKERY), {"crust": "dark"}).result().values["bread"].crust == "dark"
    assert ran == ["bake"]


def test_a_setting_reruns_only_the_nodes_that_declare_it(engine: Engine) -> None:
    engine.run(toy_document(BAKERY)).result()
    ran.clear()
    engine.run(toy_document(BAKERY), settings={"oven": "wood"}).result()
    assert ran == ["bake"]


def test_names_and_positions_are_no_part_of_a_key(engine: Engine) -> None:
    engine.run(toy_document(BAKERY)).result()
    ran.clear()
    renamed = json.loads(json.dumps(BAKERY).replace("kneaded", "worked"))
    engine.run(toy_document(renamed | {"layout": {"worked": [1, 2]}})).result()
    assert ran == []


def test_two_nodes_that_are_the_same_run_once(engine: Engine) -> None:
    nodes: dict[str, Any] = {
        "a": {"type": "mix", "inputs": {"flour": 10}},
        "b": {"type": "mix", "inputs": {"flour": 10}},
    }
    nodes["j"] = {"type": "join", "inputs": {"first": {"from": "a.dough"}, "second": {"from": "b.dough"}}}
    workflow = toy_document({"nodes": nodes, "outputs": {"dough": {"from": "j.dough"}}})
    assert engine.run(workflow).result().values["dough"].flour == 20
    assert ran == ["mix", "join"]


def test_only_what_the_wanted_outputs_need_runs(engine: Engine) -> None:
    extra = {"more": {"type": "count", "inputs": {"to": 3}}}
    engine.run(toy_document(BAKERY | {"nodes": BAKERY["nodes"] | extra})).result()
    assert "count" not in ran


def test_until_a_node_gives_its_outputs_and_nothing_after_it(engine: Engine) -> None:
    result = engine.run(toy_document(BAKERY), until="kneaded").result()
    assert ran == ["mix", "knead"]
    assert list(result.values) == ["kneaded.dough"]


def test_until_an_unknown_node_names_the_closest(engine: Engine) -> None:
    with pytest.raises(WorkflowError) as caught:
        engine.run(toy_document(BAKERY), until="knead")
    assert str(caught.value) == "E105: there is no node 'knead' to stop at; did you mean 'kneaded'?"


def test_what_a_package_raises_while_a_run_is_planned_is_not_taken_for_an_unknown_node(engine: Engine) -> None:
    def identity(value: str) -> str:
        raise KeyError(value)

    engine.registry.settings["colour"] = Setting("colour", "Of the crust.", "brown", lambda asked, _: asked, identity)
    with pytest.raises(KeyError, match="brown"):
        engine.run(toy_document(BAKERY), settings={"colour": "brown"})


def test_a_loop_carries_its_value_from_turn_to_turn(engine: Engine) -> None:
    events = list(engine.run(toy_document(_kneading(4))))
    assert ran == ["count", "mix", "knead", "knead", "knead", "knead"] or ran[:2] == ["mix", "count"]
    assert [(e.done, e.total) for e in events if isinstance(e, NodeProgress)] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert events[-1].values["dough"].water == 296  # type: ignore[attr-defined]


def test_after_no_turn_a_carry_is_its_start(engine: Engine) -> None:
    assert engine.run(toy_document(_kneading(0))).result().values["dough"].water == 300


def test_a_loop_without_a_carry_is_a_map(engine: Engine) -> None:
    body = {"s": {"type": "square", "inputs": {"number": {"from": "loop.n"}}}}
    workflow = _loop(5, body, collect={"squares": {"from": "s.value"}})
    result = engine.run(toy_document(workflow | {"outputs": {"squares": {"from": "work.squares"}}})).result()
    assert result.values["squares"] == [0, 1, 4, 9, 16]


def test_loops_nest_and_a_body_reads_the_number_of_its_turn(engine: Engine) -> None:
    inner = {
        "type": "loop",
        "each": {"m": {"from": "list.value"}},
        "carry": {"sum": {"from": "loop.sum", "next": "add.value"}},
        "inputs": {"outer": {"from": "loop.index"}},
        "nodes": {"add": {"type": "add", "inputs": {"a": {"from": "loop.sum"}, "b": {"from": "loop.outer"}}}},
    }
    workflow = {
        "inputs": {"start": {"type": "number", "default": 0.0}},
        "nodes": {
            "three": {"type": "count", "inputs": {"to": 3}},
            "zero": {"type": "add", "inputs": {"a": {"from": "inputs.start"}, "b": 0}},
            "outer": {
                "type": "loop",
                "each": {"n": {"from": "three.value"}},
                "carry": {"sum": {"from": "zero.value", "next": "inner.sum"}},
                "nodes": {"list": {"type": "count", "inputs": {"to": 2}}, "inner": inner},
            },
        },
        "outputs": {"sum": {"from": "outer.sum"}},
    }
    assert engine.run(toy_document(workflow)).result().values["sum"] == 2 * (0 + 1 + 2)


def test_lists_of_different_lengths_under_each_name_the_loop(engine: Engine) -> None:
    body = {"s": {"type": "add", "inputs": {"a": {"from": "loop.n"}, "b": {"from": "loop.m"}}}}
    workflow = _loop(3, body, collect={"sums": {"from": "s.value"}})
    workflow["nodes"]["more"] = {"type": "count", "inputs": {"to": 4}}
    workflow["nodes"]["work"]["each"]["m"] = {"from": "more.value"}
    with pytest.raises(NodeFailedError) as caught:
        engine.run(toy_document(workflow | {"outputs": {"sums": {"from": "work.sums"}}})).result()
    assert str(caught.value) == "work: the lists under each have different lengths: [3, 4]"


def test_a_failing_node_is_named_with_the_cause(engine: Engine) -> None:
    workflow = {"nodes": {"bad": {"type": "fail", "inputs": {"text": "x"}}}, "outputs": {"t": {"from": "bad.value"}}}
    events: list[Any] = []
    with pytest.raises(NodeFailedError) as caught:
        events.extend(engine.run(toy_document(workflow)))
    assert str(caught.value) == "bad: RuntimeError: no luck with x"
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert caught.value.__cause__.__notes__ == ["in node 'bad' (fail)"]


def test_a_failing_node_in_a_loop_is_named_by_its_path(engine: Engine) -> None:
    body = {"bad": {"type": "fail", "inputs": {"text": "x"}}}
    workflow = _loop(2, body, collect={"t": {"from": "bad.value"}}) | {"outputs": {"t": {"from": "work.t"}}}
    with pytest.raises(NodeFailedError, match=r"^work/bad: RuntimeError: no luck with x$"):
        engine.run(toy_document(workflow)).result()


def test_a_node_that_returns_another_type_than_it_declares_is_caught_where_it_happens(engine: Engine) -> None:
    workflow = {"nodes": {"liar": {"type": "lie"}}, "outputs": {"n": {"from": "liar.value"}}}
    with pytest.raises(NodeFailedError) as caught:
        engine.run(toy_document(workflow)).result()
    assert str(caught.value) == "liar.value: returned a str, but declares integer"


def test_a_computed_value_out_of_bounds_names_the_port(engine: Engine) -> None:
    nodes = {
        "n": {"type": "square", "inputs": {"number": 7}},
        "m": {"type": "mix", "inputs": {"flour": {"from": "n.value"}}},
    }
    with pytest.raises(NodeFailedError) as caught:
        engine.run(toy_document({"nodes": nodes, "outputs": {"d": {"from": "m.dough"}}})).result()
    assert str(caught.value) == "m.flour: 49 is not a multiple of 5"


def test_a_warning_is_heard_again_when_the_result_is_reused(engine: Engine) -> None:
    for _ in range(2):
        events = list(engine.run(toy_document(BAKERY), {"minutes": 40.0}))
        assert [e.message for e in events if isinstance(e, Warned)] == ["more than half an hour is too long"]
    assert ran == ["mix", "knead", "bake"]


def test_a_run_stops_between_two_turns_and_keeps_what_is_done(engine: Engine) -> None:
    run = engine.run(toy_document(_kneading(1_000_000)))
    events: list[Any] = []

    def watch() -> None:
        for event in run:
            events.append(event)
            if isinstance(event, NodeProgress):
                run.cancel()

    with pytest.raises(RunCancelledError):
        watch()
    assert events[-1].name == "run_cancelled"
    assert set(events[-1].finished) == {"turns", "dough"}
    assert ran.count("knead") < 1_000_000


def test_a_chain_of_20000_nodes_runs(engine: Engine) -> None:
    nodes: dict[str, Any] = {"n0": {"type": "add", "inputs": {"a": 0}}}
    nodes |= {f"n{i}": {"type": "add", "inputs": {"a": {"from": f"n{i - 1}.value"}}} for i in range(1, 20_000)}
    workflow = toy_document({"nodes": nodes, "outputs": {"sum": {"from": "n19999.value"}}})
    assert engine.run(workflow).result().values["sum"] == 20_000


class Heavy:
    """Something whose life can be watched."""


alive: list[weakref.ref[Heavy]] = []


@node(category="test")
def make_heavy(number: int) -> Heavy:
    """Make one."""
    heavy = Heavy()
    alive.append(weakref.ref(heavy))
    return heavy


@node(category="test")
def count_alive(heavy: Heavy, *, context: RunContext = ALONE) -> int:
    """How many are alive while this one is read."""
    gc.collect()
    return sum(one() is not None for one in alive)


@node(category="test")
def after(number: int) -> int:
    """How many are alive when nobody reads them any more."""
    gc.collect()
    return sum(one() is not None for one in alive)


def test_a_value_is_freed_after_its_last_reader() -> None:
    alive.clear()
    registry = toy_registry()
    for function in (make_heavy, count_alive, after):
        registry.add(function)
    nodes = {
        "heavy": {"type": "make_heavy", "inputs": {"number": 1}},
        "reader": {"type": "count_alive", "inputs": {"heavy": {"from": "heavy.heavy"}}},
        "later": {"type": "after", "inputs": {"number": {"from": "reader.value"}}},
    }
    workflow = {"nodes": nodes, "outputs": {"then": {"from": "reader.value"}, "now": {"from": "later.value"}}}
    result = Engine(registry, memory=0).run(toy_document(workflow)).result()
    assert (result.values["then"], result.values["now"]) == (1, 0)


def test_the_memory_of_values_is_bounded_and_forgets_the_longest_unused() -> None:
    cache = MemoryCache(100_000)
    for key in "abc":
        cache.put(key, Kept((key,), size=40_000))
    assert cache.get("a") is None
    cache.get("b")
    cache.put("d", Kept(("d",), size=40_000))
    assert cache.get("c") is None
    assert cache.get("b") is not None
    cache.put("huge", Kept(("huge",), size=1_000_000))
    assert cache.get("huge") is None
    assert cache.size <= 100_000


def test_the_keys_of_files_follow_their_contents(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "w.json").touch()
    text = tmp_path / "note.txt"
    workflow = {"nodes": {"r": {"type": "read", "inputs": {"file": "note.txt"}}}, "outputs": {"t": {"from": "r.value"}}}
    for content in ("one", "other"):
        text.write_text(content)
        document = toy_document(workflow, tmp_path / "w.json")
        assert engine.run(document).result().values["t"] == content
    assert ran == ["read", "read"]


def test_a_value_given_from_python_is_part_of_the_key(engine: Engine) -> None:
    workflow = toy_document(
        {
            "inputs": {"dough": {"type": "Dough"}},
            "nodes": {"loaf": {"type": "bake", "inputs": {"dough": {"from": "inputs.dough"}}}},
            "outputs": {"bread": {"from": "loaf.bread"}},
        }
    )
    grams = [engine.run(workflow, {"dough": Dough(f, 1)}).result().values["bread"].grams for f in (10, 10, 20)]
    assert grams == [11, 11, 21]
    assert ran == ["bake", "bake"]


def test_a_muted_branch_and_a_bypassed_node(engine: Engine) -> None:
    bypassed = json.loads(json.dumps(BAKERY))
    bypassed["nodes"]["kneaded"]["disabled"] = "bypass"
    assert engine.run(toy_document(bypassed)).result().values["bread"].grams == 800
    assert ran == ["mix", "bake"]


@node(category="test")
def calling_thread(number: int) -> int:
    """Which thread this is."""
    return threading.get_ident()


def test_every_run_of_an_engine_works_in_the_same_thread_and_that_ends_with_the_engine() -> None:
    registry = toy_registry()
    registry.add(calling_thread)
    engine = Engine(registry)
    idents = set()
    for number in (1, 2, 3):
        nodes = {"t": {"type": "calling_thread", "inputs": {"number": number}}}
        result = engine.run(toy_document({"nodes": nodes, "outputs": {"t": {"from": "t.value"}}})).result()
        idents.add(result.values["t"])
    assert len(idents) == 1
    assert idents != {threading.get_ident()}
    worker = next(thread for thread in threading.enumerate() if thread.ident in idents)
    del engine
    gc.collect()
    worker.join(timeout=60)
    assert not worker.is_alive()


def test_a_path_counts_from_the_file_that_it_is_written_in(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "t.txt").write_text("outer")
    (tmp_path / "sub" / "t.txt").write_text("inner")
    reads = {
        "latentgraph": 1,
        "inputs": {"file": {"type": "string", "default": "t.txt"}},
        "nodes": {"r": {"type": "read", "inputs": {"file": {"from": "inputs.file"}}}},
        "outputs": {"text": {"from": "r.value"}},
    }
    (tmp_path / "sub" / "reads.json").write_text(json.dumps(reads))
    workflow = {
        "inputs": {"path": {"type": "string", "default": "t.txt"}},
        "nodes": {
            "written": {"type": "workflow", "file": "./sub/reads.json", "inputs": {"file": "t.txt"}},
            "linked": {"type": "workflow", "file": "./sub/reads.json", "inputs": {"file": {"from": "inputs.path"}}},
            "own": {"type": "workflow", "file": "./sub/reads.json"},
        },
        "outputs": {name: {"from": f"{name}.text"} for name in ("written", "linked", "own")},
    }
    result = engine.run(toy_document(workflow, tmp_path / "outer.json")).result()
    assert result.values == {"written": "outer", "linked": "outer", "own": "inner"}


def test_the_end_of_a_run_can_be_asked_for_after_its_events(engine: Engine) -> None:
    run = engine.run(toy_document(BAKERY))
    assert list(run)[-1].name == "run_finished"
    assert run.result() is run.result()
    assert list(run) == []


@node(category="test")
def sometimes(number: int) -> int:
    """Return what it declares, but for the third time."""
    return "oops" if number == 2 else number  # type: ignore[return-value]


@node(category="test")
def leave(number: int) -> int:
    """End the process, or try to."""
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sometimes", "work/s.value: returned a str, but declares integer"),
        ("leave", "work/s: SystemExit: 3"),
    ],
)
def test_what_goes_wrong_in_a_later_turn_is_named(name: str, message: str) -> None:
    registry = toy_registry()
    registry.add({"sometimes": sometimes, "leave": leave}[name])
    body = {"s": {"type": name, "inputs": {"number": {"from": "loop.n"}}}}
    workflow = _loop(3, body, collect={"v": {"from": "s.value"}}) | {"outputs": {"v": {"from": "work.v"}}}
    with pytest.raises(NodeFailedError) as caught:
        Engine(registry).run(toy_document(workflow)).result()
    assert str(caught.value) == message


def test_a_reused_warning_names_the_node_as_it_is_called_now(engine: Engine) -> None:
    engine.run(toy_document(BAKERY), {"minutes": 40.0}).result()
    renamed = json.loads(json.dumps(BAKERY).replace("kneaded", "worked"))
    events = list(engine.run(toy_document(renamed), {"minutes": 40.0}))
    assert [event.node for event in events if isinstance(event, Warned)] == ["worked"]


def test_memory_is_handed_back_after_a_step_that_took_long(monkeypatch: pytest.MonkeyPatch) -> None:
    handed_back: list[bool] = []
    monkeypatch.setattr("latentgraph.graph.execute.hand_back", lambda: handed_back.append(True))
    for least, times in ((1e9, 0), (-1.0, 3)):
        monkeypatch.setattr("latentgraph.graph.execute.SECONDS_TO_TIDY", least)
        Engine(toy_registry()).run(toy_document(BAKERY)).result()
        assert len(handed_back) == times
