from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.tui.conftest import BREAD, PAINTS, TOYS, Cli, write


def test_a_run_says_what_came_out_and_where_it_was_saved(cli: Cli, bread: str, tmp_path: Path) -> None:
    done = cli("run", bread, "--nodes", TOYS)
    assert (done.code, done.err) == (0, "")
    assert done.out == "bread: 790 g of bread → outputs/bread-1.txt\n"
    assert (tmp_path / "outputs/bread-1.txt").read_text().startswith("790 g, soft")


def test_what_is_set_is_parsed_by_the_declared_type(cli: Cli, bread: str) -> None:
    done = cli("run", bread, "--nodes", TOYS, "--set", "flour=100", "--set", "minutes=1.5", "--set", "crust=dark")
    assert done.out == "bread: 398 g of bread → outputs/bread-1.txt\n"


def test_what_is_set_goes_before_what_a_file_sets(cli: Cli, bread: str, tmp_path: Path) -> None:
    (tmp_path / "inputs.json").write_text('{"flour": 100, "minutes": 0}')
    done = cli("run", bread, "--nodes", TOYS, "--inputs", "inputs.json", "--set", "flour=200")
    assert done.out == "bread: 500 g of bread → outputs/bread-1.txt\n"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("flour=7", "--set flour=7: E104 inputs.flour: 7 is not a multiple of 5"),
        ("flour=2.5", '--set flour=2.5: E104 inputs.flour: "2.5" is not an integer, such as 7'),
        ("flour=", '--set flour=: E104 inputs.flour: "" is not an integer, such as 7'),
        ("minutes=nan", "--set minutes=nan: E104 inputs.minutes: NaN is not a finite number"),
        ("minutes=ten", '--set minutes=ten: E104 inputs.minutes: "ten" is not a number, such as 7.5'),
        ("crust=crisp", '--set crust=crisp: E104 inputs.crust: "crisp" is not one of "soft", "dark"'),
        ("flower=5", "--set: E117 inputs.flower: the workflow has no such input; did you mean 'flour'?"),
        ("flour", "--set: E117: 'flour' sets nothing; write --set flour=VALUE"),
    ],
)
def test_a_value_that_does_not_fit_is_told_and_nothing_runs(cli: Cli, bread: str, setting: str, message: str) -> None:
    done = cli("run", bread, "--nodes", TOYS, "--set", setting)
    assert (done.code, done.out, done.err) == (2, "", message + "\n")
    assert not Path("outputs").exists()


def test_every_wrong_value_is_told_at_once(cli: Cli, bread: str, tmp_path: Path) -> None:
    (tmp_path / "inputs.json").write_text('{\n  "flour": "5",\n  "salt": 1\n}')
    done = cli("run", bread, "--nodes", TOYS, "--inputs", "inputs.json", "--set", "minutes=x")
    assert done.code == 2
    assert done.err.splitlines() == [
        'inputs.json:2:12: E104 inputs.flour: "5" is a string; takes integer',
        "inputs.json:3:3: E117 inputs.salt: the workflow has no such input; there are: crust, flour, minutes",
        '--set minutes=x: E104 inputs.minutes: "x" is not a number, such as 7.5',
    ]


def test_a_fast_run_says_that_it_is_one_and_its_events_too(cli: Cli, bread: str) -> None:
    done = cli("run", bread, "--nodes", TOYS, "--fast")
    said = (
        "note: fast mode: models are compiled, which takes minutes the first time; "
        "pictures are a little different from those of an exact run (leave out --fast)\n"
    )
    assert (done.code, done.err) == (0, said)
    told = cli("run", bread, "--nodes", TOYS, "--fast", "--json")
    assert (told.err, told.events[0]["settings"]["speed"]) == ("", "fast")
    assert "fast mode" not in cli("run", bread, "--nodes", TOYS).err


