"""An engine that is kept warm makes what a call of its own would make, and belongs to one user."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from tests.tui.conftest import ROOT, Cli

from latentgraph.graph.errors import RunError
from latentgraph.graph.events import ENDS, RunFinished, RunStarted
from latentgraph.graph.process import warm
from latentgraph.graph.process.messages import Message, RunEvent
from latentgraph.graph.process.request import RunRequest
from latentgraph.graph.process.warm import NoEngineError, WarmRun
from latentgraph.graph.registry import Registry
from latentgraph.tui.engine_command import WarmFollowed

RUN = ("run", "text_to_image", "--quiet", "--set", "num_inference_steps=2")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """The folder of an engine that is ready, and its process."""
    folder = tmp_path_factory.mktemp("engine", numbered=True) / "own"
    env = {**os.environ, "PYTHONPATH": str(ROOT / ".dev"), "LATENTGRAPH_ENGINE": str(folder)}
    call = [sys.executable, "-m", "latentgraph.tui.main", "serve-engine"]
    process = subprocess.Popen(call, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == f"ready on cpu, at {folder}/engine.sock; Ctrl-C ends it\n"
    yield folder, process
    process.kill()
    process.communicate()


@pytest.fixture
def engine(served: tuple[Path, subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LATENTGRAPH_ENGINE", str(served[0]))
    return served[0]


def _request(steps: int) -> RunRequest:
    text = Path(str(files("latentgraph.workflows"))).joinpath("text_to_image.json").read_text("utf-8")
    return RunRequest(text, "text_to_image.json", given={"num_inference_steps": steps}, previews=False)


def test_a_run_in_the_warm_engine_makes_the_same_file(
    cli: Cli, engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing of it is computed in the process of the call.
    with monkeypatch.context() as patch:
        patch.setattr("latentgraph.tui.run_command.Engine", None)
        there = cli(*RUN)
        told = [one["event"] for one in cli(*RUN, "--json").events]
        assert (told[0], told[-1]) == ("run_started", "run_finished")
    monkeypatch.setenv("LATENTGRAPH_ENGINE", "off")
    here = cli(*RUN)
    assert (there.code, there.err, here.code) == (0, "", 0)
    assert here.out == there.out.replace("image-1.png", "image-3.png")
    pictures = [tmp_path / f"outputs/image-{number}.png" for number in (1, 2, 3)]
    assert pictures[0].read_bytes() == pictures[1].read_bytes() == pictures[2].read_bytes()


def test_what_is_wrong_is_told_as_without_it(cli: Cli, engine: Path) -> None:
    wrong = cli(*RUN, "--set", "guidance_scale=-1")
    assert (wrong.code, wrong.err) == (
        2,
        "--set guidance_scale=-1: E104 inputs.guidance_scale: -1.0 is below the minimum 0\n",
    )
    failed = cli("run", "text_to_image", "--set", "num_inference_steps=2000")
    assert failed.code == 1
    assert failed.err.startswith("error: the node 'schedule' failed: ValueError: the model was trained on 1000 timest")


def test_who_hangs_up_stops_the_run_and_the_next_one_gets_its_turn(engine: Path) -> None:
    registry = Registry.load()
    gone = WarmRun(registry)
    gone.start(_request(900))
    next(iter(gone))
    gone.close()
    after = WarmRun(registry)
    after.start(_request(2))
    events = [one.event for one in after if isinstance(one, RunEvent)]
    after.close()
    assert isinstance(events[-1], ENDS)
    assert isinstance(events[-1], RunFinished)


def test_a_run_that_lacks_memory_is_explained_and_the_warm_engine_goes_on(cli: Cli, engine: Path) -> None:
    # More than any address space.
    failed = cli(*RUN, "--set", f"num_images_per_prompt={10**12}")
    assert failed.code == 1
    assert failed.err.startswith("error: the node 'noise' failed: the memory ran out: ")
    assert failed.err.endswith(" were free; make less at once, such as smaller or fewer pictures\n")
    assert cli(*RUN).code == 0


def test_an_engine_that_is_killed_is_told_with_the_likeliest_reason() -> None:
    class Killed(WarmRun):
        def __init__(self) -> None:
            """Connect to nothing."""

        def start(self, request: RunRequest) -> None:
            """Take it."""

        def __iter__(self) -> Iterator[Message]:
            """Tell the beginning of a run, and no more."""
            yield RunEvent(1, RunStarted((), {}, {}))

        def close(self) -> None:
            """There is nothing to hang up."""

    with pytest.raises(
        RunError, match=r"^the warm engine ended in the middle .*; if nobody ended it, the memory ran out$"
    ):
        list(WarmFollowed(Killed(), _request(2), []))


def test_an_engine_of_other_sources_is_not_used(engine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "code_identity", lambda sources: "another")
    with pytest.raises(NoEngineError, match="the warm engine has other versions, sources or threads than this"):
        WarmRun(Registry.load())


def test_there_is_one_engine_and_nobody_else_may_reach_it(
    cli: Cli, engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [path.stat().st_mode & 0o077 for path in (engine, engine / "engine.sock")] == [0, 0]
    again = cli("serve-engine")
    assert (again.code, again.err) == (2, f"error: an engine is at work already, at {engine}/engine.sock\n")
    (tmp_path / "open").mkdir(mode=0o755)
    monkeypatch.setenv("LATENTGRAPH_ENGINE", str(tmp_path / "open"))
    shared = cli("serve-engine")
    assert shared.err == f"error: others may enter {tmp_path}/open; `chmod 700` it\n"
    monkeypatch.setenv("LATENTGRAPH_ENGINE", str(tmp_path / "none"))
    with pytest.raises(NoEngineError, match=r"^$"):
        WarmRun(Registry.load())


def test_ctrl_c_ends_it_and_its_socket_is_gone(engine: Path, served: tuple[Path, subprocess.Popen[str]]) -> None:
    served[1].send_signal(signal.SIGINT)
    assert served[1].wait(60) == 0
    assert list(engine.iterdir()) == []
