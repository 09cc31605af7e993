"""A target that cannot be written is a wrong call, whichever command it was given to; a full disk is not."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from tests.tui.conftest import BREAD, TOYS, Cli, write

from latentgraph.tui.messages import not_written


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "bread.json", "--nodes", TOYS, "--out", "file/x"),
        ("sweep", "bread.json", "--nodes", TOYS, "--set", "flour=500,505", "--out", "file/x"),
        ("schema", "--out", "file/x.json"),
        ("python", "bread.json", "--nodes", TOYS, "--out", "file/x.py"),
        ("export", "text_to_image", "--to", "comfyui", "-o", "file/x.json"),
        ("new", "workflow", "file/x"),
        ("new", "nodes", "file/x"),
        ("extract", "bread.json", "mix", "--nodes", TOYS, "--to", "file/x.json"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_a_target_that_cannot_be_written_is_a_wrong_call(cli: Cli, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    write(tmp_path / "bread.json", BREAD)
    (tmp_path / "file").write_text("")
    done = cli(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert "file" in done.err
    assert sorted(one.name for one in tmp_path.iterdir()) == ["bread.json", "file"]


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, 1), (errno.EDQUOT, 1), (errno.EACCES, 2), (errno.EROFS, 2), (errno.ENOENT, 2)]
)
def test_a_full_disk_is_no_mistake_of_the_call(number: int, code: int) -> None:
    why = os.strerror(number)
    error = not_written("a.json", OSError(number, why))
    assert (error.exit_code, str(error)) == (code, f"a.json cannot be written: {why}")
