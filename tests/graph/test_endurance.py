"""An engine that lives long does not grow: neither in memory nor in threads, open files or objects."""

from __future__ import annotations

import gc
import os
import threading
from collections import Counter
from pathlib import Path

import pytest
from tests.bench import endurance
from tests.graph import toys
from tests.graph.keeping import STORING
from tests.graph.test_disk_cache import KNEADING
from tests.graph.toys import toy_document, toy_registry

from latentgraph.graph.disk_cache import DiskCache
from latentgraph.graph.errors import NodeFailedError, RunCancelledError
from latentgraph.graph.events import NodeProgress
from latentgraph.graph.run import Engine

needs_proc = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="only Linux tells")
ROUND = 20


def _round(engine: Engine, first: int, out: Path) -> None:
    """Runs of which some fail and some are stopped, each with values of its own."""
    for number in range(first, first + ROUND):
        workflow = {
            **KNEADING,
            "inputs": {"flour": {"type": "integer", "default": 5}},
            "nodes": {**KNEADING["nodes"], "dough": {"type": "mix", "inputs": {"flour": {"from": "inputs.flour"}}},
                      "loaf": {"type": "bake", "inputs": {"dough": {"from": "work.dough"}}}},
            "outputs": {"bread": {"from": "loaf.bread"}},
        }  # fmt: skip
        if number % 5 == 1:
            workflow["nodes"]["failed"] = {"type": "fail", "inputs": {"text": "it is to fail"}}
            workflow["outputs"]["failed"] = {"from": "failed.value"}
        run = engine.run(toy_document(workflow), {"flour": 5 * (number + 1)}, out=out, previews=True)
        try:
            for event in run:
                if number % 5 == 2 and isinstance(event, NodeProgress):
                    run.cancel()
        except (NodeFailedError, RunCancelledError):
            continue


def _alive() -> Counter[str]:
    gc.collect()
    return Counter(type(one).__name__ for one in gc.get_objects())


def test_a_run_leaves_no_thread_no_open_file_and_no_object_behind(tmp_path: Path) -> None:
    engine = Engine(toy_registry(), memory=40_000, disk=DiskCache(tmp_path / "kept", STORING, from_seconds=0.0))
    _round(engine, 0, tmp_path / "out")
    toys.ran.clear()
    _alive()  # counting for the first time makes objects too
    before, threads, files = _alive(), threading.active_count(), _open_files()
    for turn in (1, 2):
        _round(engine, turn * ROUND, tmp_path / "out")
    toys.ran.clear()
    grown = _alive() - before
    # The cache in memory is full from the first round on, and may hold a few more or less of what differs in size.
    assert {name: more for name, more in grown.items() if more > ROUND // 2} == {}
    assert (threading.active_count(), _open_files()) == (threads, files)


def _open_files() -> int:
    folder = Path("/proc/self/fd")
    return len(os.listdir(folder)) if folder.exists() else 0


@needs_proc
@pytest.mark.exhaustive
@pytest.mark.parametrize("what", ["pictures", "calls"])
def test_500_runs_grow_by_less_than_2_percent_after_the_first_50(what: str) -> None:
    grown = endurance.grown([*getattr(endurance, what)(endurance.RUNS)])
    print(grown)
    bounded = ("resident", "anonymous", "threads", "open files")
    assert {name: grown[name] for name in bounded if grown[name] > endurance.GOAL} == {}
