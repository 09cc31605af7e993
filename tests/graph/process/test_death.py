"""Whatever happens to the process, or to its caller: no edit is lost, nothing hangs, and nobody is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.graph.process.conftest import NODES, ROOT, Heard, is_gone, request, wait_until, waiting

from latentgraph.graph.events import NodeProgress, NodeStarted, RunFinished
from latentgraph.graph.process import EngineDied, EngineLog, EngineProcess, Looked, RunRefused

PAINT = {"swatch": {"type": "paint"}}


def test_a_kill_in_the_middle_of_a_run_costs_the_runs_and_the_next_one_works(fresh: Heard) -> None:
    run = fresh.run(waiting(1000, 0.1), "work.seen")
    queued = fresh.run(PAINT, "swatch.swatch")
    fresh.ear.event(run, NodeProgress)
    pid = fresh.engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    died = fresh.ear.kind(EngineDied)
    assert died == EngineDied(-9, (run, queued), "the engine was killed; if nobody did it, the memory ran out")
    assert not fresh.engine.alive
    again = fresh.run(PAINT, "swatch.swatch")
    assert isinstance(fresh.ear.end(again), RunFinished)
    assert fresh.engine.pid not in (None, pid)
    assert [one for one in fresh.ear.messages if isinstance(one, EngineDied)] == [died]


def test_a_run_can_be_asked_for_before_the_death_was_noticed(fresh: Heard) -> None:
    fresh.engine.start()
    pid = fresh.engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: is_gone(pid))
    assert isinstance(fresh.ear.end(fresh.run(PAINT, "swatch.swatch")), RunFinished)
    assert fresh.ear.kind(EngineDied).runs == ()


def test_a_crash_in_a_library_is_told_by_name(fresh: Heard) -> None:
    run = fresh.run({"bad": {"type": "crash"}}, "bad.value")
    died = fresh.ear.kind(EngineDied)
    assert died == EngineDied(-11, (run,), "the engine crashed (SIGSEGV)")


def test_whoever_kills_it_is_told_so(fresh: Heard) -> None:
    run = fresh.run({"slow": {"type": "load", "inputs": {"seconds": 600}}}, "slow.value")
    fresh.ear.event(run, NodeStarted)
    fresh.engine.kill()
    died = fresh.ear.kind(EngineDied, seconds=10)
    assert (died.runs, died.asked) == ((run,), True)


def test_stopping_ends_the_process_in_the_middle_of_a_step_and_nothing_more_is_heard(fresh: Heard) -> None:
    run = fresh.run({"slow": {"type": "load", "inputs": {"seconds": 600}}}, "slow.value")
    fresh.ear.event(run, NodeStarted)
    pid = fresh.engine.pid
    assert pid is not None
    before = len(fresh.ear.messages)
    started = time.monotonic()
    fresh.engine.stop(seconds=5)
    assert time.monotonic() - started < 60
    assert is_gone(pid)
    assert len(fresh.ear.messages) == before
    assert not fresh.engine.alive


def test_after_the_stop_nothing_starts_any_more() -> None:
    heard = Heard()
    heard.engine.stop()
    heard.run(PAINT, "swatch.swatch")
    heard.engine.look("swatch")
    heard.engine.cancel()
    heard.engine.kill()
    with pytest.raises(OSError, match="the engine was stopped"):
        heard.engine.start()
    assert not heard.engine.alive
    assert heard.ear.messages == []


def test_a_file_of_nodes_that_cannot_be_imported_is_the_reason(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import nothing_of_this_name")
    heard = Heard(node_files=(tmp_path / "broken.py",))
    try:
        run = heard.run(PAINT, "swatch.swatch")
        died = heard.ear.kind(EngineDied)
        wanted = (
            f"{tmp_path}/broken.py: cannot be imported: ModuleNotFoundError: No module named 'nothing_of_this_name'"
        )
        assert died == EngineDied(2, (run,), wanted)
        assert EngineLog("error", wanted) in heard.ear.messages
    finally:
        heard.engine.stop()


def test_where_no_process_can_be_started_the_run_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    heard = Heard()
    before = len(os.listdir("/proc/self/fd"))
    refused = heard.ear.end(heard.run(PAINT, "swatch.swatch"))
    assert isinstance(refused, RunRefused)
    assert refused.reason == "no engine can be started: No such file or directory"
    # What an earlier test left open may be closed meanwhile.
    assert len(os.listdir("/proc/self/fd")) <= before


def test_looking_without_a_process_says_that_nothing_ran() -> None:
    heard = Heard()
    heard.engine.look("swatch")
    assert heard.ear.kind(Looked) == Looked("swatch", note="nothing has run yet")
    assert not heard.engine.alive


CALLER = """
import sys, threading, time
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.graph.process.conftest import request, waiting
from latentgraph.graph.events import NodeStarted
from latentgraph.graph.process import EngineProcess, RunEvent

