"""A sweep over a cluster of Ray makes each picture once, whoever is lost, and the very files that one process makes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.tui.conftest import PAINTS, ROOT, Cli, write

from latentgraph.graph.code_identity import programs

RUNS = 40
PATHS = os.pathsep.join([str(ROOT / ".dev"), str(ROOT)])


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Two machines of one processor each, as far as Ray knows."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as environment:
        for name, value in (("PYTHONPATH", PATHS), ("OMP_NUM_THREADS", "1"), ("RAY_USAGE_STATS_ENABLED", "0")):
            environment.setenv(name, value)
        started: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        started.add_node(num_cpus=1)
        environment.setenv("RAY_ADDRESS", started.address)
        try:
            yield
        finally:
            started.shutdown()


def _manifest(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines()[1:]]


def _pictures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".png"}


def _kill_a_worker(_: subprocess.Popen[bytes]) -> None:
    """Kill, in the middle of a run, a worker of the cluster that this process has started."""
    computing: list[psutil.Process] = []
    while not computing:
        below = psutil.Process().children(recursive=True)
        computing = [one for one in below if "ray::Worker.compute" in " ".join(one.cmdline())]
    computing[0].send_signal(signal.SIGKILL)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)


def _sweep(
    call: list[str], folder: Path, disturb: Callable[[subprocess.Popen[bytes]], None]
) -> tuple[int, list[dict[str, Any]]]:
    """The exit code and the events of a sweep on the cluster that is disturbed after its fifth run."""
    command = [sys.executable, "-m", "latentgraph.tui.main", *call, "--on", "ray", "--json"]
    events = []
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            left = 5
            for line in process.stdout:
                events.append(json.loads(line))
                left -= events[-1]["event"] == "sweep_run"
                if left == 0:
                    left = -1
                    disturb(process)
            return process.wait(60), events
        finally:
            process.kill()


def _each_once_whoever_is_lost(call: list[str], folder: Path) -> None:
    """A sweep that is stopped, goes on, and loses a worker, is what a sweep in one process is."""
    code, stopped = _sweep([*call, "far"], folder, _stop)
    assert code == 130
    assert stopped[-1]["cancelled"]
    code, went_on = _sweep([*call, "far"], folder, _kill_a_worker)
    assert code == 0
    lost = [one["message"] for one in went_on if one["event"] == "problem"]
    assert len(lost) == 1
    assert lost[0].startswith("a worker was lost (The actor died")
    assert lost[0].endswith("); what it computed is sent again")
    numbers = list(range(1, RUNS + 1))
    assert sorted(one["run"] for one in (*stopped, *went_on) if one["event"] == "sweep_run") == numbers
    assert sorted(entry["run"] for entry in _manifest(folder / "far")) == numbers

    subprocess.run([sys.executable, "-m", "latentgraph.tui.main", *call, "near"], cwd=folder, check=True,
                   capture_output=True)  # fmt: skip
    pictures = {name: {path.name: path.read_bytes() for path in (folder / name).iterdir() if path.suffix == ".png"}
                for name in ("far", "near")}  # fmt: skip
    assert len(pictures["near"]) == RUNS
    assert pictures["far"] == pictures["near"]
    read = {one["sources"] for name in ("far", "near") for one in _manifest(folder / name)}
    assert len(read) == 1
    assert {path.suffix for path in (folder / "far").iterdir()} == {".png", ".jsonl", ".lock"}


def test_a_sweep_that_loses_a_worker_is_complete_each_picture_once(cluster: None, slow: str, tmp_path: Path) -> None:
    values = f"seconds=0.1..{0.1 + (RUNS - 1) / 1000}..0.001"
    call = ["sweep", slow, "--nodes", PAINTS, "--set", "turns=1", "--zip", f"seed=1..{RUNS}", "--zip", values]
    _each_once_whoever_is_lost([*call, "--no-sheet", "--out"], tmp_path)


@pytest.mark.exhaustive
def test_pictures_of_the_shipped_model_are_the_same_bytes(cluster: None, tmp_path: Path) -> None:
    _each_once_whoever_is_lost(["sweep", "text_to_image", "--set", f"seed=1..{RUNS}", "--no-sheet", "--out"], tmp_path)


def test_runs_that_fail_and_runs_that_kill_are_told_and_files_go_along(
    cluster: None, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one test, for a cluster takes its time to start."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/own.txt").write_text("blue")
    (tmp_path / "red.txt").write_text("red")
    # Workers import nothing from the folder in which somebody works.
    (tmp_path / "PIL.py").write_text("raise SystemExit('imported from the working folder')")
    inner = {"nodes": {"mixed": {"type": "mix_paint", "inputs": {"recipe": "./own.txt"}}},
             "outputs": {"swatch": {"from": "mixed.swatch"}}}  # fmt: skip
    write(tmp_path / "inner/part.json", inner)
    outer = {
        "inputs": {"recipe": {"type": "string", "default": "none.txt"}, "number": {"type": "integer", "default": 1}},
        "nodes": {
            "number": {"type": "topple", "inputs": {"number": {"from": "inputs.number"}}},
            "painted": {"type": "paint", "inputs": {"number": {"from": "number.value"}}},
            "mixed": {"type": "mix_paint", "inputs": {"recipe": {"from": "inputs.recipe"}}},
            "part": {"type": "workflow", "file": "./inner/part.json"},
        },
        "outputs": {name: {"from": f"{name}.swatch"} for name in ("painted", "mixed", "part")},
    }
    write(tmp_path / "outer.json", outer)
    call = (
        "sweep",
        "outer.json",
        "--nodes",
        PAINTS,
        "--no-sheet",
        "--set",
        f'recipe=["red.txt", "{tmp_path}/red.txt"]',
    )
    far = cli(*call, "--set", "number=1..6", "--on", "ray", "--out", "far")
    assert far.code == 1
    entries = _manifest(tmp_path / "far")
    assert len(entries) == 12
    failed = {(one["values"]["number"], one.get("error", "").partition(":")[0]) for one in entries if "error" in one}
    assert failed == {(3, "number"), (5, "its worker was lost 3 times")}
    assert far.err.splitlines()[-1] == "4 failed: 8 of 12 runs are done; the same command goes on"

    near = cli(*call, "--set", "number=1,2,4,6", "--out", "near")
    assert (near.code, near.err) == (0, "")
    # The numbers of runs are others: pictures go by what made them.
    made = {
        folder: {
            (json.dumps(one["values"]), name): (tmp_path / folder / names[0]).read_bytes()
            for one in _manifest(tmp_path / folder)
            for name, names in one["files"].items()
        }
        for folder in ("far", "near")
    }
    assert made["far"] == made["near"]

    (tmp_path / "far" / _manifest(tmp_path / "far")[0]["files"]["part"][0]).unlink()
    again = cli(*call, "--set", "number=1,2", "--on", "ray", "--out", "far", "--json")
    ran = [one["run"] for one in again.events if one["event"] == "sweep_run"]
    assert ran == [entries[0]["run"]]
    assert again.code == 0

    monkeypatch.setattr("latentgraph.tui.sweep_ray.programs", lambda sources: {**programs(sources), "torch": "1.0"})
    other = cli(*call, "--set", "number=1", "--on", "ray", "--out", "other", "--quiet")
    assert other.code == 1
    assert other.err.startswith("error: --on ray: a worker on ")
    assert other.err.endswith(f" has other programs than this machine: torch {programs([])['torch']} (here 1.0); "
                              "install the same in both places\n")  # fmt: skip


def test_without_ray_it_says_what_to_install(cli: Cli, slow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    done = cli("sweep", slow, "--nodes", PAINTS, "--set", "seed=1,2", "--on", "ray")
    assert (done.code, done.err) == (
        2,
        'error: --on ray: Ray is not installed: pip install -c constraints.txt ".[ray]", in the clone of latentgraph\n',
    )


def test_what_is_no_cluster_and_what_does_not_answer_is_told(cli: Cli, slow: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    call = ("sweep", slow, "--nodes", PAINTS, "--set", "seed=1,2")
    done = cli(*call, "--on", f"ray://127.0.0.1:{port}")
    assert (done.code, done.err) == (
        2,
        f"error: --on ray://127.0.0.1:{port}: no Ray cluster answers at ray://127.0.0.1:{port}: Connection refused; "
        "its head is started by `ray start --head`\n",
    )
    assert cli(*call, "--on", "slurm").err == (
        "error: --on slurm: 'slurm' is no cluster; take ray, or ray://HOST:PORT\n"
    )
    assert cli(*call, "--workers", "2").err == (
        "error: --workers says how many of a cluster: name it by --on ray or --on ray://HOST:PORT\n"
    )
    assert cli(*call, "--on", "ray", "--device", "cuda:1", "--out", "other").err == (
        "error: --device cuda:1: every worker has a GPU of its own; take --device cuda\n"
    )