@pytest.mark.parametrize(
    ("setting", "hint"),
    [
        ("seed=-1", "-1 is below the minimum 0; seed=random draws one"),
        ("noise_seed=-1", "-1 is below the minimum 0; noise_seed=random draws one"),
        ("steps=-1", "-1 is below the minimum 0"),
        ("seed=99", "99 is above the maximum 9"),
    ],
)
def test_who_means_a_random_seed_by_a_negative_one_is_told_the_word(
    cli: Cli, tmp_path: Path, setting: str, hint: str
) -> None:
    declared = {"type": "integer", "minimum": 0, "maximum": 9, "default": 1}
    write(tmp_path / "paint.json", {"inputs": dict.fromkeys(("seed", "noise_seed", "steps"), declared), "nodes": {}})
    name = setting.partition("=")[0]
    done = cli("run", "paint.json", "--set", setting)
    assert (done.code, done.err) == (2, f"--set {setting}: E104 inputs.{name}: {hint}\n")


def test_a_drawn_number_is_shown_and_recorded(cli: Cli, slow: str) -> None:
    done = cli("run", slow, "--nodes", PAINTS, "--set", "seed=random")
    name, _, rest = done.out.splitlines()[-1].partition(": ")
    drawn = int(rest.removesuffix(" (drawn)"))
    assert name == "seed"
    assert 0 <= drawn < 2**32
    again = cli("run", "outputs/swatch-1.png", "--nodes", PAINTS, "--json") if Path(
        "outputs/swatch-1.png"
    ).exists() else cli("run", "outputs/wall-1.png", "--nodes", PAINTS, "--json")  # fmt: skip
    assert again.events[0]["inputs"]["seed"] == drawn


def test_a_type_that_cannot_be_written_says_what_to_do_instead(cli: Cli, tmp_path: Path) -> None:
    data = {
        "inputs": {"dough": {"type": "Dough"}},
        "nodes": {"bake": {"type": "bake", "inputs": {"dough": {"from": "inputs.dough"}}}},
        "outputs": {"bread": {"from": "bake.bread"}},
    }
    file = write(tmp_path / "oven.json", data)
    done = cli("run", file.name, "--nodes", TOYS, "--set", "dough=soft")
    assert (done.code, done.err) == (
        2,
        "--set dough=soft: E104 inputs.dough: Dough values cannot be written on the command line; let a node of the "
        "workflow make it (`mix`), and declare what that node needs as the input\n",
    )


def test_until_stops_at_a_node_and_gives_its_outputs(cli: Cli, bread: str) -> None:
    done = cli("run", bread, "--nodes", TOYS, "--until", "mix")
    assert (done.code, done.out) == (0, "mix.dough: 500 g flour, 300 g water\n")
    wrong = cli("run", bread, "--nodes", TOYS, "--until", "mixx")
    assert (wrong.code, wrong.err) == (2, "E105: there is no node 'mixx' to stop at; did you mean 'mix'?\n")


def test_files_are_counted_up_unless_overwriting(cli: Cli, bread: str) -> None:
    quiet = ("run", bread, "--nodes", TOYS, "--quiet", "--out", "baked")
    assert [cli(*quiet).out, cli(*quiet).out] == ["baked/bread-1.txt\n", "baked/bread-2.txt\n"]
    assert cli(*quiet, "--overwrite").out == "baked/bread-1.txt\n"


def test_without_metadata_a_file_says_nothing_of_its_making(cli: Cli, bread: str) -> None:
    cli("run", bread, "--nodes", TOYS, "--no-metadata")
    assert Path("outputs/bread-1.txt").read_text() == "790 g, soft"
    done = cli("run", "outputs/bread-1.txt", "--nodes", TOYS)
    assert (done.code, done.err) == (
        2,
        "outputs/bread-1.txt: E001: the file carries no record of a workflow; only files that latentgraph wrote, with "
        "their metadata left in, can be made again; `latentgraph import` takes pictures of other programs\n",
    )


