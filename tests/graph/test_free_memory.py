"""What main memory is free: of the system, of a container, of a limit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from latentgraph.graph.free_memory import _allowed_by_groups, free_memory


def test_no_more_is_free_than_the_system_has() -> None:
    assert 0 < free_memory() <= psutil.virtual_memory().total


@pytest.mark.parametrize(
    ("line", "folder", "limit", "used", "cached"),
    [
        ("0::/box/inner", "box/inner", "memory.max", "memory.current", "inactive_file"),
        ("4:cpu,memory:/box", "memory/box", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ],
)
def test_what_a_container_leaves_counts_with_the_files_that_it_can_forget(
    line: str, folder: str, limit: str, used: str, cached: str, tmp_path: Path
) -> None:
    own = tmp_path / "cgroup"
    own.write_text(f"{line}\n")
    group = tmp_path / folder
    group.mkdir(parents=True)
    (group / limit).write_text("1000\n")
    (group / used).write_text("700\n")
    (group / "memory.stat").write_text(f"anon 5\n{cached} 200\n")
    # Where the path of the host is not seen, its root is what the container sees of it.
    (group.parent / limit).write_text("max\n")
    assert list(_allowed_by_groups(tmp_path, own)) == [500]
    assert list(_allowed_by_groups(tmp_path, tmp_path / "none")) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only there is the address space of a process bounded")
def test_a_limit_of_the_address_space_counts() -> None:
    program = "from latentgraph.graph.free_memory import free_memory as f; print(f())"
    call = f"ulimit -v 1000000; exec {sys.executable} -c '{program}'"
    env = {"PYTHONPATH": str(Path(__file__).parents[2] / ".dev")}
    free = int(subprocess.run(["bash", "-c", call], env=env, capture_output=True, text=True, check=True).stdout)
    assert 500_000_000 < free < 1_024_000_000
