"""`extract` makes nodes a file, `inline` puts them back, and the picture is the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from tests.tui.conftest import BREAD, TOYS, Cli, write

from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.document import read_document


def test_nodes_become_a_file_and_come_back_to_the_byte(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path / "bread.json", BREAD)
    cli("fmt", "bread.json")
    before = (tmp_path / "bread.json").read_bytes()
    done = cli("extract", "bread.json", "mix", "knead", "--to", "dough", "--nodes", TOYS)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "wrote dough.json: takes flour, minutes; gives dough\nwrote bread.json, where 'dough' runs it\n"
    )
    for name in ("bread.json", "dough.json"):
        path = tmp_path / name
        assert path.read_text() == canonical_text(read_document(path).workflow)
        assert cli("check", name, "--set", "flour=5", "--nodes", TOYS).err == ""
    done = cli("inline", "bread.json", "dough", "--nodes", TOYS)
    assert (done.code, done.out) == (0, "wrote bread.json, with mix, knead in the place of 'dough'\n")
    assert (tmp_path / "bread.json").read_bytes() == before


def test_a_file_that_is_there_is_never_written_over(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path / "bread.json", BREAD)
    before = (tmp_path / "bread.json").read_bytes()
    (tmp_path / "dough.json").write_text("mine")
    done = cli("extract", "bread.json", "mix", "--to", "dough.json", "--nodes", TOYS)
    assert done.code == 2
    assert done.err == "error: dough.json is there already; choose another name, or move it away first\n"
    assert (tmp_path / "dough.json").read_text() == "mine"
    assert (tmp_path / "bread.json").read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["bread.json", "dough.json"]


def test_another_file_can_be_written_and_what_ships_needs_one(cli: Cli, tmp_path: Path) -> None:
    done = cli("extract", "text_to_image", "decoded", "checked", "--to", "picture.json")
    assert done.code == 2
    assert done.err == (
        "error: say with -o which file to write: what ships, or comes in by a pipe, has none of its own\n"
    )
    assert cli("extract", "text_to_image", "decoded", "checked", "--to", "picture.json", "-o", "mine.json").code == 0
    assert cli("check", "mine.json").out == "1 workflow: nothing to complain of\n"
    done = cli("inline", "mine.json", "picture", "-o", "again.json")
    assert done.code == 0
    shipped = json.loads((tmp_path / "again.json").read_text())
    assert list(shipped["nodes"]["checked"]["inputs"]) == ["safety_checker", "image"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("extract", "bread.json", "mix", "bake", "--to", "p.json"),
         "'knead' stands between them: the part would wait for itself. Choose it too."),
        (("extract", "bread.json", "kneed", "--to", "p.json"), "there is no node 'kneed'; did you mean 'knead'?"),
        (("extract", "bread.json", "mix", "loop/knead", "--to", "p.json"),
         "the nodes stand in different places; a part is made of nodes that stand in one"),
        (("extract", "bread.json", "mix/knead", "--to", "p.json"), "there is no loop 'mix'; only loops hold nodes"),
        (("extract", "bread.json", "mix", "--to", "../p.json"),
         "../p.json does not lie in the folder of bread.json: a workflow reads from its own folder only"),
        (("extract", "bread.json", "mix", "--to", "p.json", "--name", "bake"), "The name 'bake' is taken."),
        (("extract", "bread.json", "mix", "--to", "nowhere/p.json"),
         "nowhere/p.json cannot be written: No such file or directory"),
        (("inline", "bread.json", "mix"), "'mix' is no sub-workflow."),
        (("inline", "bread.json", "mix", "-o", "other/bread.json"),
         "other/bread.json lies in another folder than bread.json, from where its paths count"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_and_nothing_is_written(
    cli: Cli, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    write(tmp_path / "bread.json", BREAD)
    (tmp_path / "other").mkdir()
    done = cli(*arguments, "--nodes", TOYS)
    assert done.err == f"error: {sentence}\n"
    assert done.code == 2
    assert sorted(one.name for one in tmp_path.iterdir()) == ["bread.json", "other"]


def test_a_file_outside_the_workflows_folder_is_put_in_only_where_it_may_be_read(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    write(tmp_path / "bread.json", BREAD)
    write(folder / "whole.json", {"nodes": {"part": {"type": "workflow", "file": "../bread.json"}}})
    done = cli("inline", "given/whole.json", "part", "--nodes", TOYS)
    assert (done.code, done.err) == (
        2,
        "error: '../bread.json' lies outside the workflow's folder; give it by --set, or open its folder with "
        "--allow-read DIR\n",
    )
    assert cli("inline", "given/whole.json", "part", "--nodes", TOYS, "--allow-read", str(tmp_path)).code == 0


def test_the_picture_is_the_same_bit_for_bit(cli: Cli, tmp_path: Path) -> None:
    def pixels() -> bytes:
        done = cli("run", "mine.json", "--set", "num_inference_steps=2", "--quiet")
        assert done.code == 0, done.err
        with Image.open(tmp_path / done.out.split()[0]) as picture:
            return picture.tobytes()

    cli("new", "workflow", "mine")
    start, before = (tmp_path / "mine.json").read_bytes(), pixels()
    chosen = ["schedule", "random", "noise", "start", "denoise"]
    assert cli("extract", "mine.json", "denoise/step", "--to", "step.json").code == 0
    assert cli("extract", "mine.json", *chosen, "--to", "sample.json").code == 0
    words = ["tokens", "positive", "negative_tokens", "negative", "guidance"]
    assert cli("extract", "mine.json", *words, "--to", "words.json").code == 0
    assert list(read_document(tmp_path / "mine.json").workflow.nodes) == [
        "model", "words", "scheduler", "sample", "decoded", "checked",
    ]  # fmt: skip
    assert pixels() == before
    assert cli("inline", "mine.json", "sample").code == 0
    assert cli("inline", "mine.json", "words").code == 0
    assert cli("inline", "mine.json", "denoise/step").code == 0
    assert (tmp_path / "mine.json").read_bytes() == start
