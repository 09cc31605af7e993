"""The GPU's benchmark runs whole where there is no GPU, on small models; what it measures there means nothing."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.bench import gpu_all, gpu_side

# Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")


@pytest.fixture(autouse=True)
def one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each side runs in this process, and compiles nothing."""
    real = subprocess.run

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[Any]:
        if "tests.bench.gpu_side" not in command:
            return real(command, **options)  # The compiler looks what the machine can do.
        side, kind, folder, written = command[3:]
        figures = gpu_side.measured(side, kind, folder, json.loads(written))
        return subprocess.CompletedProcess(command, 0, json.dumps(figures), "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)


@pytest.mark.parametrize(
    "part", ["exact", *(pytest.param(one, marks=pytest.mark.exhaustive) for one in ("fast", "sdxl", "batch"))]
)
def test_each_part_runs_to_its_last_line(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu_all.main(["--tiny", "cpu", "--turns", "1", "--only", part]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"\(must be at (least|most) [\d.]+\)", printed)
    for bits in re.findall(r"equal to diffusers bit for bit: (\w+)", printed):
        assert bits == "True"


def test_a_part_that_fails_is_told_and_the_next_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[str] = []

    def failing(bench: gpu_all.Bench) -> None:
        raise RuntimeError("CUDA error: too hot")

    parts = {"exact": failing, "fast": lambda bench: done.append("fast")}
    monkeypatch.setattr(gpu_all, "PARTS", parts)
    assert gpu_all.main(["--tiny", "cpu", "--only", "exact,fast"]) == 1
    assert done == ["fast"]
    assert "exact failed: RuntimeError: CUDA error: too hot\n" in capsys.readouterr().out


def test_a_model_that_was_stopped_while_it_was_built_is_built_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = gpu_all.Bench("cpu", tiny=True, turns=1, folder=tmp_path)

    def stopped(kind: str, folder: Path, device: str, *, tiny: bool) -> None:
        folder.mkdir()
        (folder / "model_index.json").write_text("{}")
        raise KeyboardInterrupt

    def whole(kind: str, folder: Path, device: str, *, tiny: bool) -> None:
        folder.mkdir()
        (folder / "model_index.json").write_text('{"whole": true}')

    monkeypatch.setattr(gpu_all, "build", stopped)
    with pytest.raises(KeyboardInterrupt):
        bench.model("sd1")
    monkeypatch.setattr(gpu_all, "build", whole)
    for _ in range(2):
        assert (bench.model("sd1") / "model_index.json").read_text() == '{"whole": true}'
    assert capsys.readouterr().out.count("# built sd1") == 1