def test_json_prints_one_object_a_line_and_ends_with_outputs_and_files(cli: Cli, slow: str) -> None:
    done = cli("run", slow, "--nodes", PAINTS, "--json", "--set", "edge=101", "--set", "turns=2")
    assert (done.code, done.err) == (0, "")
    names = [event["event"] for event in done.events]
    assert names[0] == "run_started"
    assert names.count("node_progress") == 2
    assert {"event": "warning", "node": "swatch", "message": "that takes much paint"} in done.events
    last = done.events[-1]
    assert last["event"] == "run_finished"
    assert last["outputs"] == {"numbers": "2 values", "swatch": "101 × 101 pixels of red"}
    assert last["files"] == {"wall": ["outputs/wall-1.png"], "swatch": ["outputs/wall-1.png"]}


def test_json_tells_problems_before_the_run_as_objects_too(cli: Cli, bread: str) -> None:
    done = cli("run", bread, "--nodes", TOYS, "--json", "--set", "flour=7")
    assert (done.code, done.err) == (2, "")
    assert done.events == [
        {
            "event": "problem",
            "severity": "error",
            "code": "E104",
            "message": "7 is not a multiple of 5",
            "hint": "",
            "node": "inputs",
            "port": "flour",
            "file": "--set flour=7",
            "line": None,
            "column": None,
        }
    ]
    for arguments in (["run", "--json", "--colour"], ["run", bread, "--json", "--out", bread]):
        wrong = cli(*arguments)
        assert (wrong.code, wrong.err) == (2, "")
        assert [event["severity"] for event in wrong.events] == ["error"]


