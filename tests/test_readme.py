"""The README is true: its files are written, its commands run in order, and they print what it says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from latentgraph.tui.main import call

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
_BLOCK = re.compile(r"```(\w+)(?: (\S+))?\n(.*?)```", re.DOTALL)


Capture = pytest.CaptureFixture[str]


def _call(arguments: list[str], capsys: Capture) -> tuple[int, str]:
    """Run a command line in this process: what it imports is imported once for all of them."""
    capsys.readouterr()
    code = call(arguments)
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err, printed.err
    return code, printed.out + printed.err


def _console(block: str, capsys: Capture) -> int:
    """Run each command of a console block and look for the lines that stand below it; returns how many there were."""
    commands = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    for one in commands:
        line, *expected = one.strip().splitlines()
        words = shlex.split(line, comments=True)
        assert words[0] == "latentgraph"
        wanted = 2 if "# exits 2" in line else 0
        code, printed = _call(words[1:], capsys)
        assert code == wanted, f"{line}\n{printed}"
        for text in expected:
            assert text in printed, f"{line}\nprinted\n{printed}\nwithout\n{text}"
    return len(commands)


def test_the_examples_of_the_readme_do_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    # It changes the whole process, which belongs to the other tests too.
    monkeypatch.setattr("latentgraph.tui.run_command.quiet_libraries", lambda: None)
    commands = files = 0
    for kind, name, block in _BLOCK.findall(README):
        if name:
            (tmp_path / name).write_text(block)
            files += 1
        elif kind == "console":
            commands += _console(block, capsys)
        elif kind == "python":
            done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, check=False)
            assert (done.returncode, done.stderr) == (0, "")
            assert "run_finished" in done.stdout
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
