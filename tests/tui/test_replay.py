"""Making a picture again from the record that it carries."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.tui.conftest import PAINTS, TOYS, Cli, write

RUN = "run"


@pytest.fixture
def baked(cli: Cli, bread: str) -> Path:
    """A loaf with its record, made with values that are no defaults."""
    assert cli("run", bread, "--nodes", TOYS, "--set", "flour=100", "--set", "crust=dark").code == 0
    return Path("outputs/bread-1.txt")


def _rewrite(loaf: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what a loaf says of the run that made it."""
    import ast

    lines = loaf.read_text().splitlines()
    for index, line in enumerate(lines):
        if line.startswith(f"#{RUN}="):
            run = json.loads(ast.literal_eval(line.split("=", 1)[1]))
            change(run)
            lines[index] = f"#{RUN}={json.dumps(run)!r}"
    loaf.write_text("\n".join(lines))


def test_a_file_makes_the_same_again_without_being_told_its_inputs(cli: Cli, baked: Path) -> None:
    done = cli("run", str(baked), "--nodes", TOYS, "--out", "again")
    assert (done.code, done.out, done.err) == (0, "bread: 390 g of bread → again/bread-1.txt\n", "")
    assert Path("again/bread-1.txt").read_text().splitlines()[0] == "390 g, dark"


def test_what_is_set_goes_before_what_the_file_says(cli: Cli, baked: Path) -> None:
    assert cli("run", str(baked), "--nodes", TOYS, "--set", "flour=200").out.startswith("bread: 490 g of bread")


def test_another_version_is_told_in_a_sentence(cli: Cli, baked: Path) -> None:
    _rewrite(baked, lambda run: run["versions"].update(torch="1.0"))
    done = cli("run", str(baked), "--nodes", TOYS)
    assert done.code == 0
    assert done.err.startswith("warning: the picture was made with torch 1.0 (here: ")
    assert done.err.endswith("; it may come out slightly different\n")


def test_the_setting_that_made_it_is_taken_again(cli: Cli, baked: Path) -> None:
    _rewrite(baked, lambda run: run.update(settings={**run["settings"], "oven": "wood"}, identities={}))
    first = cli("run", str(baked), "--nodes", TOYS, "--json").events[0]
    assert first["settings"]["oven"] == "wood"
    _rewrite(baked, lambda run: run["settings"].update(device="cuda:99"))
    done = cli("run", str(baked), "--nodes", TOYS)
    assert done.code == 0
    # No node of this workflow asks for a device, so another one makes no difference.
    assert done.err == ""


def test_a_file_that_it_read_and_that_changed_since_is_told(cli: Cli, tmp_path: Path) -> None:
    data = {
        "nodes": {
            "read": {"type": "read", "inputs": {"file": "./words.txt"}},
            "mix": {"type": "mix", "inputs": {"flour": 5}},
            "bake": {"type": "bake", "inputs": {"dough": {"from": "mix.dough"}}},
        },
        "outputs": {"text": {"from": "read.value"}, "bread": {"from": "bake.bread"}},
    }
    (tmp_path / "words.txt").write_text("first")
    write(tmp_path / "read.json", data)
    assert cli("run", "read.json", "--nodes", TOYS, "--out", ".").code == 0
    assert cli("run", "bread-1.txt", "--nodes", TOYS, "--out", ".").err == ""
    (tmp_path / "words.txt").write_text("second")
    assert cli("run", "bread-1.txt", "--nodes", TOYS, "--out", ".").err == (
        "warning: what read.file reads is not what the picture was made from; it will come out different\n"
    )


@pytest.mark.parametrize("run", [[], "words", {"settings": 3, "versions": [1], "identities": None, "sources": "x"}])
def test_a_record_that_somebody_made_up_is_borne(cli: Cli, baked: Path, run: Any) -> None:
    lines = [line for line in baked.read_text().splitlines() if not line.startswith(f"#{RUN}=")]
    baked.write_text("\n".join([*lines, f"#{RUN}={json.dumps(run)!r}"]))
    assert cli("run", str(baked), "--nodes", TOYS).code == 0


def test_a_picture_of_the_other_kind_carries_its_record_too(cli: Cli, slow: str) -> None:
    cli("run", slow, "--nodes", PAINTS, "--set", "edge=24")
    done = cli("run", "outputs/wall-1.png", "--nodes", PAINTS)
    assert done.out.endswith("swatch: 24 × 24 pixels of red → outputs/wall-2.png\n")
    assert cli("check", "outputs/wall-1.png", "--nodes", PAINTS).out == "1 workflow: nothing to complain of\n"
