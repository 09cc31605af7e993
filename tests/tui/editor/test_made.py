"""The runs that were made are remembered between sessions, privately and not for ever."""

from __future__ import annotations

import stat
from pathlib import Path

from latentgraph.tui.editor.made import MOST, MadeRun, MadeRuns


def made(number: int) -> MadeRun:
    return MadeRun("bread.json", "2026-01-02T03:04:05+00:00", "done", 1.5, {"seed": number}, (f"/tmp/{number}.png",))


def test_runs_come_back_as_they_were_and_nobody_else_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "state" / "runs.jsonl"
    runs = MadeRuns(file)
    runs.add(made(1))
    runs.add(made(2))
    assert MadeRuns(file).runs == [made(1), made(2)]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_lines_that_are_torn_or_hold_something_else_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    MadeRuns(file).add(made(1))
    with file.open("a") as lines:
        lines.write('{"title": 3, "ended": "", "outcome": "done"}\n[]\n{"title": "to')
    assert MadeRuns(file).runs == [made(1)]


def test_the_file_does_not_grow_for_ever(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    runs = MadeRuns(file)
    for number in range(4 * MOST + 1):
        runs.add(made(number))
    assert MadeRuns(file).runs == [made(number) for number in range(3 * MOST + 1, 4 * MOST + 1)]
    assert len(file.read_text().splitlines()) == MOST


def test_a_state_folder_that_cannot_be_written_costs_the_memory_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    runs = MadeRuns(tmp_path / "file" / "runs.jsonl")
    runs.add(made(1))
    assert len(runs) == 1
