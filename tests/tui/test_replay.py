"""Making a picture again from the record that it carries."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import PIL.Image
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


READS = {
    "inputs": {"file": {"type": "string", "default": "./words.txt"}},
    "nodes": {
        "read": {"type": "read", "inputs": {"file": {"from": "inputs.file"}}},
        "mix": {"type": "mix", "inputs": {"flour": 5}},
        "bake": {"type": "bake", "inputs": {"dough": {"from": "mix.dough"}}},
    },
    "outputs": {"text": {"from": "read.value"}, "bread": {"from": "bake.bread"}},
}


def test_a_file_that_was_given_is_found_again_from_where_the_command_ran(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "given.txt").write_text("hello")
    write(tmp_path / "read.json", READS)
    assert cli("run", "read.json", "--nodes", TOYS, "--set", "file=./given.txt").code == 0
    done = cli("run", "outputs/bread-1.txt", "--nodes", TOYS)
    assert (done.code, done.err) == (0, "")
    assert cli("check", "outputs/bread-1.txt", "--nodes", TOYS).code == 0


def test_a_strangers_record_reads_nothing_beside_it_that_it_does_not_know(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "given.txt").write_text("hello")
    write(tmp_path / "read.json", READS)
    cli("run", "read.json", "--nodes", TOYS, "--set", "file=./given.txt")
    (tmp_path / "given.txt").write_text("a secret of today")
    done = cli("run", "outputs/bread-1.txt", "--nodes", TOYS)
    assert done.code == 2
    assert (
        "E115 read.file: there is no './given.txt' (from inputs.file); say where it is now: --set file=PATH" in done.err
    )
    assert cli("run", "outputs/bread-1.txt", "--nodes", TOYS, "--set", "file=given.txt").code == 0


def test_the_file_of_the_recorded_contents_goes_before_one_beside_the_picture(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "given.txt").write_text("hello")
    write(tmp_path / "read.json", READS)
    cli("run", "read.json", "--nodes", TOYS, "--set", "file=./given.txt")
    (tmp_path / "outputs" / "given.txt").write_text("another")
    assert cli("run", "outputs/bread-1.txt", "--nodes", TOYS).err == ""
    (tmp_path / "given.txt").unlink()
    assert cli("run", "outputs/bread-1.txt", "--nodes", TOYS).err == (
        "warning: what read.file reads is not what the picture was made from; it will come out different\n"
    )


def test_a_sidecar_is_run_like_the_file_that_it_tells_of(cli: Cli, bread: str) -> None:
    told = ["--nodes", TOYS, "--sidecar", "--no-metadata"]
    assert cli("run", bread, *told, "--set", "flour=100").code == 0
    done = cli("run", "outputs/bread-1.json", *told, "--out", "again")
    assert (done.code, done.out, done.err) == (0, "bread: 390 g of bread → again/bread-1.txt\n", "")
    assert Path("again/bread-1.txt").read_text() == Path("outputs/bread-1.txt").read_text()
    Path("outputs/bread-1.txt").write_text("another loaf")
    assert cli("run", "outputs/bread-1.json", *told).err == (
        "warning: bread-1.txt beside it is not the file that bread-1.json tells of\n"
    )


def test_the_number_that_was_drawn_is_recorded(cli: Cli, slow: str) -> None:
    done = cli("run", slow, "--nodes", PAINTS, "--set", "seed=random", "--sidecar")
    drawn = int(done.out.rsplit("seed: ", 1)[1].split()[0])
    assert json.loads(Path("outputs/wall-1.json").read_text())["inputs"]["seed"] == drawn


def test_a_picture_of_a_shipped_workflow_is_made_again_with_its_picture(cli: Cli) -> None:
    arguments = ("--images", "none", "--set", "num_inference_steps=2")
    assert cli("run", "image_to_image", *arguments).code == 0
    done = cli("run", "outputs/image-1.png", "--images", "none")
    assert (done.code, done.err) == (0, "")
    first, again = (PIL.Image.open(f"outputs/image-{number}.png").tobytes() for number in (1, 2))
    assert first == again
