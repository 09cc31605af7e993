from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from tests.tui.conftest import Cli

RECIPES = str(Path(__file__).parent / "recipes.py")
WHOLE = "RECIPE\nsoup: water\n"
IN_PART = "RECIPE\nsoup: water\npie: bake\n"


@pytest.fixture
def kitchen(cli: Cli, tmp_path: Path) -> Cli:
    (tmp_path / "whole.txt").write_text(WHOLE)
    (tmp_path / "part.txt").write_text(IN_PART)
    return cli


def test_a_file_that_is_translated_wholly_is_written_and_said_to_be(kitchen: Cli, tmp_path: Path) -> None:
    done = kitchen("import", "whole.txt", "-o", "mine.json", "--nodes", RECIPES)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"wrote mine.json, a workflow of Recipes\nnote: lies in {tmp_path.name}\n"
    assert json.loads((tmp_path / "mine.json").read_text())["nodes"] == {
        "soup": {"type": "stir", "inputs": {"words": "water"}}
    }
    assert kitchen("check", "mine.json", "--nodes", RECIPES).code == 0


def test_what_is_not_translated_is_listed_and_kept_as_a_muted_node(kitchen: Cli, tmp_path: Path) -> None:
    done = kitchen("import", "part.txt", "--nodes", RECIPES)
    assert done.code == 3
    assert done.out.splitlines()[2:] == [
        "1 node is not translated:",
        "  line 'pie: bake': oven: there is no oven; stir it",
    ]
    checked = kitchen("check", "part.json", "--nodes", RECIPES)
    assert checked.code == 0
    assert "W204 pie: the muted node is of the unknown type 'recipe.oven'" in checked.out


def test_a_program_gets_one_object(kitchen: Cli) -> None:
    done = kitchen("import", "part.txt", "--json", "--nodes", RECIPES)
    (line,) = done.out.splitlines()
    assert done.code == 3
    assert json.loads(line)["untranslated"] == [
        {"place": "line 'pie: bake'", "node": "oven", "reason": "there is no oven", "hint": "stir it"}
    ]
    assert (json.loads(line)["file"], json.loads(line)["format"]) == ("part.json", "recipe")


def test_a_file_that_is_there_is_only_replaced_when_asked(kitchen: Cli, tmp_path: Path) -> None:
    (tmp_path / "whole.json").write_text("mine")
    done = kitchen("import", "whole.txt", "--nodes", RECIPES)
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: whole.json is there already; choose another with -o, or -f to replace it\n"
    assert (tmp_path / "whole.json").read_text() == "mine"
    assert kitchen("import", "whole.txt", "-f", "--nodes", RECIPES).code == 0
    assert json.loads((tmp_path / "whole.json").read_text())["latentgraph"] == 1


def test_a_pipe_is_read_and_written(kitchen: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(WHOLE.encode())))
    done = kitchen("import", "-", "-o", "-", "--nodes", RECIPES)
    assert done.code == 0
    assert json.loads(done.out)["latentgraph"] == 1
    assert done.err.startswith("note: lies in ")


def test_a_file_that_cannot_be_read_leaves_nothing_behind(kitchen: Cli, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text("RECIPE\nsoup\n")
    done = kitchen("import", "bad.txt", "-o", "mine.json", "--nodes", RECIPES)
    assert (done.code, done.err) == (2, "bad.txt: E007: no recipe has a line 'soup'; write 'name: words'\n")
    assert not (tmp_path / "mine.json").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "the file is empty"),
        (b'{"latentgraph": 1, "nodes": {}}', "this is a workflow of latentgraph already; `latentgraph run`"),
        (b'[{"title": "Image"}]', "the file is JSON, but no workflow of a program that is known here"),
        (b'{"title": "Image"}', "the file is JSON, but no workflow of a program that is known here"),
        (b"import json", "the file is neither JSON nor a picture"),
        (b"\x89PNG\r\n\x1a\n....", "the picture does not say how it was made; pictures lose it when they are edited"),
        (b"\x89PNG\r\n\x1a\n....iTXtlatentgraph.workflow", "latentgraph made this picture; `latentgraph run`"),
        (b"[" * 1000000, "the file is neither JSON nor a picture"),
    ],
)  # fmt: skip
def test_a_file_of_no_other_program_gets_a_sentence(cli: Cli, tmp_path: Path, text: bytes, sentence: str) -> None:
    (tmp_path / "x.json").write_bytes(text)
    done = cli("import", "x.json", "-o", "y.json")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"x.json: E007: {sentence}")
    assert not (tmp_path / "y.json").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nothing.json",), "nothing.json: E001: there is no such file"),
        (("folder", "-o", "y.json"), "folder: E001: this is a folder"),
        (("whole.txt", "-o", "folder"), "error: folder is a folder; name a file in it"),
        (("whole.txt", "-o", "no/y.json"), "error: there is no folder 'no'; make it first"),
        (("whole.txt", "--models", "no"), "error: --models: there is no folder 'no'"),
        (("a\0b",), "a\\x00b: E001: cannot be read: embedded null byte"),
        (("whole.txt", "-o", "-", "--json"), '{"event": "problem"'),
    ],
)
def test_a_wrong_call_gets_a_sentence(kitchen: Cli, tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    (tmp_path / "folder").mkdir()
    done = kitchen("import", *arguments)
    assert done.code == 2
    assert (done.err or done.out).startswith(sentence)


def test_a_file_of_another_program_is_never_taken_for_the_place_to_write_to(cli: Cli, tmp_path: Path) -> None:
    theirs = json.dumps({"1": {"class_type": "KSampler", "inputs": {}}})
    (tmp_path / "portrait.json").write_text(theirs)
    assert cli("import", "portrait.json", "-f").code == 3
    assert (tmp_path / "portrait.json").read_text() == theirs
    assert json.loads((tmp_path / "portrait-latentgraph.json").read_text())["latentgraph"] == 1
