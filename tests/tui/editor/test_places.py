"""Where one is stays a way that leads back, whatever takes one elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.graph.edit.examples import NESTED
from tests.tui.conftest import SLOW, TOYS, write
from tests.tui.editor.desk import Desk, editing

from latentgraph.graph.edit.nodes import add_node
from latentgraph.graph.problem import Problem


def crumbs(desk: Desk) -> list[tuple[str, ...]]:
    return [place.scope for place in desk.screen.places]


async def test_undoing_inside_a_loop_what_was_done_around_it_leads_out_and_redo_back_in(tmp_path: Path) -> None:
    async with editing(write(tmp_path / "slow.json", SLOW), out=tmp_path) as desk:
        desk.screen.canvas.go_to("swatch")
        await desk.press("D")
        desk.screen.canvas.go_to("slow")
        await desk.press("o")
        await desk.until(lambda: crumbs(desk) == [(), ("slow",)])
        desk.screen.canvas.go_to("wait")
        await desk.press("D")
        await desk.press("u", "u")
        assert crumbs(desk) == [()]
        assert desk.screen.canvas.cursor == "slow"
        await desk.press("R", "R")
        assert crumbs(desk) == [(), ("slow",)]
        await desk.press("backspace")
        assert crumbs(desk) == [()]


async def test_undoing_what_was_added_leads_back_to_the_box_that_was_selected_before(tmp_path: Path) -> None:
    async with editing(write(tmp_path / "slow.json", SLOW), out=tmp_path) as desk:
        canvas, inspector = desk.screen.canvas, desk.screen.sidebar.inspector
        canvas.go_to("swatch")
        for _ in range(2):
            desk.screen.do(lambda: add_node(desk.screen.graph, "paint"))
        assert canvas.cursor == "paint_2"
        for left in ("paint", "swatch"):
            await desk.press("u")
            assert canvas.cursor == left
            assert inspector.subject is not None
            assert inspector.subject.key == left
        await desk.press("R")
        assert canvas.cursor == "paint"


async def test_an_edit_two_loops_deep_is_undone_from_the_top_in_its_own_place(tmp_path: Path) -> None:
    async with editing(write(tmp_path / "nested.json", NESTED), out=tmp_path, files=(TOYS,)) as desk:
        for name in ("days", "hours"):
            desk.screen.canvas.go_to(name)
            await desk.press("o")
            await desk.pilot.pause()
            assert desk.screen.scope[-1:] == (name,)
        desk.screen.canvas.go_to("q")
        await desk.press("D", "backspace", "backspace")
        assert crumbs(desk) == [()]
        await desk.press("u")
        assert crumbs(desk) == [(), ("days",), ("days", "hours")]
        await desk.press("backspace")
        assert desk.screen.canvas.cursor == "hours"
        await desk.press("backspace")
        assert desk.screen.canvas.cursor == "days"


async def test_saving_leaves_one_where_one_is(tmp_path: Path) -> None:
    async with editing(write(tmp_path / "slow.json", SLOW), out=tmp_path) as desk:
        assert desk.screen.canvas.cursor == "inputs"
        desk.screen.canvas.go_to("swatch")
        await desk.press("D", "ctrl+s")
        await desk.until(lambda: "Saved slow.json." in desk.told)
        assert desk.screen.canvas.cursor == "swatch_2"


async def test_what_an_undo_brings_back_is_what_one_goes_on_with(tmp_path: Path) -> None:
    async with editing(write(tmp_path / "slow.json", SLOW), out=tmp_path) as desk:
        desk.screen.canvas.go_to("swatch")
        await desk.press("x", "u")
        assert desk.screen.canvas.cursor == "swatch"


async def test_a_sub_workflow_opens_from_the_folder_of_its_workflow_and_from_nowhere_else(tmp_path: Path) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    write(tmp_path / "secret.json", SLOW)
    write(folder / "part.json", SLOW)
    nodes = {"out": {"type": "workflow", "file": "../secret.json"}, "part": {"type": "workflow", "file": "part.json"}}
    async with editing(write(folder / "whole.json", {"nodes": nodes}), out=tmp_path) as desk:
        desk.screen.canvas.go_to("out")
        await desk.press("o")
        assert desk.told[-1:] == [
            "'../secret.json' lies outside the workflow's folder; "
            "give it by --set, or open its folder with --allow-read DIR"
        ]
        assert len(desk.screen.places) == 1
        desk.screen.canvas.go_to("part")
        await desk.press("o")
        assert [place.session.title for place in desk.screen.places] == ["whole.json", "part.json"]
        await desk.press("backspace")
        assert desk.screen.canvas.cursor == "part"


async def test_what_is_wrong_inside_a_sub_workflow_is_shown_at_its_box(tmp_path: Path) -> None:
    write(tmp_path / "part.json", {"nodes": {"same": {"type": "swatsh"}}})
    nodes = {"part": {"type": "workflow", "file": "part.json"}, "same": {"type": "paint"}}
    async with editing(write(tmp_path / "whole.json", {"nodes": nodes}), out=tmp_path) as desk:
        await desk.until(lambda: any(one.node == "part/same" for one in desk.session.problems))
        desk.screen.go_to_problem(next(one for one in desk.session.problems if one.node == "part/same"))
        assert desk.screen.canvas.cursor == "part"


async def test_a_package_of_nodes_that_fails_in_the_check_costs_a_sentence_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with editing(write(tmp_path / "slow.json", SLOW), out=tmp_path) as desk:
        await desk.until(lambda: desk.session.checked is desk.session.workflow)

        def fails(document: object) -> tuple[Problem, ...]:
            raise AttributeError("no such thing")

        monkeypatch.setattr(desk.screen, "_problems_of", fails)
        told = "The workflow cannot be checked: AttributeError: no such thing"
        desk.screen.canvas.go_to("swatch")
        await desk.press("D")
        await desk.until(lambda: told in desk.told)
        desk.app.clear_notifications()
        await desk.press("ctrl+r")
        await desk.until(lambda: told in desk.told)
        assert desk.screen.runs.current is None


async def test_a_run_goes_up_to_nodes_and_not_to_the_edges(tmp_path: Path) -> None:
    async with editing(write(tmp_path / "slow.json", SLOW), out=tmp_path) as desk:
        for key in ("inputs", ">outputs"):
            desk.app.clear_notifications()
            desk.screen.canvas.go_to(key)
            await desk.press("r")
            assert desk.told == ["Running up to here is not possible: choose a node first."]
        assert desk.screen.runs.current is None
