"""A sweep runs every combination once, says so in its manifest, and goes on where it stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import PIL.Image
import pytest
from tests.tui.conftest import PAINTS, ROOT, TOYS, Cli

from latentgraph.graph.batch_size import BatchSize
from latentgraph.graph.sweep import Entry, Manifest
from latentgraph.tui.contact_sheet import write_sheet

PAINTED = {
    "latentgraph": 1,
    "inputs": {"colour": {"type": "string", "default": "red"}, "note": {"type": "string", "default": ""}},
    "nodes": {"swatch": {"type": "paint", "inputs": {"colour": {"from": "inputs.colour"}}}},
    "outputs": {"swatch": {"from": "swatch.swatch"}},
}


def _manifest(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines()[1:]]


def test_every_combination_is_run_once_the_last_axis_fastest(cli: Cli, bread: str, tmp_path: Path) -> None:
    done = cli("sweep", bread, "--nodes", TOYS, "--set", "flour=100,200", "--set", "crust=soft,dark")
    assert (done.code, done.err) == (0, "")
    entries = _manifest(tmp_path / "sweep")
    assert [entry["values"] for entry in entries] == [
        {"flour": flour, "crust": crust} for flour in (100, 200) for crust in ("soft", "dark")
    ]
    assert [entry["files"] for entry in entries] == [{"bread": [f"bread-000{n}-1.txt"]} for n in (1, 2, 3, 4)]
    assert (tmp_path / "sweep/bread-0004-1.txt").read_text().startswith("490 g, dark")
    assert done.out.splitlines()[3].startswith("4 of 4  flour=200, crust=dark  ")


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ("flour=5..20..5", [5, 10, 15, 20]),
        ("flour=20..5..5", [20, 15, 10, 5]),
        ("flour=[100, 5]", [100, 5]),
        ("flour=@three.txt", [5, 10, 15]),
        ("minutes=0..0.8..0.1", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]),
        ("minutes=1..0..0.4", [1.0, 0.6, 0.2]),
        ("minutes=1,2.5", [1.0, 2.5]),
        ("crust=soft", ["soft"]),
    ],
)
def test_values_are_ranges_lists_and_lines_of_files(
    cli: Cli, bread: str, tmp_path: Path, setting: str, values: list[object]
) -> None:
    # With the mark that some editors put first.
    (tmp_path / "three.txt").write_text("\ufeff5\n10\n\n15\n", "utf-8")
    assert cli("sweep", bread, "--nodes", TOYS, "--set", setting).code == 0
    name = setting.partition("=")[0]
    assert [entry["values"][name] for entry in _manifest(tmp_path / "sweep")] == values  # type: ignore[index]


def test_what_is_zipped_goes_on_together(cli: Cli, bread: str, tmp_path: Path) -> None:
    done = cli("sweep", bread, "--nodes", TOYS, "--zip", "flour=100,200", "--zip", "crust=soft,dark")
    assert done.code == 0
    assert [entry["values"] for entry in _manifest(tmp_path / "sweep")] == [
        {"flour": 100, "crust": "soft"},
        {"flour": 200, "crust": "dark"},
    ]


def test_what_cannot_be_swept_is_told_and_nothing_runs(cli: Cli, bread: str, tmp_path: Path) -> None:
    done = cli(
        "sweep", bread, "--nodes", TOYS, "--set", "flour=1..3", "--set", "flower=1", "--set", "minutes=0..1..0",
        "--set", "crust=@none.txt", "--zip", "minutes=[1",
    )  # fmt: skip
    assert done.code == 2
    assert done.err.splitlines() == [
        "--set flour=1..3: E104 inputs.flour: 1 is not a multiple of 5",
        "--set: E117 inputs.flower: the workflow has no such input; did you mean 'flour'?",
        "--set minutes=0..1..0: E104 inputs.minutes: a range with steps of 0 has no end",
        "--set crust=@none.txt: E104 inputs.crust: 'none.txt' cannot be read: No such file or directory",
        '--zip minutes=[1: E104 inputs.minutes: it is no list of JSON, such as ["a star", "a ring"]',
    ]
    both = cli("sweep", bread, "--nodes", TOYS, "--zip", "flour=5,10", "--zip", "minutes=1")
    assert both.err == "--zip: E117: inputs that go on together need as many values each: flour has 2, minutes has 1\n"
    endless = cli("sweep", bread, "--nodes", TOYS, "--set", "minutes=0..1e999")
    assert endless.err == "--set minutes=0..1e999: E104 inputs.minutes: a range has two ends that are finite\n"
    large = f"flour=0..1{400 * '0'}"
    assert cli("sweep", bread, "--nodes", TOYS, "--set", large).err.endswith(" values; at most 100000 are one sweep\n")
    many = cli("sweep", bread, "--nodes", TOYS, "--set", "flour=5..50000..5", "--set", "minutes=0..50")
    assert many.err == "error: that makes 510000 runs; at most 100000 are one sweep\n"
    assert not (tmp_path / "sweep").exists()


def test_a_sweep_goes_on_with_what_is_not_done(cli: Cli, bread: str, tmp_path: Path) -> None:
    call = ("sweep", bread, "--nodes", TOYS, "--json", "--set")
    assert len(cli(*call, "flour=5,10,15").events) == 5
    (tmp_path / "sweep/bread-0002-1.txt").unlink()
    # More values than before are the same sweep.
    ran = [one["run"] for one in cli(*call, "flour=5,10,15,20").events if one["event"] == "sweep_run"]
    assert ran == [2, 4]
    manifest = tmp_path / "sweep/manifest.jsonl"
    manifest.write_text(manifest.read_text()[:-20])
    ran = [one["run"] for one in cli(*call, "flour=5,10,15,20").events if one["event"] == "sweep_run"]
    assert ran == [4]
    assert sorted(path.name for path in (tmp_path / "sweep").glob("*.txt")) == [
        f"bread-000{n}-1.txt" for n in (1, 2, 3, 4)
    ]


def test_a_run_that_is_asked_for_twice_is_one(cli: Cli, bread: str, tmp_path: Path) -> None:
    assert cli("sweep", bread, "--nodes", TOYS, "--set", "flour=5,10,5").code == 0
    assert [entry["values"] for entry in _manifest(tmp_path / "sweep")] == [{"flour": 5}, {"flour": 10}]


def test_a_folder_in_which_nothing_was_done_yet_may_become_another_sweep(
    cli: Cli, bread: str, slow: str, tmp_path: Path
) -> None:
    text = Path(bread).read_text()
    Path(bread).write_text(text.replace('"type": "mix"', '"type": "mixx"'))
    wrong = cli("sweep", bread, "--nodes", TOYS, "--set", "flour=5,10")
    assert (wrong.code, (tmp_path / "sweep/manifest.jsonl").exists()) == (2, True)
    Path(bread).write_text(text)
    assert cli("sweep", bread, "--nodes", TOYS, "--set", "flour=5,10").code == 0
    assert len(_manifest(tmp_path / "sweep")) == 2
    other = tmp_path / "other"
    other.mkdir()
    (other / "manifest.jsonl").write_text('{"somebody": "else"}\n')
    refused = cli("sweep", bread, "--nodes", TOYS, "--out", "other")
    assert (refused.code, (other / "manifest.jsonl").read_text()) == (2, '{"somebody": "else"}\n')


def test_a_sweep_whose_sub_workflow_was_edited_is_another(cli: Cli, bread: str, tmp_path: Path) -> None:
    whole = {
        "latentgraph": 1,
        "inputs": {"flour": {"type": "integer", "default": 5}},
        "nodes": {"loaf": {"type": "workflow", "file": bread, "inputs": {"flour": {"from": "inputs.flour"}}}},
        "outputs": {"bread": {"from": "loaf.bread"}},
    }
    (tmp_path / "whole.json").write_text(json.dumps(whole))
    call = ("sweep", "whole.json", "--nodes", TOYS, "--set", "flour=5,10")
    assert cli(*call).code == 0
    assert cli(*call).err == "note: 2 of 2 runs are done already\n"
    Path(bread).write_text(Path(bread).read_text().replace('"default": 10', '"default": 20'))
    assert cli(*call).err.startswith("error: sweep holds another sweep (of another workflow, ")


@pytest.mark.parametrize("text", ["two\u2028lines", "next\u0085line", "half \ud800 of a pair", "zwölf"])
def test_a_manifest_holds_any_text(tmp_path: Path, text: str) -> None:
    Manifest(tmp_path, {"inputs": {"text": text}}).add(Entry(1, {"text": text}))
    again = Manifest(tmp_path, {"inputs": {"text": text}})
    assert again.done({"text": text}) == Entry(1, {"text": text})


def test_what_a_kill_left_of_a_line_may_end_within_a_character(tmp_path: Path) -> None:
    Manifest(tmp_path, {}).add(Entry(1, {"text": "zwölf"}))
    file = tmp_path / "manifest.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole + '{"run": 2, "values": {"text": "ö'.encode()[:-1])
    assert Manifest(tmp_path, {}).done({"text": "zwölf"}) is not None
    assert file.read_bytes() == whole


def test_a_run_has_the_number_of_its_place_in_whatever_order_they_are_done(tmp_path: Path) -> None:
    runs = [{"seed": seed} for seed in range(1, 6)]
    manifest = Manifest(tmp_path, {})
    for number in (4, 2):
        manifest.add(Entry(number, runs[number - 1]))
    assert list(Manifest(tmp_path, {}).numbers([*runs, {"seed": 9}])) == [1, 2, 3, 4, 5, 6]


def test_the_folder_of_another_sweep_is_left_alone(cli: Cli, bread: str, slow: str, tmp_path: Path) -> None:
    cli("sweep", bread, "--nodes", TOYS, "--set", "flour=5")
    done = cli("sweep", slow, "--nodes", PAINTS, "--set", "seed=5")
    assert (done.code, done.err) == (
        2,
        "error: sweep holds another sweep (of another workflow, or with other settings); take another --out\n",
    )
    (tmp_path / "sweep/manifest.jsonl").open("a").write("nonsense\n")
    done = cli("sweep", bread, "--nodes", TOYS, "--set", "flour=5")
    assert done.err == "error: sweep/manifest.jsonl:3 is no line of a manifest; take another --out\n"


def test_the_contact_sheet_shows_every_picture(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "paint.json").write_text(json.dumps(PAINTED))
    done = cli("sweep", "paint.json", "--nodes", PAINTS, "--set", 'colour=["red", "green", "blue"]')
    assert done.out.splitlines()[-1] == "contact sheet: sweep/contact_sheet.png"
    sheet = PIL.Image.open(tmp_path / "sweep/contact_sheet.png")
    # 16 pixels wide, and shown 16 times as wide; below them a line of words.
    corners = [(8 + column * 264, 8 + row * 278) for column, row in ((0, 0), (1, 0), (0, 1))]
    colours = [(255, 0, 0), (0, 128, 0), (0, 0, 255)]
    assert [sheet.getpixel((x, y)) for x, y in corners] == colours
    assert [sheet.getpixel((x + 255, y + 255)) for x, y in corners] == colours
    words = sheet.crop((8, 8 + 256, 8 + 256, 8 + 270)).convert("L").histogram()
    assert sum(words[:64]) > 0  # dark letters on white


def test_the_contact_sheet_takes_any_text_and_does_without_a_picture_that_was_broken(cli: Cli, tmp_path: Path) -> None:
    for name, colour in (("red.png", (255, 0, 0)), ("blue.png", (0, 0, 255))):
        PIL.Image.new("RGB", (256, 256), colour).save(tmp_path / name)
    (tmp_path / "red.png").write_bytes((tmp_path / "red.png").read_bytes()[:60])
    pictures = [(tmp_path / name, {"prompt": "two\nlines"}) for name in ("red.png", "gone.png", "blue.png")]
    written = write_sheet(tmp_path, pictures)
    assert written is not None
    sheet = PIL.Image.open(written)
    assert [sheet.getpixel((8 + column * 264, 200 + row * 278)) for column, row in ((0, 0), (1, 0), (0, 1))] == [
        (255, 255, 255),
        (255, 255, 255),
        (0, 0, 255),
    ]


def test_others_see_no_more_of_the_contact_sheet_than_of_the_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    PIL.Image.new("RGB", (8, 8)).save(tmp_path / "picture.png")
    monkeypatch.setattr("latentgraph.graph.files.UMASK", 0o077)
    written = write_sheet(tmp_path, [(tmp_path / "picture.png", {})])
    assert written is not None
    assert written.stat().st_mode & 0o777 == 0o600


def test_a_label_is_one_line_that_steers_no_terminal(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "paint.json").write_text(json.dumps(PAINTED))
    done = cli("sweep", "paint.json", "--nodes", PAINTS, "--set", 'note=["two\\nlines", "\\u001b[31mred"]')
    assert [line.partition("  ")[2].partition("  ")[0] for line in done.out.splitlines()[:2]] == [
        "note=two\\nlines",
        "note=\\x1b[31mred",
    ]


def test_a_run_that_fails_is_told_and_the_others_are_made(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "part.json").write_text(
        json.dumps(
            {
                "latentgraph": 1,
                "inputs": {"strength": {"type": "number", "default": 1.0}},
                "nodes": {
                    "model": {"type": "load_model"},
                    "schedule": {
                        "type": "schedule",
                        "inputs": {"scheduler": {"from": "model.scheduler"}, "num_inference_steps": 10},
                    },
                    "left": {
                        "type": "skip_steps",
                        "inputs": {
                            "timesteps": {"from": "schedule.timesteps"},
                            "state": {"from": "schedule.state"},
                            "strength": {"from": "inputs.strength"},
                        },
                    },
                },
                "outputs": {"timesteps": {"from": "left.timesteps"}},
            }
        )
    )
    done = cli("sweep", "part.json", "--set", "strength=1.0,0.01,0.5")
    assert done.code == 1
    assert "strength=0.01  failed: left: ValueError: a strength of 0.01 leaves none of 10 steps" in done.out
    assert done.err == "1 failed: 2 of 3 runs are done; the same command goes on\n"
    assert [bool(entry.get("error")) for entry in _manifest(tmp_path / "sweep")] == [False, True, False]


def test_a_sweep_that_is_stopped_keeps_what_is_done_and_one_that_is_killed_goes_on(slow: str, tmp_path: Path) -> None:
    call = [sys.executable, "-m", "latentgraph.tui.main", "sweep", slow, "--nodes", PAINTS, "--set", "seed=1..6",
            "--set", "turns=5", "--set", "seconds=0.05", "--quiet"]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / ".dev"), str(ROOT)])}
    for number in (signal.SIGINT, signal.SIGKILL):
        process = subprocess.Popen(call, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        process.communicate(timeout=60)
        assert process.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
    subprocess.run(call, cwd=tmp_path, env=env, check=True, capture_output=True, timeout=60)
    entries = _manifest(tmp_path / "sweep")
    assert sorted(entry["run"] for entry in entries) == [1, 2, 3, 4, 5, 6]  # type: ignore[type-var]
    assert len(list((tmp_path / "sweep").glob("wall-*.png"))) == 6
    assert [path for path in (tmp_path / "sweep").iterdir() if path.suffix == ".tmp"] == []


def test_runs_go_together_where_they_may(cli: Cli, tmp_path: Path) -> None:
    call = ("sweep", "text_to_image", "--set", "seed=1..3", "--set", "num_inference_steps=2", "--batch", "2")
    done = cli(*call, "--quiet")
    assert (done.code, done.err) == (0, "")
    assert done.out.split() == [f"sweep/image-000{number}-1.png" for number in (1, 2, 3)]
    told = cli("run", "sweep/image-0001-1.png").err
    assert told == "warning: the picture was computed with 1 others at once; alone it may come out slightly different\n"
    assert cli(*call[:-1], "none").err == "error: --batch 'none' is no batch; take a number from 1 to 64, or auto\n"


def test_the_batch_grows_while_a_run_takes_less_time_for_it() -> None:
    size = BatchSize("auto")
    sizes = []
    for seconds in (1.0, 0.5, 0.49, 0.6):
        sizes.append(size.size)
        size.took(size.size, seconds)
    assert (sizes, size.size) == ([8, 16, 32, 16], 16)
    size.failed()
    assert size.size == 8
    assert BatchSize("3").size == 3
    with pytest.raises(ValueError, match="'many' is no batch; take a number from 1 to 64, or auto"):
        BatchSize("many")
