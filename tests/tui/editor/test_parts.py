"""Marked nodes become a file and come back; the file opens from its node, and nothing of either is lost."""

from __future__ import annotations

import json
from pathlib import Path

from tests.tui.conftest import SLOW, write
from tests.tui.editor.desk import Desk, editing

from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.document import read_document
from latentgraph.graph.edit.interface import declare_input
from latentgraph.graph.edit.nodes import add_node, describe
from latentgraph.tui.editor.dialogs.new_part import NewPart
from latentgraph.tui.editor.dialogs.pick import SaveAs
from latentgraph.tui.editor.journal import read_journal


async def extract(desk: Desk, *, typed: str = "") -> None:
    await desk.press("w")
    await desk.until(lambda: isinstance(desk.app.screen, NewPart))
    if typed:
        await desk.press(*typed)
    await desk.press("enter")


async def test_marked_nodes_become_a_file_in_one_step_and_come_back(tmp_path: Path) -> None:
    async with editing(write(tmp_path / "slow.json", SLOW), out=tmp_path) as desk:
        before = desk.session.text
        for name in ("swatch", "hung"):
            desk.screen.canvas.go_to(name)
            await desk.press("space")
        await extract(desk)
        await desk.until(lambda: "part" in desk.session.workflow.nodes)
        assert "Wrote part.json; o opens it, W puts it back." in desk.told
        assert desk.screen.canvas.cursor == "part"
        part = read_document(tmp_path / "part.json").workflow
        assert (tmp_path / "part.json").read_text() == canonical_text(part)
        assert list(part.inputs) == ["seed", "edge"]
        await desk.until(lambda: desk.session.checked is desk.session.workflow)
        assert not desk.session.errors
        box = desk.screen.canvas.scene.boxes["part"]
        assert [port.name for port in box.outputs if not port.growing] == ["swatch"]
        after = desk.session.text
        await desk.press("u")
        assert desk.session.text == before, "one step"
        await desk.press("R", "W")
        assert desk.session.text == before, "and the reverse"
        await desk.press("u")
        assert desk.session.text == after


async def test_a_part_is_never_written_over_a_file_nor_outside_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    file = write(folder / "slow.json", SLOW)
    before = file.read_text()
    async with editing(file, out=tmp_path) as desk:
        desk.screen.canvas.go_to("swatch")
        await extract(desk, typed="slow.json")
        dialog = desk.app.screen
        assert isinstance(dialog, NewPart)
        fault = dialog.query_one("#fault")
        await desk.until(lambda: str(fault.render()) == "✗ There is a file slow.json already; choose another name.")
        dialog.query_one("#query").value = "../out.json"  # type: ignore[attr-defined]
        await desk.press("enter")
        await desk.until(lambda: str(fault.render()) == "✗ A workflow reads from its own folder only: stay in it.")
        await desk.press("escape")
        await desk.until(lambda: desk.app.screen is desk.screen)
        assert not desk.session.modified
    assert file.read_text() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["given"]


async def test_what_has_no_file_is_saved_first(tmp_path: Path) -> None:
    async with editing("text_to_image", out=tmp_path) as desk:
        desk.screen.canvas.go_to("decoded")
        await desk.press("w")
        await desk.until(lambda: type(desk.app.screen).__name__ == "SaveAs")
        assert "The part is written beside the workflow: save that first." in desk.told
        await desk.press("escape")
        await desk.until(lambda: desk.app.screen is desk.screen)
        assert "decoded" in desk.session.workflow.nodes


async def test_what_cannot_be_a_part_is_told_before_a_file_is_asked_for(tmp_path: Path) -> None:
    other = {"type": "hang", "inputs": {"swatch": {"from": "hung.swatch"}}}
    between = json.loads(json.dumps(SLOW))
    between["nodes"]["other"] = other
    async with editing(write(tmp_path / "slow.json", between), out=tmp_path) as desk:
        for name in ("swatch", "other"):
            desk.screen.canvas.go_to(name)
            await desk.press("space")
        await desk.press("w")
        assert desk.told == ["'hung' stands between them: the part would wait for itself. Choose it too."]
        desk.app.clear_notifications()
        desk.screen.canvas.go_to("slow")
        await desk.press("W")
        assert desk.told == ["'slow' is no sub-workflow."]


async def test_whoever_has_not_saved_is_told_that_this_comes_first(tmp_path: Path) -> None:
    async with editing(None, out=tmp_path) as desk:
        await desk.press("escape")
        await desk.until(lambda: desk.app.screen is desk.screen)
        desk.screen.do(lambda: add_node(desk.screen.graph, "paint"))
        for key, title in (("w", "Save the workflow first"), ("S", "Save as")):
            await desk.press(key)
            await desk.until(lambda: isinstance(desk.app.screen, SaveAs))
            dialog = desk.app.screen
            assert isinstance(dialog, SaveAs)
            assert dialog.heading == title
            await desk.press("escape")
            await desk.until(lambda: desk.app.screen is desk.screen)


async def test_the_ports_of_the_node_follow_what_is_saved_inside_and_unsaved_edits_of_both_survive(
    tmp_path: Path,
) -> None:
    async with editing(write(tmp_path / "slow.json", SLOW), out=tmp_path) as desk:
        desk.screen.canvas.go_to("hung")
        await extract(desk)
        await desk.until(lambda: desk.session.workflow.nodes["hung"].type == "workflow")
        await desk.press("o")
        await desk.until(lambda: len(desk.screen.places) == 2)
        inner = desk.screen.session
        assert inner.path == tmp_path / "hung.json"
        desk.screen.do(lambda: declare_input(desk.screen.graph, "room", "string", default="hall"))
        for place in desk.screen.places:
            # As the next editor would read it, were this one killed now.
            file = place.session.journal._file
            left = read_journal(file) if file else None
            assert left is not None
            assert left.title == place.session.title
            assert left.history.modified
            assert left.history.data == place.session.history.data
        await desk.press("ctrl+s")
        await desk.until(lambda: "Saved hung.json." in desk.told)
        assert "room" in json.loads((tmp_path / "hung.json").read_text())["inputs"]
        await desk.press("backspace")
        await desk.until(lambda: len(desk.screen.places) == 1)
        assert desk.screen.canvas.cursor == "hung"
        assert "room" in desk.session.signatures.of((), "hung").inputs
        assert "room" in [field.name for field in desk.screen.canvas.scene.boxes["hung"].fields]


async def test_a_run_tells_that_what_is_not_saved_inside_is_not_in_it(tmp_path: Path) -> None:
    async with editing(write(tmp_path / "slow.json", SLOW), out=tmp_path) as desk:
        desk.screen.canvas.go_to("hung")
        await extract(desk)
        await desk.until(lambda: desk.session.workflow.nodes["hung"].type == "workflow")
        await desk.press("o")
        await desk.until(lambda: len(desk.screen.places) == 2)
        desk.screen.do(lambda: describe(desk.screen.graph, "hung", "On the wall."))
        await desk.press("ctrl+r")
        sentence = "The run reads hung.json as saved last; ctrl+s saves what you changed."
        await desk.until(lambda: sentence in desk.told)
        desk.screen.runs.stop()
