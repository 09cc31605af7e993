"""A text in the user's own editor: what it wrote is an edit, and whatever is wrong with it is a sentence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.tui.conftest import TOYS, write
from tests.tui.editor.desk import Desk, editing

from latentgraph.tui.editor.app import EditorApp

TALK = {"nodes": {"say": {"type": "fail", "inputs": {"text": "once"}}}}


@contextmanager
def lend(app: EditorApp) -> Iterator[None]:
    """A test has no terminal to give to another program."""
    yield


def said(desk: Desk) -> str:
    text: str = desk.session.history.data["nodes"]["say"]["inputs"]["text"]
    return text


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    return write(tmp_path / "talk.json", TALK)


async def test_what_the_editor_wrote_is_one_edit(talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append = f"{sys.executable} -c \"import sys; open(sys.argv[1], 'a').write(' upon\\n')\""
    monkeypatch.setenv("EDITOR", append)
    monkeypatch.setattr(EditorApp, "suspend", lend)
    async with editing(talk, out=tmp_path, files=(TOYS,)) as desk:
        desk.screen.canvas.go_to("say")
        await desk.press("e")
        await desk.until(lambda: said(desk) == "once upon")
        assert desk.session.history.steps == 1


@pytest.mark.parametrize(
    ("editor", "sentence"),
    [
        ("/no/such/editor", "/no/such/editor could not be used: "),
        ('vi "unfinished', 'vi "unfinished could not be used: No closing quotation; set EDITOR to another.'),
        ("false", "false ended with 1; the text is as it was."),
    ],
)
async def test_an_editor_that_cannot_be_used_is_a_sentence(
    editor: str, sentence: str, talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", editor)
    monkeypatch.setattr(EditorApp, "suspend", lend)
    async with editing(talk, out=tmp_path, files=(TOYS,)) as desk:
        desk.screen.canvas.go_to("say")
        await desk.press("e")
        assert [one for one in desk.told if one.startswith(sentence)], desk.told
        assert (said(desk), desk.session.history.steps) == ("once", 0)


async def test_where_the_terminal_cannot_be_lent_the_form_is_named(talk: Path, tmp_path: Path) -> None:
    async with editing(talk, out=tmp_path, files=(TOYS,)) as desk:
        desk.screen.canvas.go_to("say")
        await desk.press("e")
        assert desk.told == ["This terminal cannot be lent to another program; F3 goes to the form instead."]
