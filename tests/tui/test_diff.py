"""`latentgraph diff`: what it prints, and how it ends."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from tests.tui.conftest import BREAD, TOYS, Cli, write

from latentgraph.graph.diff import Change
from latentgraph.tui.diff_words import change_text

NODES: dict[str, Any] = json.loads(json.dumps(BREAD["nodes"]))


@pytest.fixture
def other(tmp_path: Path, bread: str) -> str:
    """The bread with a node under another name, another value and another default."""
    data = json.loads(json.dumps(BREAD))
    data["inputs"]["crust"]["default"] = "dark"
    data["nodes"]["kneaded"] = data["nodes"].pop("knead")
    data["nodes"]["bake"]["inputs"]["dough"] = {"from": "kneaded.dough"}
    data["nodes"]["mix"]["inputs"]["water"] = 250
    data["nodes"]["half"] = {"type": "halve", "inputs": {"dough": {"from": "mix.dough"}}}
    return str(write(tmp_path / "other.json", data).relative_to(tmp_path))


def _text(change: Change, *, marks: bool = True) -> str:
    return change_text(change, marks=marks).plain


def test_a_difference_is_a_line(cli: Cli, bread: str, other: str) -> None:
    done = cli("diff", bread, other, "--nodes", TOYS)
    assert (done.code, done.err) == (1, "")
    assert done.out == (
        '~ inputs.crust.default: "soft" → "dark"\n'
        "+ mix.water: 250\n"
        "> knead → kneaded\n"
        "+ half (halve): dough from mix.dough\n"
    )


def test_nothing_is_printed_where_nothing_differs(cli: Cli, bread: str, tmp_path: Path) -> None:
    moved = write(tmp_path / "moved.json", {**BREAD, "nodes": dict(reversed(NODES.items()))})
    done = cli("diff", bread, moved.name)
    assert (done.code, done.out, done.err) == (0, "", "")
    done = cli("diff", bread, moved.name, "--layout")
    assert (done.code, done.out) == (1, '~ order.nodes: ["mix", "knead", "bake"] → ["bake", "knead", "mix"]\n')


def test_programs_get_an_object_a_line(cli: Cli, bread: str, other: str) -> None:
    events = cli("diff", bread, other, "--json").events
    assert events[1] == {"event": "difference", "kind": "added", "what": "port", "path": "mix", "name": "water",
                         "part": "", "after": 250, "was": "mix", "old_name": ""}  # fmt: skip
    assert events[-1] == {"event": "compared", "differences": 4}


def test_two_pictures_are_compared_by_what_made_them(cli: Cli, bread: str) -> None:
    cli("run", bread, "--nodes", TOYS)
    cli("run", bread, "--nodes", TOYS, "--set", "flour=100", "--sidecar")
    assert cli("diff", "outputs/bread-1.txt", "outputs/bread-2.txt", "--nodes", TOYS).out == (
        "~ value of flour: 500 → 100\n"
    )
    assert cli("diff", "outputs/bread-2.txt", "outputs/bread-2.json", "--nodes", TOYS).code == 0
    assert cli("diff", bread, "outputs/bread-2.json", "--nodes", TOYS).out == "~ value of flour: 500 → 100\n"
    assert cli("diff", bread, "outputs/bread-1.txt", "--nodes", TOYS).code == 0


def test_a_picture_made_again_differs_from_the_first_in_nothing(cli: Cli, bread: str) -> None:
    cli("run", bread, "--nodes", TOYS, "--set", "flour=100")
    cli("run", "outputs/bread-1.txt", "--nodes", TOYS)
    done = cli("diff", "outputs/bread-1.txt", "outputs/bread-2.txt", "--nodes", TOYS)
    assert (done.code, done.out) == (0, "")


def test_another_version_and_other_contents_are_told(cli: Cli, bread: str) -> None:
    for number in (1, 2):
        cli("run", bread, "--nodes", TOYS, "--sidecar")
        path = Path(f"outputs/bread-{number}.json")
        data = json.loads(path.read_text())
        data["run"]["versions"]["torch"] = f"{number}.0"
        data["run"]["sources"] = {"model.model": str(number) * 64}
        data["run"]["settings"]["oven"] = ["gas", "wood"][number - 1]
        path.write_text(json.dumps(data))
    assert cli("diff", "outputs/bread-1.json", "outputs/bread-2.json", "--nodes", TOYS).out == (
        "~ setting oven: gas → wood\n~ version of torch: 1.0 → 2.0\n"
        "~ contents of model.model: 111111111111 → 222222222222\n"
    )


def test_sub_workflows_are_compared_in_files_and_in_pictures(cli: Cli, tmp_path: Path, bread: str) -> None:
    outer: dict[str, Any] = {
        "nodes": {"bakery": {"type": "workflow", "file": "./bread.json"}},
        "outputs": {"bread": {"from": "bakery.bread"}},
    }
    write(tmp_path / "outer.json", outer)
    cli("run", "outer.json", "--nodes", TOYS)
    assert cli("diff", "outer.json", "outputs/bread-1.txt", "--nodes", TOYS).code == 0
    write(tmp_path / "bread.json", {**BREAD, "nodes": {**NODES, "mix": {"type": "mix", "inputs": {"flour": 5}}}})
    done = cli("diff", "outer.json", "outputs/bread-1.txt", "--nodes", TOYS)
    assert (done.code, done.out) == (1, "~ bakery/mix.flour: 5 → from inputs.flour\n")
    (tmp_path / "bread.json").unlink()
    done = cli("diff", "outer.json", "outputs/bread-1.txt", "--nodes", TOYS)
    assert done.err == ("warning: outer.json: what is inside of 'bakery' is not compared: there is no './bread.json'\n")


def test_a_wrong_call_exits_with_2(cli: Cli, bread: str) -> None:
    assert cli("diff", bread, "nowhere.json").code == 2
    assert cli("diff", "-", "-").code == 2
    assert cli("diff", bread).code == 2
    Path("broken.json").write_text("{")
    assert cli("diff", bread, "broken.json").code == 2


def test_a_long_text_is_told_word_by_word() -> None:
    change = Change("changed", "port", "p", "text", before="a red circle on a blue background",
                    after="a green circle on a blue background, small")  # fmt: skip
    assert _text(change) == '~ p.text: "a [-red-]{+green+} circle on a blue [-background-]{+background, small+}"'
    assert _text(change, marks=False) == '~ p.text: "a red green circle on a blue background background, small"'
    long = " ".join(f"w{i}" for i in range(40))
    change = Change("changed", "port", "p", "text", before=long, after=f"{long} end")
    assert _text(change) == '~ p.text: "… w34 w35 w36 w37 w38 w39 {+end+}"'.replace('"…', '" …')


@pytest.mark.parametrize("text", ["a\nb\x1b[31m\x9b", "\u202e", "\x7f"])
def test_a_strangers_text_tells_the_terminal_nothing(text: str) -> None:
    for change in (
        Change("added", "port", text, text, after=text),
        Change("changed", "port", "p", "text", before=f"a b c {text}", after=f"a b d {text}"),
        Change("removed", "node", text, before={"type": text, "inputs": {text: {"from": text}}}),
        Change("renamed", "node", text, before="a", after=text, was="a"),
        Change("changed", "setting", name=text, before=text, after="x"),
    ):
        assert _text(change).isprintable()


def test_a_spoilt_sidecar_is_refused_in_a_sentence_or_compared(cli: Cli, bread: str) -> None:
    cli("run", bread, "--nodes", TOYS, "--sidecar")
    raw = Path("outputs/bread-1.json").read_bytes()
    lot = random.Random(5)
    for _ in range(40):
        spoilt = bytearray(raw)
        for _ in range(lot.randint(1, 4)):
            at = lot.randrange(30, len(spoilt))
            spoilt[at : at + lot.randint(0, 9)] = lot.choice([b"", b"null", b"[]", b"{}", b'"', b"1e999", b"\xff"])
        Path("spoilt.json").write_bytes(spoilt[: lot.choice([len(spoilt), lot.randrange(len(spoilt))])])
        done = cli("diff", bread, "spoilt.json", "--nodes", TOYS)
        assert done.code in (0, 1, 2)
        assert "a fault of latentgraph" not in done.err


@pytest.mark.parametrize("part", ["inputs", "run", "files", "workflow", "file"])
@pytest.mark.parametrize("value", [None, [], "x", {"flour": []}, {"sources": [1], "versions": {"a": 2}}])
def test_a_record_that_somebody_made_up_is_refused_in_a_sentence_or_compared(
    cli: Cli, bread: str, part: str, value: object
) -> None:
    workflow = json.loads(Path(bread).read_text())
    data = {"latentgraph_record": 1, "file": "x.png", "sha256": "0", "inputs": {}, "run": {}, "workflow": workflow}
    Path("made_up.json").write_text(json.dumps({**data, part: value}))
    for command in (("diff", bread, "made_up.json"), ("run", "made_up.json")):
        done = cli(*command, "--nodes", TOYS)
        assert done.code in (0, 1, 2)
        assert "a fault of latentgraph" not in done.err


def test_an_entry_of_a_loop_under_another_name_is_one_line() -> None:
    change = Change("renamed", "carry", "denoise", "x", before="latents", after="x", was="denoise", old_name="latents")
    assert _text(change) == "> denoise.carry.latents → denoise.carry.x"
