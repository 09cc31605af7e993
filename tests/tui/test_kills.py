"""Kill -9 at any moment of a run, a sweep or a write leaves nothing torn, and what follows makes the same picture."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.tui.conftest import ROOT

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the victims are forks")


def _killed(folder: Path, *, runs: int, sweeps: int, writers: int, seed: int) -> dict[str, int]:
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(ROOT / ".dev"), str(ROOT)])}
    call = [sys.executable, "-m", "tests.tui.kills", str(folder), *map(str, (runs, sweeps, writers, seed))]
    done = subprocess.run(call, cwd=folder, env=env, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_a_few_kills_leave_nothing_wrong_behind(tmp_path: Path) -> None:
    told = _killed(tmp_path, runs=1, sweeps=0, writers=3, seed=1)
    assert (told["runs"] >= 1, told["writers"]) == (True, 3)
    assert told["pictures"] > 0


@pytest.mark.exhaustive
def test_200_kills_leave_nothing_wrong_behind(tmp_path: Path) -> None:
    told = _killed(tmp_path, runs=100, sweeps=50, writers=50, seed=7)
    print(told)
    assert told["runs"] + told["sweeps"] + told["writers"] >= 200
    assert told["went_on"] > 15
