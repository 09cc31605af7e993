"""Runs in an engine's process: their events, their order, and everything that keeps one from beginning."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.graph.process.conftest import NODES, Heard, loop, request, waiting

from latentgraph.graph.events import (
    NodeFailed,
    NodeFinished,
    NodeProgress,
    NodeStarted,
    Preview,
    RunCancelled,
    RunFinished,
    RunStarted,
    Warned,
)
from latentgraph.graph.process import EngineLog, EngineReady, RunEvent, RunRefused, RunRequest

PAINT = {"swatch": {"type": "paint", "inputs": {"colour": "blue"}}}


def test_the_events_of_a_run_are_those_of_a_run_here(heard: Heard, tmp_path: Path) -> None:
    nodes = PAINT | waiting(3, 0.0)
    run = heard.run(nodes, "swatch.swatch", "work.seen", out=tmp_path / "made")
    finished = heard.ear.end(run)
    assert isinstance(finished, RunFinished)
    assert finished.outputs == {"swatch": "16 × 16 pixels of blue", "work": "3 values"}
    assert finished.files == {"swatch": (str(tmp_path / "made/swatch-1.png"),)}
    events = heard.ear.events(run)
    assert isinstance(events[0], RunStarted)
    assert set(events[0].nodes) == {"swatch", "numbers", "work"}
    assert [one.done for one in events if isinstance(one, NodeProgress)] == [1, 2, 3]
    assert {one.node for one in events if isinstance(one, NodeStarted)} == {"swatch", "numbers", "work"}
    assert (tmp_path / "made/swatch-1.png").read_bytes().startswith(b"\x89PNG")


def test_values_stay_warm_from_run_to_run(heard: Heard) -> None:
    nodes = {"slow": {"type": "load", "inputs": {"number": 11, "seconds": 0.1}}}
    runs = [heard.run(nodes, "slow.value") for _ in range(2)]
    heard.ear.end(runs[1])
    cached = [[one.cached for one in heard.ear.events(run) if isinstance(one, NodeFinished)] for run in runs]
    assert cached == [[False], [True]]


def test_given_values_and_a_node_to_stop_at_are_taken(heard: Heard) -> None:
    inputs = {"edge": {"type": "integer", "default": 16}}
    nodes: dict[str, Any] = {
        "swatch": {"type": "paint", "inputs": {"edge": {"from": "inputs.edge"}}},
        "spilt": {"type": "spill", "inputs": {"swatch": {"from": "swatch.swatch"}}},
    }
    run = heard.run(nodes, "spilt.swatch", inputs=inputs, given={"edge": 101}, until="swatch")
    finished = heard.ear.end(run)
    assert isinstance(finished, RunFinished)
    assert finished.outputs == {"swatch.swatch": "101 × 101 pixels of red"}
    started = heard.ear.event(run, RunStarted)
    assert started.inputs == {"edge": 101}
    assert heard.ear.event(run, Warned).message == "that takes much paint"


def test_two_runs_are_done_in_order(heard: Heard) -> None:
    first = heard.run(waiting(5, 0.02), "work.seen")
    second = heard.run(waiting(4, 0.02), "work.seen")
    heard.ear.end(second)
    order = [one.run for one in heard.ear.messages if isinstance(one, RunEvent)]
    assert order == sorted(order)
    assert {first, second} == set(order)


def test_a_run_is_cancelled_between_two_turns(heard: Heard) -> None:
    run = heard.run(PAINT | waiting(1000, 0.1), "swatch.swatch", "work.seen")
    heard.ear.event(run, NodeProgress)
    heard.engine.cancel()
    cancelled = heard.ear.end(run)
    assert isinstance(cancelled, RunCancelled)
    assert set(cancelled.finished) == {"swatch", "numbers"}


def test_a_run_that_waits_is_cancelled_at_once_and_the_others_go_on(heard: Heard) -> None:
    runs = [heard.run(waiting(turns, 0.05), "work.seen") for turns in (40, 8, 6)]
    heard.ear.event(runs[0], NodeProgress)
    heard.engine.cancel(runs[1])
    assert heard.ear.end(runs[1]) == RunCancelled((), {}, 0.0)
    assert not any(isinstance(one, RunFinished) for one in heard.ear.events(runs[0]))
    heard.engine.cancel(runs[0])
    assert isinstance(heard.ear.end(runs[0]), RunCancelled)
    assert isinstance(heard.ear.end(runs[2]), RunFinished)
    assert heard.ear.events(runs[1]) == [RunCancelled((), {}, 0.0)]


def test_a_cancel_while_a_model_loads_takes_effect_as_soon_as_it_is_there(heard: Heard) -> None:
    nodes = {
        "model": {"type": "load", "inputs": {"number": 5, "seconds": 0.6}},
        "after": {"type": "wait", "inputs": {"number": {"from": "model.value"}}},
    }
    run = heard.run(nodes, "after.value")
    heard.ear.event(run, NodeStarted)
    heard.engine.cancel(run)
    assert isinstance(heard.ear.end(run), RunCancelled)
    assert [one.node for one in heard.ear.events(run) if isinstance(one, NodeStarted)] == ["model"]
    again = heard.run(nodes, "after.value")
    heard.ear.end(again)
    kept = {one.node: one.cached for one in heard.ear.events(again) if isinstance(one, NodeFinished)}
    assert kept == {"model": True, "after": False}


def test_a_cancel_of_what_is_over_does_nothing(heard: Heard) -> None:
    first = heard.run(PAINT, "swatch.swatch")
    heard.ear.end(first)
    heard.engine.cancel(first)
    heard.engine.cancel()
    assert isinstance(heard.ear.end(heard.run(PAINT, "swatch.swatch")), RunFinished)


def test_a_failing_node_is_told_with_its_trace_and_the_next_run_works(heard: Heard) -> None:
    nodes: dict[str, Any] = PAINT | {"spilt": {"type": "spill", "inputs": {"swatch": {"from": "swatch.swatch"}}}}
    run = heard.run(nodes, "spilt.swatch")
    assert heard.ear.end(run) == NodeFailed("spilt", "RuntimeError: the pot fell over")
    trace = heard.ear.kind(EngineLog)
    assert trace.kind == "trace"
    assert "in spill" in trace.text
    assert isinstance(heard.ear.end(heard.run(PAINT, "swatch.swatch")), RunFinished)


def test_a_node_that_runs_out_of_memory_is_told_in_a_sentence_and_the_next_run_works(heard: Heard) -> None:
    run = heard.run({"big": {"type": "exhaust"}}, "big.value")
    wanted = "the memory ran out; make less at once, such as smaller or fewer pictures"
    assert heard.ear.end(run) == NodeFailed("big", wanted)
    assert isinstance(heard.ear.end(heard.run(PAINT, "swatch.swatch")), RunFinished)


def test_a_run_is_refused_with_every_problem_and_their_places(heard: Heard) -> None:
    nodes = {"swatch": {"type": "paint", "inputs": {"edge": 0}}, "odd": {"type": "pant"}}
    refused = heard.ear.end(heard.run(nodes, "swatch.swatch"))
    assert isinstance(refused, RunRefused)
    assert refused.reason == "2 problems stop the run"
    assert [(one.code, one.node, one.port) for one in refused.problems] == [
        ("E104", "swatch", "edge"),
        ("E101", "odd", ""),
    ]
    assert all(one.place is not None and one.file == "toy.json" for one in refused.problems)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"until": "swotch"}, "E105"),
        ({"settings": {"devise": "cpu"}}, "E117"),
        ({"settings": {"device": "abacus"}}, "E104"),
        ({"given": {"nothing": 1}}, "E117"),
    ],
)
def test_a_run_is_refused_for_how_it_is_asked_for(heard: Heard, options: dict[str, Any], code: str) -> None:
    refused = heard.ear.end(heard.run(PAINT, "swatch.swatch", **options))
    assert isinstance(refused, RunRefused)
    assert [one.code for one in refused.problems] == [code]


def test_a_text_that_is_no_workflow_is_refused(heard: Heard) -> None:
    refused = heard.ear.end(heard.engine.run(RunRequest('{"latentgraph": 1, \ud800', "half.json")))
    assert isinstance(refused, RunRefused)
    assert refused.reason == "1 problem stops the run"


def test_a_folder_that_cannot_be_written_to_is_said_before_the_run(heard: Heard, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = heard.ear.end(heard.run(PAINT, "swatch.swatch", out=tmp_path / "file/made"))
    assert isinstance(refused, RunRefused)
    assert refused.reason == (
        f"files cannot be written to {tmp_path}/file/made: '{tmp_path}/file' is a file; a folder is wanted"
    )


def test_what_is_not_on_this_machine_is_downloaded_only_when_asked_for(heard: Heard) -> None:
    nodes = {"model": {"type": "load_model", "inputs": {"model": "nobody/nothing-of-the-kind"}}}
    refused = heard.ear.end(heard.run(nodes, "model.vae"))
    assert isinstance(refused, RunRefused)
    assert refused.downloads == ("the hub model 'nobody/nothing-of-the-kind'",)
    assert refused.reason == (
        "not on this machine: the hub model 'nobody/nothing-of-the-kind'; it has to be downloaded first"
    )


def test_files_beside_the_workflow_are_read_and_others_only_with_leave(heard: Heard, tmp_path: Path) -> None:
    inner = request(PAINT, "swatch.swatch").workflow
    (tmp_path / "inner.json").write_text(inner)
    (tmp_path / "home").mkdir()
    for file, options, comes in (
        ("./inner.json", {"path": tmp_path / "outer.json"}, RunFinished),
        ("../inner.json", {"path": tmp_path / "home/outer.json"}, RunRefused),
        ("../inner.json", {"path": tmp_path / "home/outer.json", "allow_read": (tmp_path,)}, RunFinished),
        ("./inner.json", {"embedded": {"sub": inner}}, RunFinished),
    ):
        nodes = {"sub": {"type": "workflow", "file": file}}
        assert isinstance(heard.ear.end(heard.run(nodes, "sub.swatch", **options)), comes)


def test_previews_are_shown_to_who_wants_them_and_not_at_every_turn(heard: Heard) -> None:
    sketch = {"type": "sketch", "inputs": {"number": {"from": "loop.number"}}}
    nodes = loop({"sketch": sketch}, 10, collect={"seen": {"from": "sketch.value"}})
    run = heard.run(nodes, "work.seen", previews=True)
    heard.ear.end(run)
    shown = [one for one in heard.ear.events(run) if isinstance(one, Preview)]
    assert shown[0] == Preview("work/sketch", "8 long", b"-" * 8)
    assert 2 <= len(shown) <= 5


def test_no_previews_are_made_where_nobody_watches(heard: Heard) -> None:
    sketch = {"type": "sketch", "inputs": {"number": {"from": "loop.number"}}}
    run = heard.run(loop({"s": sketch}, 3, collect={"seen": {"from": "s.value"}}), "work.seen", previews=False)
    assert isinstance(heard.ear.end(run), RunFinished)
    assert not any(isinstance(one, Preview) for one in heard.ear.events(run))


def test_a_preview_that_fails_is_told_once_and_stops_nothing(heard: Heard) -> None:
    smudge = {"type": "smudge", "inputs": {"number": {"from": "loop.number"}}}
    run = heard.run(loop({"s": smudge}, 5, collect={"seen": {"from": "s.value"}}), "work.seen")
    assert isinstance(heard.ear.end(run), RunFinished)
    told = [one for one in heard.ear.events(run) if isinstance(one, Warned)]
    assert told == [Warned("work/s", "there is no preview: ZeroDivisionError: integer division or modulo by zero")]


def test_what_a_library_prints_is_a_log_and_no_message(heard: Heard) -> None:
    run = heard.run({"mess": {"type": "scribble"}}, "mess.value")
    finished = heard.ear.end(run)
    assert isinstance(finished, RunFinished)
    assert finished.outputs == {"mess": "0"}
    heard.ear.wait(lambda one: isinstance(one, EngineLog) and one.text == "printed")
    lines = [one.text for one in heard.ear.messages if isinstance(one, EngineLog) and one.kind == "output"]
    assert json.loads(lines[0])["event"] == "run_finished"
    assert {"10%", "20%", "30%", "printed"} <= set(lines)
    assert all(line.isprintable() for line in lines)
    assert sum(line.count("x") for line in lines if set(line) <= set("x… ")) > 400


def test_nothing_can_be_read_from_a_terminal(heard: Heard) -> None:
    finished = heard.ear.end(heard.run({"asked": {"type": "ask"}}, "asked.value"))
    assert isinstance(finished, RunFinished)
    assert finished.outputs == {"asked": repr("b''0")}


def test_the_process_steps_back_and_has_no_terminal(heard: Heard) -> None:
    run = heard.run({"where": {"type": "where"}}, "where.value")
    finished = heard.ear.end(run)
    assert isinstance(finished, RunFinished)
    heard.engine.look("where")
    looked = heard.ear.wait(lambda one: getattr(one, "path", "") == "where")
    place = json.loads(looked.values[0].rows[0][1])  # type: ignore[union-attr]
    assert place["nice"] == min(19, os.nice(0) + 10)
    assert place["session"] == place["pid"] == heard.engine.pid
    assert place["folder"] == str(Path.cwd())


def test_the_engine_says_what_it_computes_on(fresh: Heard) -> None:
    fresh.engine.start()
    ready = fresh.ear.kind(EngineReady)
    assert ready.pid == fresh.engine.pid
    assert ready.device == ready.settings["device"] != "auto"
    assert {"latentgraph", "torch", "diffusers"} <= set(ready.versions)
    assert len(NODES) == 2
