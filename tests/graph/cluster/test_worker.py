"""A worker computes what it is asked for elsewhere, and says what is wrong in a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.graph import toys
from tests.graph.toys import toy_registry

from latentgraph.graph.cluster.errand import Errand
from latentgraph.graph.cluster.worker import Asked, Worker
from latentgraph.graph.code_identity import differences, programs
from latentgraph.graph.document import Document, parse_document
from latentgraph.graph.process.request import RunRequest
from latentgraph.graph.registry import Registry

TOYS = Path(toys.__file__)
READING = {
    "latentgraph": 1,
    "inputs": {"file": {"type": "string", "default": "./a.txt"}, "flour": {"type": "integer", "default": 5}},
    "nodes": {
        "text": {"type": "read", "inputs": {"file": {"from": "inputs.file"}}},
        "mix": {"type": "mix", "inputs": {"flour": {"from": "inputs.flour"}}},
        "bake": {"type": "bake", "inputs": {"dough": {"from": "mix.dough"}}},
    },
    "outputs": {"bread": {"from": "bake.bread"}, "text": {"from": "text.value"}},
}
Begin = Callable[..., tuple[Worker, Asked]]


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """A worker for a workflow that reads a file, and a run of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "w.json").write_text(json.dumps(READING))
    workers: list[Worker] = []

    def started(document: Document | None = None, **values: Any) -> tuple[Worker, Asked]:
        text = json.dumps(READING)
        document = document or parse_document(text.encode(), "w.json", tmp_path / "w.json")
        request = RunRequest(text, "w.json", tmp_path / "w.json")
        errand = Errand(request, document, toy_registry(), [TOYS], cache=False)
        asked = errand.ask(1, values)
        workers.append(Worker(errand.job(), errand.parcel()))
        return workers[-1], asked

    yield started
    for worker in workers:
        worker.close()


@pytest.mark.parametrize("written", ["./a.txt", "a.txt", "{folder}/a.txt"])
def test_what_a_run_reads_is_read_where_it_came_along(begin: Begin, tmp_path: Path, written: str) -> None:
    worker, asked = begin(file=written.format(folder=tmp_path))
    (tmp_path / "a.txt").unlink()
    ready = worker.begin(asked)
    assert ready.refusal == ""
    assert differences(ready.programs, programs(Registry.load().sources)) == []
    (made,) = worker.compute([asked]).made
    assert made.entry.error == ""
    assert made.entry.files == {"bread": ["bread-0001-1.txt"]}
    assert made.contents["bread-0001-1.txt"].startswith(b"305 g, soft")
    assert str(tmp_path).encode() not in made.contents["bread-0001-1.txt"]


def test_several_runs_are_told_apart_and_one_that_cannot_be_planned_costs_no_other(begin: Begin) -> None:
    worker, asked = begin()
    worker.begin(asked)
    wrong = replace(asked, number=2, values={"flour": 7})
    other = replace(asked, number=3, sources={"text.file": "0" * 64})
    made = {one.entry.number: one.entry.error for one in worker.compute([asked, wrong, other]).made}
    assert made[1] == ""
    assert "7 is not a multiple of 5" in made[2]
    assert "text.file reads something else than on the machine that asks: put the same there" in made[3]


def test_a_first_run_that_cannot_be_is_refused_before_anything_is_computed(begin: Begin) -> None:
    worker, asked = begin()
    ready = worker.begin(replace(asked, values={"file": "./none.txt"}))
    assert "there is no './none.txt'" in ready.refusal


def test_what_is_cancelled_is_not_made(begin: Begin) -> None:
    worker, asked = begin()
    worker.begin(asked)
    worker.cancel()
    assert worker.compute([asked]).made == ()


def test_other_programs_are_named() -> None:
    here = {"torch": "2.13.0", "peft": "0.21.2", "sources of nodes": "a"}
    there = {"torch": "2.12.0", "sources of nodes": "b"}
    told = ["peft missing (here 0.21.2)", "other sources of nodes", "torch 2.12.0 (here 2.13.0)"]
    assert differences(there, here) == told
