"""What a killed process left half written goes, and nothing else does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.graph.toys import toy_document, toy_registry

from latentgraph.graph.files import remove_abandoned, temporary, write_new, write_whole
from latentgraph.graph.run import Engine

KILLED = """
import os, signal, sys
from pathlib import Path
from latentgraph.graph.files import temporary
temporary(Path(sys.argv[1])).write_text("half")
os.kill(os.getpid(), signal.SIGKILL)
"""


def _killed(folder: Path) -> Path:
    """The file that a process has left which is no more."""
    before = set(folder.iterdir())
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False)
    assert done.returncode != 0
    (left,) = set(folder.iterdir()) - before
    return left


def _aged(file: Path) -> Path:
    os.utime(file, (time.time() - 90_000,) * 2)
    return file


def test_only_what_nobody_writes_any_more_is_removed(tmp_path: Path) -> None:
    dead = _killed(tmp_path)
    assert re.fullmatch(r"\.latentgraph-[0-9a-f]{8}-\d+-\w+\.tmp", dead.name)
    mine = temporary(tmp_path)
    elsewhere = re.sub("[0-9a-f]{8}", "0" * 8, dead.name, count=1)
    names = [elsewhere, ".notes.tmp", "a.tmp", f"{dead.name}.png", f"x{dead.name}"]
    kept = {mine, *(tmp_path / name for name in names)}
    for name in names:
        (tmp_path / name).write_text("half")
    for name in names[1:]:
        _aged(tmp_path / name)
    remove_abandoned(tmp_path)
    assert set(tmp_path.iterdir()) == kept
    # After a day nobody on another machine is still at it, nor is a process that has the number of a dead one.
    _aged(tmp_path / elsewhere)
    _aged(mine)
    remove_abandoned(tmp_path)
    assert set(tmp_path.iterdir()) == kept - {mine, tmp_path / elsewhere}
    remove_abandoned(tmp_path / "none")


def test_a_run_removes_what_a_killed_one_left_in_its_folder(tmp_path: Path) -> None:
    _killed(tmp_path)
    bread = {"dough": {"type": "mix", "inputs": {"flour": 5}},
             "bread": {"type": "bake", "inputs": {"dough": {"from": "dough.dough"}}}}  # fmt: skip
    document = toy_document({"nodes": bread, "outputs": {"bread": {"from": "bread.bread"}}})
    Engine(toy_registry()).run(document, out=tmp_path).result()
    assert [path.name for path in tmp_path.iterdir()] == ["bread-1.txt"]


def test_what_is_whole_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", "1")
    write_whole(tmp_path / "a", "2")
    write_new(tmp_path / "b", "3")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "2", "b": "3"}
