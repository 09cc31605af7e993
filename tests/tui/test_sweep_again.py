"""A sweep that is called again mixes no pictures of what it read then and now, and goes on with what it drew."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from tests.tui.conftest import PAINTS, Cli, write

from latentgraph.graph.batch_size import BatchSize
from latentgraph.graph.check import check
from latentgraph.graph.registry import Registry
from latentgraph.graph.sweep import Entry, Manifest
from latentgraph.tui.find import find_workflow
from latentgraph.tui.run_command import RunRequest
from latentgraph.tui.sweep_place import Sweep
from latentgraph.tui.sweep_sources import Sources

MIXED: dict[str, Any] = {
    "inputs": {
        "recipe": {"type": "string", "default": "one.txt"},
        "note": {"type": "string", "default": ""},
        "edge": {"type": "integer", "default": 16, "minimum": 1, "maximum": 500},
    },
    "nodes": {
        "mixed": {"type": "mix_paint", "inputs": {"recipe": {"from": "inputs.recipe"}, "edge": {"from": "inputs.edge"}}}
    },
    "outputs": {"swatch": {"from": "mixed.swatch"}},
}
BOTH = ('recipe=["one.txt", "two.txt"]', "edge=16,17")


@pytest.fixture
def mixed(tmp_path: Path) -> str:
    """A workflow that reads a file, and two files for it."""
    (tmp_path / "one.txt").write_text("red")
    (tmp_path / "two.txt").write_text("green")
    return str(write(tmp_path / "mixed.json", MIXED).relative_to(tmp_path))


def _call(cli: Cli, workflow: str, *settings: str, nodes: str = PAINTS) -> tuple[list[int], str]:
    """The numbers of the runs that are computed, and what is noted."""
    call = ["sweep", workflow, "--nodes", nodes, "--no-sheet", *[one for text in settings for one in ("--set", text)]]
    told = cli(*call, "--quiet")
    assert told.code == 0, told.err
    return [int(line.rpartition("-")[0][-4:]) for line in told.out.splitlines()], told.err


def _lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "sweep/manifest.jsonl").read_text("utf-8").splitlines()]


def _colour(path: Path) -> object:
    with PIL.Image.open(path) as picture:
        return picture.convert("RGB").getpixel((0, 0))


def test_a_run_that_read_a_file_that_changed_is_made_again_and_no_other(cli: Cli, mixed: str, tmp_path: Path) -> None:
    assert _call(cli, mixed, *BOTH)[0] == [1, 2, 3, 4]
    assert _call(cli, mixed, *BOTH)[0] == []
    (tmp_path / "one.txt").write_text("blue")
    call = ("sweep", mixed, "--nodes", PAINTS, "--no-sheet", "--set", BOTH[0], "--set", BOTH[1])
    told = cli(*call)
    assert [line for line in told.err.splitlines() if line.startswith("note: ")] == [
        "note: 2 of 4 runs are done already",
        "note: 2 of 4 runs are made again: what they read, or the code of their nodes, has changed since",
    ]
    assert [line["run"] for line in _lines(tmp_path)[1:]] == [1, 2, 3, 4, 1, 2]
    colours = [_colour(tmp_path / f"sweep/swatch-000{number}-1.png") for number in (1, 2, 3)]
    assert colours == [(0, 0, 255), (0, 0, 255), (0, 128, 0)]
    assert _call(cli, mixed, *BOTH)[0] == []
    (tmp_path / "two.txt").write_text("red")
    started = next(one for one in cli(*call, "--json").events if one["event"] == "sweep_started")
    assert (started["left"], started["changed"]) == (2, 2)


def test_a_run_whose_nodes_were_edited_is_made_again(cli: Cli, mixed: str, tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(Path(PAINTS).read_text())
    assert _call(cli, mixed, *BOTH, nodes="mine.py")[0] == [1, 2, 3, 4]
    assert _call(cli, mixed, *BOTH, nodes="mine.py")[0] == []
    mine.write_text(mine.read_text().replace("Path(recipe).read_text().strip()", "'blue'"))
    assert _call(cli, mixed, *BOTH, nodes="mine.py")[0] == [1, 2, 3, 4]
    assert _colour(tmp_path / "sweep/swatch-0001-1.png") == (0, 0, 255)


def test_runs_of_which_nobody_knows_what_they_read_are_taken_as_they_are(cli: Cli, mixed: str, tmp_path: Path) -> None:
    _call(cli, mixed, *BOTH)
    file = tmp_path / "sweep/manifest.jsonl"
    lines = [{name: value for name, value in line.items() if name != "sources"} for line in _lines(tmp_path)]
    # As before there was a digest.
    head = file.read_text().splitlines()[0]
    file.write_text("\n".join([head, *map(json.dumps, lines[1:]), ""]))
    (tmp_path / "one.txt").write_text("blue")
    assert _call(cli, mixed, *BOTH)[0] == []


def test_a_file_that_is_gone_leaves_what_was_made_of_it(cli: Cli, mixed: str, tmp_path: Path) -> None:
    _call(cli, mixed, *BOTH)
    (tmp_path / "one.txt").unlink()
    (tmp_path / "two.txt").write_text("blue")
    assert _call(cli, mixed, *BOTH)[0] == [3, 4]


def test_what_many_runs_read_is_looked_at_once(mixed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    registry = Registry.load([Path(PAINTS)])
    found = find_workflow(mixed, registry)
    access = replace(found.document.access(), seen={})
    sweep = Sweep(RunRequest(mixed, {}), found, {}, registry, BatchSize("1"), access)
    runs = [
        {"recipe": recipe, "note": f"note {number}", "edge": 1 + number}
        for recipe in ("one.txt", "two.txt")
        for number in range(100)
    ]
    looked = []

    def count(*arguments: Any, **options: Any) -> Any:
        looked.append(arguments)
        return check(*arguments, **options)

    monkeypatch.setattr("latentgraph.tui.sweep_sources.check", count)
    sources = Sources(sweep, runs)
    assert len({sources.of(values) for values in runs}) == 2
    # Each input that may name a file, and each file.
    assert len(looked) == 4


def test_a_run_that_was_forgotten_keeps_its_line_until_it_is_made_again(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path, {})
    manifest.add(Entry(3, {"seed": 1}, sources="0a"))
    manifest.forget({"seed": 1})
    assert manifest.done({"seed": 1}) is None
    again = Manifest(tmp_path, {})
    assert again.done({"seed": 1}) == Entry(3, {"seed": 1}, sources="0a")
    again.add(Entry(3, {"seed": 1}, sources="0b"))
    assert Manifest(tmp_path, {}).done({"seed": 1}) == Entry(3, {"seed": 1}, sources="0b")


def _seeds(folder: Path) -> list[int]:
    return [line["values"]["edge"] for line in _lines(folder) if "run" in line]


@pytest.mark.parametrize("option", ["--set", "--zip"])
def test_a_sweep_over_drawn_numbers_goes_on_with_them(cli: Cli, mixed: str, tmp_path: Path, option: str) -> None:
    call = ("sweep", mixed, "--nodes", PAINTS, "--no-sheet", option, "edge=random*4")
    assert cli(*call).code == 0
    first = _seeds(tmp_path)
    file = tmp_path / "sweep/manifest.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:-2]))
    again = cli(*call)
    assert [line for line in again.err.splitlines() if line.startswith("note: ")] == [
        "note: the same edge as drawn before: those runs are not all done",
        f"note: {len(first) - 2} of {len(first)} runs are done already",
    ]
    assert _seeds(tmp_path) == first
    # When all are done, and whatever was thrown away of them, the same command asks for others.
    (tmp_path / "sweep/swatch-0001-1.png").unlink()
    assert "drawn before" not in cli(*call).err
    assert _seeds(tmp_path)[: len(first)] == first
    assert len(_seeds(tmp_path)) > len(first)
    # Another command draws for itself.
    other = cli(*call, "--set", "note=new").err
    assert "drawn before" not in other
    assert "done already" not in other


def test_numbers_that_were_drawn_make_no_sweep_of_a_folder(tmp_path: Path) -> None:
    Manifest(tmp_path, {"inputs": {}}).draw(["--set seed=random*2"], {"seed": [4, 7]})
    assert Manifest(tmp_path, {"inputs": {}}).drawn(["--set seed=random*2"]) == {"seed": [4, 7]}
    assert Manifest(tmp_path, {"inputs": {}}).drawn(["--set seed=random*3"]) == {}
    assert Manifest(tmp_path, {"inputs": {"steps": 3}}).drawn(["--set seed=random*2"]) == {}
