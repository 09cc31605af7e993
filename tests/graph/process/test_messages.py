"""Events and messages made again from their JSON are what they were, but for what does not travel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from latentgraph.graph.access import Recorded
from latentgraph.graph.events import (
    EVENTS,
    Event,
    NodeFailed,
    NodeFinished,
    NodeProgress,
    NodeStarted,
    Observed,
    Preview,
    RunCancelled,
    RunFinished,
    RunStarted,
    Warned,
    event_from_json,
)
from latentgraph.graph.problem import Place, Problem
from latentgraph.graph.process import (
    Downloading,
    EngineDied,
    EngineLog,
    EngineReady,
    Looked,
    LookedValue,
    Message,
    RunEvent,
    RunRefused,
    RunRequest,
)
from latentgraph.graph.process.messages import MESSAGES, message_from_json

HAPPENED: list[Event] = [
    RunStarted(("a", "b/c"), {"sizes": [1, [2, 3]], "prompt": "\ud800é\n", "none": None}, {"device": "cpu"}),
    NodeStarted("a"),
    NodeProgress("a", 1, 3, 0.25),
    Preview("a/step", "1 image", bytes(range(256))),
    NodeFinished("a", False, 1.5, {"image": "1 image"}),
    NodeFailed("a", "it broke"),
    Warned("a", "odd"),
    Observed("a/b", {"step": 1, "mean": 0.5}),
    RunFinished({"image": "1 image"}, {"image": ("out/1.png", "out/2.png"), "none": ()}, 2.0),
    RunCancelled(("a", "b"), {"image": ("out/1.png",)}, 0.1),
]
PROBLEM = Problem("E104", "no", "yes", "a", "b", "f.json", Place(3, 4))
TOLD: list[Message] = [
    RunRefused(7, "2 problems stop the run", (PROBLEM, Problem("E114", "nothing")), ("a model",)),
    Downloading(7, "a model", 3, 10),
    EngineReady(42, {"device": "cpu"}, {"torch": "2"}, ("slow",)),
    EngineLog("trace", "a\nb"),
    EngineDied(-9, (1, 2), "killed", True),
    Looked("a/b", (LookedValue("o", "Image", "1 image", (("size", "1 × 2"), ("…", ""))),), "as of the last turn"),
    Looked("a", note="it has not run yet"),
]


@pytest.mark.parametrize("event", HAPPENED, ids=lambda one: one.name)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    again = event_from_json(json.loads(json.dumps(event.to_json())))
    assert again == event
    assert type(again) is type(event)
    message = RunEvent(3, event)
    assert message_from_json(json.loads(json.dumps(message.to_json()))) == message


@pytest.mark.parametrize("message", TOLD, ids=lambda one: one.name)
def test_a_message_comes_back_as_it_was(message: Message) -> None:
    assert message_from_json(json.loads(json.dumps(message.to_json()))) == message


def test_every_kind_is_held_here() -> None:
    assert {one.name for one in HAPPENED} == set(EVENTS)
    assert {one.name for one in TOLD} == set(MESSAGES)
    assert not set(EVENTS) & set(MESSAGES)


def test_values_and_errors_stay_where_they_are() -> None:
    finished = RunFinished({"n": "3"}, {}, 1.0, {"n": object()})
    assert "values" not in finished.to_json()
    assert event_from_json(finished.to_json()) == RunFinished({"n": "3"}, {}, 1.0, {})
    assert event_from_json(NodeFailed("a", "it broke", ValueError("x")).to_json()) == NodeFailed("a", "it broke")


def test_lists_that_were_given_stay_lists() -> None:
    again = event_from_json(json.loads(json.dumps(HAPPENED[0].to_json())))
    assert isinstance(again, RunStarted)
    assert again.inputs["sizes"] == [1, [2, 3]]


def test_a_request_comes_back_as_it_was() -> None:
    request = RunRequest(
        "{}",
        "a.json",
        Path("/w/a.json"),
        {"seed": 3},
        {"device": "cpu"},
        "loop/step",
        Path("out"),
        True,
        False,
        True,
        (Path("/data"),),
        {"sub": "{}"},
        False,
        True,
        Recorded((Path("/shipped"),), frozenset({"abc"})),
    )
    assert RunRequest.from_json(json.loads(json.dumps(request.to_json()))) == request
    least = RunRequest("{}", "a.json")
    assert RunRequest.from_json(json.loads(json.dumps(least.to_json()))) == least


def test_what_nobody_knows_is_a_fault() -> None:
    with pytest.raises(KeyError):
        message_from_json({"event": "engine_sang"})
    with pytest.raises(KeyError):
        event_from_json({"event": "node_progress", "node": "a"})
