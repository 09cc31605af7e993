"""The README is true: its files are written, its commands run in order, and they print what it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
_BLOCK = re.compile(r"```(\w+)(?: (\S+))?\n(.*?)```", re.DOTALL)


def _run(command: list[str], folder: Path) -> tuple[int, str]:
    environment = {**os.environ, "COLUMNS": "200", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def _console(block: str, folder: Path) -> int:
    """Run each command of a console block and look for the lines that stand below it; returns how many there were."""
    commands = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    for one in commands:
        line, *expected = one.strip().splitlines()
        words = shlex.split(line, comments=True)
        assert words[0] == "latentgraph"
        wanted = 2 if "# exits 2" in line else 0
        code, printed = _run([sys.executable, "-m", "latentgraph.tui.main", *words[1:]], folder)
        assert code == wanted, f"{line}\n{printed}"
        for text in expected:
            assert text in printed, f"{line}\nprinted\n{printed}\nwithout\n{text}"
    return len(commands)


def test_the_examples_of_the_readme_do_what_it_says(tmp_path: Path) -> None:
    commands = files = 0
    for kind, name, block in _BLOCK.findall(README):
        if name:
            (tmp_path / name).write_text(block)
            files += 1
        elif kind == "console":
            commands += _console(block, tmp_path)
        elif kind == "python":
            code, printed = _run([sys.executable, "-c", block], tmp_path)
            assert code == 0, printed
            assert "run_finished" in printed
    assert (commands, files) == (10, 4)
    assert (tmp_path / "outputs" / "image-1.png").exists()


def test_the_files_of_the_readme_are_written_canonically(tmp_path: Path) -> None:
    from latentgraph.graph.canonical import canonical_text
    from latentgraph.graph.document import parse_document

    blocks = [(name, block) for kind, name, block in _BLOCK.findall(README) if kind == "json"]
    assert len(blocks) == 3
    for name, block in blocks:
        assert canonical_text(parse_document(block.encode(), name).workflow) == block


def test_every_path_that_the_readme_names_is_there() -> None:
    root = Path(__file__).parents[1]
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (root / target).exists(), target


def test_the_lists_of_workflows_nodes_and_keys_are_what_is_there() -> None:
    from tests.readme import with_lists

    for name in ("keys", "workflows", "nodes"):
        assert README.count(f"<!-- {name} -->") == README.count(f"<!-- end of {name} -->") == 1
    assert with_lists(README) == README, "python -m tests.readme lists"
