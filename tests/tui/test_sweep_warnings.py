"""What the runs of a sweep warn of is told once, counted at the end, and not lost when the sweep is called again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.tui.conftest import PAINTS, Cli

from latentgraph.graph.events import Warned
from latentgraph.graph.sweep import Entry, Manifest, SweepError
from latentgraph.tui.sweep_warnings import SweepWarnings

MUCH = "that takes much paint"
FLAGGED = "the safety checker flagged the image, which was made black; another prompt or seed may help"


@pytest.mark.parametrize("options", [(), ("--quiet",), ("--batch", "2")])
def test_a_sentence_is_told_once_and_counted_at_the_end(
    cli: Cli, slow: str, tmp_path: Path, options: tuple[str, ...]
) -> None:
    call = ("sweep", slow, "--nodes", PAINTS, "--no-sheet", "--set", "turns=1", *options)
    done = cli(*call, "--set", "edge=16,101,32,102,103")
    assert (done.code, done.err.splitlines()) == (
        0, [f"warning: edge=101: swatch: {MUCH}", f"warning: 3 of 5 runs (2, 4, 5): swatch: {MUCH}"]
    )  # fmt: skip
    lines = (tmp_path / "sweep/manifest.jsonl").read_text().splitlines()[1:]
    told = [json.loads(line).get("warnings") for line in lines]
    assert told == [None, [["swatch", MUCH]], None, [["swatch", MUCH]], [["swatch", MUCH]]]

    again = cli(*call, "--set", "edge=16,101,32,102,103,104")
    assert again.err.splitlines()[-2:] == [
        f"warning: edge=104: swatch: {MUCH}",
        f"warning: 4 of 6 runs (2, 4..6), 3 of them done before: swatch: {MUCH}",
    ]
    kept = cli(*call, "--set", "edge=16,101")
    assert kept.err.splitlines()[-1] == f"warning: 1 of 2 runs (2), done before: swatch: {MUCH}"


def test_programs_are_told_each_with_its_run(cli: Cli, slow: str) -> None:
    call = ("sweep", slow, "--nodes", PAINTS, "--no-sheet", "--set", "turns=1", "--json", "--set", "edge=16,101,102")
    done = cli(*call)
    assert [one for one in done.events if one["event"] == "warning"] == [
        {"event": "warning", "node": "swatch", "message": MUCH, "run": run, "values": {"turns": 1, "edge": edge}}
        for run, edge in ((2, 101), (3, 102))
    ]
    assert (done.err, done.events[-1]["warned"]) == ("", 2)
    assert cli(*call).events[-1]["warned"] == 2


def test_a_picture_that_was_made_black_is_told_as_a_run_tells_it(cli: Cli) -> None:
    steps = ("text_to_image", "--set", "num_inference_steps=3", "--set")
    told = cli("run", *steps, "seed=3").err
    assert told == f"warning: checked: {FLAGGED}\n"
    # The second from the values that the first kept.
    for out in ("one", "two"):
        swept = cli("sweep", *steps, "seed=2,3", "--no-sheet", "--out", out)
        assert swept.err == f"warning: seed=3: checked: {FLAGGED}\n"


def test_sentences_that_differ_in_numbers_are_counted_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    warnings = SweepWarnings(lambda values: f"seed={values['seed']}", as_json=False)
    for number in range(1, 31):
        for part in range(1 + number % 2):
            for _ in range(2):
                warnings.hear(number, {"seed": number}, Warned("", f"{number}.5 GB are free for part {part}"))
    warnings.end(40, [Entry(40, {"seed": 40}, warnings=(Warned("n", "other"),))])
    assert capsys.readouterr().err.splitlines() == [
        "warning: seed=1: 1.5 GB are free for part 0",
        "warning: seed=1: 1.5 GB are free for part 1",
        "warning: 30 of 40 runs (1..30): 1.5 GB are free for part 0",
        "warning: 1 of 40 runs (40), done before: n: other",
    ]


def test_what_is_no_warning_in_a_manifest_is_told(tmp_path: Path) -> None:
    Manifest(tmp_path, {}).add(Entry(1, {}, warnings=(Warned("a", "b"),)))
    file = tmp_path / "manifest.jsonl"
    assert Manifest(tmp_path, {}).entries["{}"].warnings == (Warned("a", "b"),)
    file.write_text(file.read_text().replace('[["a", "b"]]', '["a"]'))
    with pytest.raises(SweepError, match=r"manifest\.jsonl:2 is no line of a manifest"):
        Manifest(tmp_path, {})