def test_a_node_that_fails_is_named_with_its_reason(cli: Cli, tmp_path: Path) -> None:
    data = {
        "nodes": {"luck": {"type": "fail", "inputs": {"text": "this"}}},
        "outputs": {"text": {"from": "luck.value"}},
    }
    file = write(tmp_path / "fail.json", data).name
    done = cli("run", file, "--nodes", TOYS)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: the node 'luck' failed: RuntimeError: no luck with this (toys.py, line ")
    as_json = cli("run", file, "--nodes", TOYS, "--json")
    assert (as_json.code, as_json.err) == (1, "")
    assert as_json.events[-1] == {"event": "node_failed", "node": "luck", "message": "RuntimeError: no luck with this"}
    assert "Traceback" in cli("run", file, "--nodes", TOYS, "--debug").err


def test_warnings_of_the_check_and_of_nodes_are_told_on_standard_error(cli: Cli, tmp_path: Path) -> None:
    data = {**BREAD, "nodes": {**BREAD["nodes"], "idle": {"type": "count", "inputs": {"to": 3}}}}  # type: ignore[dict-item]
    file = write(tmp_path / "idle.json", data).name
    done = cli("run", file, "--nodes", TOYS, "--set", "minutes=31")
    assert done.code == 0
    assert done.out == "bread: 769 g of bread → outputs/bread-1.txt\n"
    unused, long = done.err.splitlines()
    assert unused.endswith("W201 idle: nothing uses it; link one of its outputs, or delete it")
    assert long == "warning: knead: more than half an hour is too long"


def test_a_folder_for_the_files_that_cannot_be_is_refused_before_the_run(cli: Cli, bread: str) -> None:
    done = cli("run", bread, "--nodes", TOYS, "--out", f"{bread}/inside")
    assert (done.code, done.err) == (2, "error: --out bread.json/inside: 'bread.json' is a file; a folder is wanted\n")
    done = cli("run", bread, "--nodes", TOYS, "--out", "x" * 300)
    assert (done.code, done.err) == (2, f"error: --out {'x' * 300}: File name too long\n")


def test_a_workflow_cannot_write_outside_the_folder(cli: Cli, tmp_path: Path) -> None:
    for label in ("../escaped", "/tmp/escaped", "a/b", ""):
        data = {
            "nodes": {
                "mix": {"type": "mix", "inputs": {"flour": 5}},
                "bake": {"type": "bake", "inputs": {"dough": {"from": "mix.dough"}}},
                "sell": {"type": "sell", "inputs": {"bread": {"from": "bake.bread"}, "label": label}},
            }
        }
        done = cli("run", write(tmp_path / "sell.json", data).name, "--nodes", TOYS)
        sentence = f"{label!r} is no name for a file: letters, digits, '_', '-', '.' and blanks"
        assert (done.code, done.err) == (1, f"error: the node 'sell' failed: {sentence}\n")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["sell.json"]


def test_a_workflow_reads_only_what_it_was_given(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    inside = tmp_path / "stranger"
    inside.mkdir()
    data = {
        "inputs": {"file": {"type": "string", "default": "../secret.txt"}},
        "nodes": {"read": {"type": "read", "inputs": {"file": {"from": "inputs.file"}}}},
        "outputs": {"text": {"from": "read.value"}},
    }
    file = str(write(inside / "read.json", data).relative_to(tmp_path))
    refused = cli("run", file, "--nodes", TOYS)
    assert refused.code == 2
    assert refused.err.endswith(
        "E115 read.file: '../secret.txt' lies outside the workflow's folder (from inputs.file); give it by --set, or "
        "open its folder with --allow-read DIR\n"
    )
    for extra in (["--allow-read", "."], ["--set", "file=secret.txt"]):
        assert cli("run", file, "--nodes", TOYS, *extra).out == "text: 'secret'\n"


def test_the_settings_of_the_run_are_refused_in_a_sentence(cli: Cli) -> None:
    done = cli("run", "text_to_image", "--device", "cuda:99")
    assert done.code == 2
    assert done.err.startswith("E104 --device: device 'cuda:99' is not here: ")
    done = cli("run", "text_to_image", "--dtype", "int4")
    assert (done.code, done.err) == (
        2,
        "E104 --dtype: 'int4' is no precision; take auto, float32, float16 or bfloat16\n",
    )


def test_a_way_to_show_pictures_that_is_none_is_refused(cli: Cli) -> None:
    done = cli("run", "text_to_image", "--images", "ascii")
    assert done.code == 2
    assert "'ascii' is none of auto, none, kitty, sixel, blocks" in done.err


def test_pictures_are_drawn_into_a_pipe_only_when_asked_for(cli: Cli, slow: str) -> None:
    assert "▀" not in cli("run", slow, "--nodes", PAINTS).out
    assert cli("run", slow, "--nodes", PAINTS, "--images", "blocks", "--set", "edge=8").out.count("▀") == 48 * 24


def test_the_inputs_of_a_run_are_reported_as_they_were_given(cli: Cli, bread: str) -> None:
    first = json.loads(cli("run", bread, "--nodes", TOYS, "--json", "--set", "flour=15").out.splitlines()[0])
    assert first["inputs"] == {"flour": 15, "crust": "soft", "minutes": 10}


def test_a_failure_in_a_node_of_ones_own_tells_its_line(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from latentgraph.graph.node import node\n\n@node(category='x')\ndef halve(number: int) -> int:\n"
        "    return number // 0\n"
    )
    (tmp_path / "mine.json").write_text(
        '{"latentgraph": 1, "nodes": {"half": {"type": "halve", "inputs": {"number": 4}}}, '
        '"outputs": {"half": {"from": "half.value"}}}'
    )
    failed = cli("run", "mine.json", "--nodes", "mine.py")
    assert failed.code == 1
    assert failed.err.splitlines()[-1].startswith("error: the node 'half' failed: ZeroDivisionError: ")
    assert failed.err.endswith(" (mine.py, line 5)\n")


def test_an_input_given_as_an_option_is_told_how_it_is_set(cli: Cli) -> None:
    wrong = cli("run", "text_to_image", "--prompt", "a star")
    assert wrong.code == 2
    assert "No such option: --prompt; an input of the workflow is set by --set NAME=VALUE" in wrong.err
