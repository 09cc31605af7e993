"""Whatever a user asks for that cannot be done is told in a sentence, and nothing reaches Textual's own handler."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.tui.conftest import PAINTS, write
from tests.tui.editor.deeds import KITCHEN, Situation, after, at, focus_problems, inside, pressed, write_whole, wrong
from tests.tui.editor.hands import WAIT_SECONDS, Hands, editor
from tests.tui.editor.test_every_key import begin

from latentgraph.graph.boxes import INPUTS, OUTPUTS

SENTENCE = re.compile(r"^['\"\w./][^\n]*[\w.?!)\"']$", re.DOTALL)
NO_WORDS = re.compile(r"Traceback|\w+(Error|Exception)\b|<[\w.]+ object|validation error|pydantic|\bNone\b|errno", re.I)


async def nothing_selected(user: Hands) -> None:
    user.canvas.select(())


async def empty(user: Hands) -> None:
    write_whole(user, {"latentgraph": 1, "nodes": {"swatch": {"type": "paint"}}})
    await at("swatch")(user)


def clipboard(text: str) -> Situation:
    async def situation(user: Hands) -> None:
        user.app.copy_to_clipboard(text)

    return situation


def opening(name: str, text: str | None) -> Situation:
    async def situation(user: Hands) -> None:
        if text is not None:
            Path(name).write_text(text)
        user.main.open_file(name)

    return situation


def linking(source: tuple[str, str], target: tuple[str, str]) -> Situation:
    async def situation(user: Hands) -> None:
        user.main.link(source, target)

    return situation


async def failing(user: Hands) -> None:
    nodes = {"swatch": {"type": "paint"}, "spill": {"type": "spill", "inputs": {"swatch": {"from": "swatch.swatch"}}}}
    write_whole(user, {"latentgraph": 1, "nodes": nodes, "outputs": {"swatch": {"from": "spill.swatch"}}})
    await user.press("ctrl+r")
    await user.until(lambda: user.main.runs.current is None, "the run to end", WAIT_SECONDS)


async def gone(user: Hands) -> None:
    """Its folder is taken away while it is open."""
    path = Path("away/kitchen.json")
    path.parent.mkdir()
    path.write_text(json.dumps({"latentgraph": 1, **KITCHEN}))
    user.main.open_file(str(path))
    path.unlink()
    path.parent.rmdir()
    await at("hung", pressed("m"))(user)
    user.main._write(user.main.session, path)


async def only_valid(user: Hands) -> None:
    write_whole(
        user, {**user.data, "inputs": {name: one for name, one in user.data["inputs"].items() if name != "note"}}
    )
    await user.settle()


PROVOKED: dict[str, tuple[Situation, tuple[str, ...]]] = {
    "delete nothing": (nothing_selected, ("x",)),
    "delete what is at the edge": (at(INPUTS), ("x",)),
    "rename what is at the edge": (at(OUTPUTS), ("t",)),
    "mute what is at the edge": (at(INPUTS), ("m",)),
    "group nothing": (nothing_selected, ("g",)),
    "open a node": (at("hung"), ("o",)),
    "cut where no wire is": (empty, ("C",)),
    "put a node into no wire": (empty, ("I",)),
    "expose what is linked": (at(OUTPUTS), ("E",)),
    "write where no text is": (at("numbers"), ("e",)),
    "paste nothing": (clipboard(""), ("p",)),
    "paste what is no JSON": (clipboard("{ bread"), ("p",)),
    "paste what is no workflow": (clipboard('{"nodes": 5}'), ("p",)),
    "paste a list": (clipboard("[1, 2]"), ("P",)),
    "undo at the beginning": (at("hung"), ("u",)),
    "redo at the end": (at("hung"), ("R",)),
    "stop nothing": (at("hung"), ("ctrl+k",)),
    "view before there is a picture": (at("hung"), ("v",)),
    "run to what is at the edge": (at(INPUTS), ("r",)),
    "run to a node of a body": (inside, ("r",)),
    "run what is wrong": (wrong, ("ctrl+r",)),
    "no problem to go to": (only_valid, ("f8",)),
    "a hint that no key applies": (after(wrong, focus_problems), ("f",)),
    "link a port to its own box": (linking(("hung", "swatch"), ("hung", "swatch")), ()),
    "link in a circle": (linking(("other", "swatch"), ("hung", "swatch")), ()),
    "link what does not fit": (linking(("numbers", "value"), ("hung", "swatch")), ()),
    "link what is not there": (linking(("numbers", "nothing"), ("hung", "swatch")), ()),
    "open what is not there": (opening("nowhere.png", None), ()),
    "open a folder": (opening(".", None), ()),
    "open what is no JSON": (opening("broken.json", "{"), ()),
    "open what is no workflow": (opening("list.json", "[]"), ()),
    "open another version": (opening("later.json", '{"latentgraph": 99, "nodes": {}}'), ()),
    "open no picture": (opening("broken.png", "no picture"), ()),
    "save into a folder that is gone": (gone, ()),
}


async def test_what_cannot_be_done_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = write(tmp_path / "kitchen.json", KITCHEN)
    text = file.read_text()
    faults = []
    async with editor(str(file), out=Path("outputs"), node_files=(Path(PAINTS),)) as user:
        for name, (situation, keys) in PROVOKED.items():
            file.write_text(text)
            await begin(user, file)
            user.app.clear_notifications()
            await situation(user)
            await user.press(*keys)
            said = [*user.said]
            faults += [f"{name}: {sentence!r} is no sentence" for sentence in said if not is_sentence(sentence)]
            faults += [f"{name}: nothing is said"] if not said else []
            assert user.app._exception is None
    assert not faults, "\n".join(faults)


def is_sentence(text: str) -> bool:
    return SENTENCE.match(text) is not None and NO_WORDS.search(text) is None


async def test_a_node_that_fails_is_named_with_its_own_words(tmp_path: Path) -> None:
    file = write(tmp_path / "kitchen.json", KITCHEN)
    async with editor(str(file), out=tmp_path, node_files=(Path(PAINTS),)) as user:
        await failing(user)
        assert user.said == ["spill: RuntimeError: the pot fell over"]
        assert user.canvas.states["spill"].status == "failed"