def hear(message):
    if isinstance(message, RunEvent) and isinstance(message.event, NodeStarted) and message.event.node == {node!r}:
        print(engine.pid, flush=True)
        begun.set()

begun = threading.Event()
engine = EngineProcess(hear, node_files=[Path(one) for one in {nodes!r}])
engine.run(request({workflow!r}, {output!r}))
begun.wait()
time.sleep({seconds})
"""


def _caller(node: str, workflow: dict[str, Any], output: str, seconds: int = 600) -> tuple[subprocess.Popen[str], int]:
    """A process that runs a workflow in an engine's process, and the number of the latter."""
    nodes = [str(path) for path in NODES]
    code = CALLER.format(root=str(ROOT), node=node, nodes=nodes, workflow=workflow, output=output, seconds=seconds)
    caller = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert caller.stdout is not None
    line = caller.stdout.readline()
    caller.stdout.close()
    return caller, int(line)


def test_it_ends_with_its_caller_whatever_kills_that_one() -> None:
    caller, engine = _caller("work", waiting(1000, 0.1), "work.seen")
    assert not is_gone(engine)
    caller.kill()
    caller.wait()
    wait_until(lambda: is_gone(engine))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel cannot be asked for this")
def test_it_ends_with_its_caller_even_while_a_library_holds_the_interpreter() -> None:
    nodes = {
        "before": {"type": "load", "inputs": {"number": 600, "seconds": 0.5}},
        "held": {"type": "seize", "inputs": {"seconds": {"from": "before.value"}}},
    }
    caller, engine = _caller("before", nodes, "held.value")
    time.sleep(2)
    caller.kill()
    caller.wait()
    wait_until(lambda: is_gone(engine), seconds=5)


def test_it_ends_with_a_caller_that_just_returns() -> None:
    caller, engine = _caller("work", waiting(1000, 0.1), "work.seen", seconds=0)
    assert caller.wait(timeout=30) == 0
    wait_until(lambda: is_gone(engine))


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3, 1.0])
def test_it_ends_with_a_caller_that_is_killed_while_it_starts(seconds: float) -> None:
    code = (
        "import os, signal, time\n"
        "from latentgraph.graph.process import EngineProcess\n"
        "engine = EngineProcess(lambda message: None)\n"
        "engine.start()\n"
        "print(engine.pid, flush=True)\n"
        f"time.sleep({seconds})\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == -9
    wait_until(lambda: is_gone(int(done.stdout)))


def test_no_module_is_taken_from_the_folder_that_one_works_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("json", "torch", "numpy", "latentgraph"):
        (tmp_path / f"{name}.py").write_text("import os\nos._exit(66)")
    monkeypatch.chdir(tmp_path)
    heard = Heard()
    try:
        assert isinstance(heard.ear.end(heard.run(PAINT, "swatch.swatch")), RunFinished)
    finally:
        heard.engine.stop()


def test_a_process_leaves_no_pipe_and_no_thread_behind() -> None:
    import threading

    before = set(os.listdir("/proc/self/fd")), set(threading.enumerate())
    heard = Heard()
    heard.ear.end(heard.run(PAINT, "swatch.swatch"))
    heard.engine.stop()
    wait_until(lambda: set(os.listdir("/proc/self/fd")) <= before[0] and set(threading.enumerate()) <= before[1])


def test_importing_it_costs_no_heavy_library() -> None:
    heavy = ("torch", "diffusers", "transformers", "textual", "PIL", "numpy", "networkx", "huggingface_hub")
    code = f"import sys, latentgraph.graph.process; print([one for one in {heavy!r} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert EngineProcess.__module__ == "latentgraph.graph.process.engine_process"
    assert request(PAINT, "swatch.swatch").name == "toy.json"
