from __future__ import annotations

from pathlib import Path

from tests.tui.conftest import BREAD, TOYS, Cli, write


def test_each_problem_is_a_line_and_they_are_counted(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "wrong.json").write_text(
        '{"latentgraph": 1,\n "nodes": {"mix": {"type": "mixx"},\n'
        '  "dough": {"type": "mix", "inputs": {"flour": 7}}}}\n'
    )
    (tmp_path / "empty.json").write_text("")
    done = cli("check", "wrong.json", "empty.json", "text_to_image", "--nodes", TOYS)
    assert (done.code, done.err) == (2, "")
    lines = done.out.splitlines()
    assert "wrong.json:2:28: E101 mix: unknown node type 'mixx'; did you mean 'mix'?" in lines
    assert "wrong.json:3:48: E104 dough.flour: 7 is not a multiple of 5" in lines
    assert "empty.json: E003: the file is empty; `latentgraph new workflow NAME` makes a start" in lines
    assert lines[-1].startswith("3 workflows: ")


def test_a_node_type_that_nothing_comes_near_says_where_to_look(cli: Cli, tmp_path: Path) -> None:
    write(tmp_path / "fade.json", {"nodes": {"f": {"type": "qqqq"}}})
    assert cli("check", "fade.json").out.splitlines()[1] == (
        "fade.json:1:44: E101 f: unknown node type 'qqqq'; `latentgraph nodes` lists what there is; your own come with "
        "--nodes FILE.py"
    )


def test_warnings_alone_do_not_fail(cli: Cli, tmp_path: Path) -> None:
    data = {**BREAD, "inputs": {**BREAD["inputs"], "salt": {"type": "integer", "default": 1}}}  # type: ignore[dict-item]
    write(tmp_path / "salt.json", data)
    done = cli("check", "salt.json", "--nodes", TOYS)
    assert done.code == 0
    assert done.out.endswith("W203 inputs.salt: no node reads it\n1 workflow: 1 warning\n")


def test_values_are_checked_with_the_workflow(cli: Cli, bread: str) -> None:
    done = cli("check", bread, "--nodes", TOYS, "--set", "flour=7")
    assert (done.code, done.out) == (
        2,
        "--set flour=7: E104 inputs.flour: 7 is not a multiple of 5\n1 workflow: 1 error\n",
    )
    assert cli("check", bread, "--nodes", TOYS, "--set", "flour=10").out == "1 workflow: nothing to complain of\n"


def test_json_prints_problems_and_their_count_as_objects(cli: Cli, bread: str, tmp_path: Path) -> None:
    done = cli("check", bread, "nothere.json", "--nodes", TOYS, "--json")
    problem, counts = done.events
    assert done.code == 2
    assert (problem["code"], problem["file"], problem["message"]) == ("E001", "nothere.json", "there is no such file")
    assert counts == {"event": "checked", "files": 2, "errors": 1, "warnings": 0, "notes": 0}


def test_a_name_that_is_nearly_right_is_told_the_closest(cli: Cli, bread: str) -> None:
    for name, hint in (
        ("text_to_imag", "there is no shipped workflow and no file of this name; did you mean 'text_to_image'?"),
        ("bread", "there is no shipped workflow and no file of this name; did you mean 'bread.json'?"),
        ("bred.json", "there is no such file; did you mean 'bread.json'?"),
    ):
        assert cli("check", name).out == f"{name}: E001: {hint}\n1 workflow: 1 error\n"


def test_what_is_no_workflow_is_told_in_a_sentence(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "noise.png").write_bytes(b"\x89PNG but not really")
    (tmp_path / "bytes.json").write_bytes(b'{"latentgraph": 1, "\xff')
    for name in ("folder.png", "noise.png", "bytes.json", ".", "x" * 300, "a\0b"):
        done = cli("check", name)
        assert (done.code, done.err) == (2, "")
        assert done.out.endswith("1 workflow: 1 error\n")


def test_a_file_with_nodes_that_cannot_be_used_is_told(cli: Cli, bread: str, tmp_path: Path) -> None:
    (tmp_path / "none.py").write_text("x = 1\n")
    (tmp_path / "broken.py").write_text("import nothing_of_this_name\n")
    assert cli("check", bread, "--nodes", "none.py").err == (
        "error: none.py: declares no node; put @node(category=...) over a function\n"
    )
    done = cli("check", bread, "--nodes", "broken.py", "--json")
    assert done.code == 2
    assert done.events == [
        {
            "event": "problem",
            "severity": "error",
            "code": "",
            "message": "broken.py: cannot be imported: ModuleNotFoundError: No module named 'nothing_of_this_name'",
        }
    ]
