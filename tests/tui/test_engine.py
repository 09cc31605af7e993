"""An engine that is kept warm makes what a call of its own would make, and belongs to one user."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from threading import Thread
from typing import Any

import PIL.Image
import pytest
from tests.tui.conftest import ROOT, Cli
from typer.main import get_command

from latentgraph.graph import warm_socket
from latentgraph.graph.errors import RunCancelledError, RunError
from latentgraph.graph.events import ENDS, Event, RunCancelled, RunFinished, RunStarted
from latentgraph.graph.process import warm
from latentgraph.graph.process.request import RunRequest
from latentgraph.graph.warm_socket import NoEngineError
from latentgraph.tui import warm_run
from latentgraph.tui.commands import app
from latentgraph.tui.warm_call import FLAGS, HERE, LISTS, VALUES, read_call
from latentgraph.tui.warm_run import Connection, WarmRun

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


def _asked(steps: int) -> dict[str, Any]:
    text = Path(str(files("latentgraph.workflows"))).joinpath("text_to_image.json").read_text("utf-8")
    request = RunRequest(text, "text_to_image.json", previews=False)
    return {"request": request.to_json(), "set": [f"num_inference_steps={steps}"], "inputs": None}


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
    gone = Connection(engine / "engine.sock")
    gone.ask(_asked(900))
    assert isinstance(gone.event(), RunStarted)
    gone.close()
    after = Connection(engine / "engine.sock")
    after.ask(_asked(2))
    events = []
    while (event := after.event()) is not None:
        events.append(event)
    after.close()
    assert isinstance(events[-1], ENDS)
    assert isinstance(events[-1], RunFinished)


def test_who_cancels_hears_what_was_finished(engine: Path) -> None:
    caller = Connection(engine / "engine.sock")
    caller.ask(_asked(900))
    first = caller.event()
    assert isinstance(first, RunStarted)
    caller.cancel()
    heard: list[Event] = []
    with pytest.raises(RunCancelledError):
        heard.extend(WarmRun(caller, first))
    assert isinstance(heard[-1], RunCancelled)


def test_who_does_not_listen_keeps_nobody_waiting_and_hears_all_later() -> None:
    engines, calls = socket.socketpair()
    caller = warm._Caller(engines, 1)

    def tell() -> None:
        for number in range(5000):
            caller.tell({"number": number, "more": "x" * 1000})
        caller.end()

    telling = Thread(target=tell, daemon=True)
    telling.start()
    telling.join(60)
    assert not telling.is_alive(), "it waits for a call that was stopped by Ctrl-Z"
    assert not caller.over.is_set()
    with calls, engines, calls.makefile("rb") as lines:
        assert [json.loads(line)["number"] for line in lines] == list(range(5000))
    assert caller.over.wait(60)


def test_a_run_that_lacks_memory_is_explained_and_the_warm_engine_goes_on(cli: Cli, engine: Path) -> None:
    # More than any address space.
    failed = cli(*RUN, "--set", f"num_images_per_prompt={10**12}")
    assert failed.code == 1
    warned, told = failed.err.splitlines()
    assert warned.startswith("warning: this run takes about ")
    assert told.startswith("error: the node 'noise' failed: the memory ran out: ")
    assert told.endswith(" were free; make less at once, such as smaller or fewer pictures, or take --tiling 512")
    assert cli(*RUN).code == 0


def test_an_engine_that_is_killed_is_told_with_the_likeliest_reason() -> None:
    class Gone(Connection):
        def __init__(self) -> None:
            """Connect to nothing."""

        def event(self) -> Event | None:
            """Nothing comes any more."""
            return None

        def close(self) -> None:
            """There is nothing to hang up."""

    wanted = r"^the warm engine ended in the middle of the run; if nobody ended it, the memory ran out$"
    with pytest.raises(RunError, match=wanted):
        list(WarmRun(Gone(), RunStarted((), {}, {})))


def test_half_a_line_is_the_end_of_an_engine_that_was_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "engine.sock"))
    server.listen()

    def answer() -> None:
        stream, _ = server.accept()
        hello = {"latentgraph": "", "stamp": "", "sources": [], "folder": "/"}
        stream.sendall((json.dumps(hello) + '\n{"event": "node_sta').encode())
        stream.close()

    monkeypatch.setattr(warm_run, "stamp", lambda sources: "")
    thread = Thread(target=answer)
    thread.start()
    run = WarmRun(Connection(tmp_path / "engine.sock"), RunStarted((), {}, {}))
    thread.join()
    server.close()
    with pytest.raises(RunError, match=r"^the warm engine ended in the middle of the run; "):
        list(run)


def test_nobody_is_reached_in_a_folder_that_others_may_enter(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(NoEngineError, match=f"^others may enter {tmp_path}; `chmod 700` it$"):
        Connection(tmp_path / "engine.sock")


def test_of_two_engines_that_start_at_once_one_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change = os.chmod

    def slowly(path: str, mode: int) -> None:
        time.sleep(0.3)  # Bound, and not listening yet: nobody can connect.
        change(path, mode)

    monkeypatch.setattr(os, "chmod", slowly)
    started: list[object] = []

    def start() -> None:
        try:
            started.append(warm._listening(tmp_path / "engine.sock"))
        except NoEngineError as error:
            started.append(str(error))

    threads = [Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sockets = [one for one in started if isinstance(one, socket.socket)]
    for one in sockets:
        one.close()
    assert len(sockets) == 1
    assert f"an engine is at work already, at {tmp_path}/engine.sock" in started


@pytest.mark.parametrize("variable", ["LATENTGRAPH_CACHE", "HF_HOME", "MKL_CBWR", "OMP_NUM_THREADS"])
def test_an_engine_in_another_environment_is_another(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = warm_socket.stamp([]), warm_socket.identity([])
    monkeypatch.setenv(variable, "another")
    assert warm_socket.stamp([]) != before[0]
    assert warm_socket.identity([]) != before[1]


def test_an_engine_that_gives_files_other_modes_is_another() -> None:
    before = warm_socket.stamp([])
    mask = os.umask(0o027)
    try:
        assert warm_socket.stamp([]) != before
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(mask)
    assert warm_socket.stamp([]) == before


def test_a_socket_in_the_home_of_nobody_is_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTGRAPH_ENGINE", "~nobody-of-that-name/engine")
    told = "LATENTGRAPH_ENGINE: '~nobody-of-that-name/engine' is in the home folder of nobody\n"
    called = cli("serve-engine")
    assert (called.code, called.err) == (2, f"error: {told}")
    called = cli("run", "no-such-workflow")
    assert called.err.startswith(f"note: {told}")


def test_an_engine_of_other_sources_is_not_used(engine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_run, "stamp", lambda sources: "another")
    Connection(engine / "engine.sock").close()  # nothing but what is quickly made differs
    monkeypatch.setattr(warm_run, "identity", lambda sources: "another")
    with pytest.raises(
        NoEngineError, match="the warm engine has other versions, sources or environment; start it anew"
    ):
        Connection(engine / "engine.sock")


def test_a_value_that_is_another_file_where_the_engine_runs_is_read_here(
    cli: Cli, engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = {
        "latentgraph": 1,
        "inputs": {"picture": {"type": "string"}},
        "nodes": {"picture": {"type": "load_image", "inputs": {"path": {"from": "inputs.picture"}}}},
        "outputs": {"image": {"from": "picture.image"}},
    }
    (tmp_path / "look.json").write_text(json.dumps(workflow))
    PIL.Image.new("RGB", (8, 8)).save(tmp_path / "here.png")
    with monkeypatch.context() as patch:
        patch.setattr("latentgraph.tui.run_command.Engine", None)
        assert cli("run", "look.json", "--set", f"picture={tmp_path}/here.png").code == 0
        assert "'NoneType' object is not callable" in cli("run", "look.json", "--set", "picture=here.png").err
    assert cli("run", "look.json", "--set", "picture=here.png").code == 0


def test_warnings_and_drawn_numbers_are_told_as_without_it(
    cli: Cli, engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = {
        "latentgraph": 1,
        "inputs": {
            "seed": {"type": "integer", "default": 1, "choices": [4]},
            "spare": {"type": "string", "default": ""},
        },
        "nodes": {"random": {"type": "random_state", "inputs": {"seed": {"from": "inputs.seed"}}}},
        "outputs": {"random": {"from": "random.random_state"}},
    }
    (tmp_path / "spare.json").write_text(json.dumps(workflow))
    with monkeypatch.context() as patch:
        patch.setattr("latentgraph.tui.run_command.Engine", None)
        there = cli("run", "spare.json", "--set", "seed=random")
    monkeypatch.setenv("LATENTGRAPH_ENGINE", "off")
    here = cli("run", "spare.json", "--set", "seed=random")
    assert "W203" in there.err
    assert "seed: 4 (drawn)" in there.out
    assert (there.code, there.out, there.err) == (here.code, here.out, here.err)


def test_every_option_of_a_run_is_understood_or_left_to_the_command_line() -> None:
    command: Any = get_command(app)
    options = {name: one for one in command.commands["run"].params for name in one.opts if name.startswith("--")}
    known = {*FLAGS, *VALUES, *LISTS, *HERE}
    assert set(options) - known == {"--help"} & set(options)
    assert {name for name, one in options.items() if one.is_flag} - set(HERE) - {"--help"} == set(FLAGS)
    assert {name for name, one in options.items() if one.multiple} - set(HERE) == set(LISTS)
    assert read_call(["run", "mine.json", "--set=seed=1", "-q", "--out", "there"]) is not None
    for left in (["check", "a"], ["run"], ["run", "a", "b"], ["run", "a", "--out"], ["run", "a", "--no-cache"],
                 ["run", "a", "--wrong"], ["run", "a", "--images", "wrong"], ["run", "-"]):  # fmt: skip
        assert read_call(left) is None


def test_a_call_of_the_engine_imports_nothing_that_computes_or_reads_any_call(engine: Path, tmp_path: Path) -> None:
    call = f"import sys\nfrom latentgraph.tui.main import call\nassert call({[*RUN, '--out', str(tmp_path)]}) == 0\n"
    libraries = ("torch", "diffusers", "pydantic", "typer", "rich", "networkx")
    call += f"print([name for name in {libraries} if name in sys.modules])"
    env = {**os.environ, "PYTHONPATH": str(ROOT / ".dev")}
    done = subprocess.run([sys.executable, "-c", call], env=env, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[1:] == ["[]"], done.stderr


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
        Connection(tmp_path / "none/engine.sock")


def test_ctrl_c_ends_it_and_its_socket_is_gone(engine: Path, served: tuple[Path, subprocess.Popen[str]]) -> None:
    served[1].send_signal(signal.SIGINT)
    assert served[1].wait(60) == 0
    assert list(engine.iterdir()) == []
