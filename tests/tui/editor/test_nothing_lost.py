"""Ways in which an edit could be lost without a word, none of which is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.tui.conftest import BREAD, TOYS, write
from tests.tui.editor.desk import editing

from latentgraph.graph.document import read_document
from latentgraph.graph.edit.clipboard import duplicate
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.registry import Registry
from latentgraph.tui.editor.base_screen import BaseScreen
from latentgraph.tui.editor.dialogs.confirm import Confirm
from latentgraph.tui.editor.journal import recoverable
from latentgraph.tui.editor.leftovers import restored
from latentgraph.tui.editor.opening import open_argument
from latentgraph.tui.editor.session import Session

OUTER: dict[str, Any] = {
    "inputs": {"flour": {"type": "integer", "default": 500}},
    "nodes": {"inner": {"type": "workflow", "file": "./bread.json", "inputs": {"flour": {"from": "inputs.flour"}}}},
    "outputs": {"bread": {"from": "inner.bread"}},
}


async def test_taking_the_values_of_a_run_asks_about_the_edits_of_a_sub_workflow(tmp_path: Path) -> None:
    write(tmp_path / "bread.json", BREAD)
    async with editing(write(tmp_path / "outer.json", OUTER), out=tmp_path, files=(TOYS,)) as desk:
        desk.screen.canvas.go_to("inner")
        await desk.press("o")
        await desk.until(lambda: len(desk.screen.places) == 2)
        desk.screen.canvas.go_to("mix")
        await desk.press("D")
        await desk.until(lambda: "mix_2" in desk.screen.session.workflow.nodes)
        screen: BaseScreen = desk.screen
        screen.take_values({"flour": 600})
        await desk.until(lambda: isinstance(desk.app.screen, Confirm))
        await desk.press("escape")
        await desk.until(lambda: desk.app.screen is desk.screen)
        assert "mix_2" in desk.screen.session.workflow.nodes
        assert desk.session.workflow.inputs["flour"].default == 500


async def test_who_edits_without_a_journal_is_told_so_once(tmp_path: Path, state_folder: Path) -> None:
    (state_folder / "latentgraph").write_text("a file where a folder is wanted")
    async with editing(write(tmp_path / "bread.json", BREAD), out=tmp_path, files=(TOYS,)) as desk:
        desk.screen.canvas.go_to("mix")
        await desk.press("D", "D")
        await desk.until(lambda: len(desk.session.workflow.nodes) == 5)
        assert len([one for one in desk.told if "not written down for a restart" in one]) == 1


def session_on(file: Path) -> Session:
    registry = Registry.load([Path(TOYS)])
    return Session(open_argument(str(file), registry), registry)


def test_a_file_changed_before_a_first_recovery_is_still_asked_about_after_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latentgraph.tui.editor.journal.is_held", lambda *_: False)  # its editor was killed
    file = write(tmp_path / "bread.json", BREAD)
    first = session_on(file)
    first.do(duplicate(Graph(first.history.data, first.signatures), ["mix"]))
    file.write_text(file.read_text().replace("500", "505"))
    (left,) = recoverable()
    assert left.changed
    second = restored(left, first.registry)
    left.discard()
    assert second.changed_on_disk()
    (again,) = recoverable()
    assert again.changed
    assert restored(again, first.registry).changed_on_disk()


def test_what_was_taken_from_the_disk_is_nothing_to_recover(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latentgraph.tui.editor.journal.is_held", lambda *_: False)
    file = write(tmp_path / "bread.json", BREAD)
    session = session_on(file)
    session.do(duplicate(Graph(session.history.data, session.signatures), ["mix"]))
    file.write_text(file.read_text().replace("500", "505"))
    session.take_disk()
    assert session.workflow == read_document(file).workflow
    assert recoverable() == []
