"""What the form shows of a box beside its fields: links, ends of the workflow, help, description, last value."""

from __future__ import annotations

import copy
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from tests.tui.editor.inspector.forms import WORKFLOW, FormApp, focused_at, problem_of, settled, text_of, type_text
from textual.widgets import Select, Static

from latentgraph.graph.check import check
from latentgraph.graph.document import read_document
from latentgraph.graph.process.messages import Looked, LookedValue
from latentgraph.graph.registry import Registry
from latentgraph.graph.signature import Signatures
from latentgraph.tui.editor.inspector.boxes import nodes_of, subject_for
from latentgraph.tui.editor.inspector.editors import Area, Line, Tick
from latentgraph.tui.editor.inspector.form import form_fields
from latentgraph.tui.editor.inspector.link_list import LinkList
from latentgraph.tui.editor.inspector.messages import (
    DescriptionEdited,
    DisconnectWanted,
    ExposeWanted,
    ItemRemoveWanted,
    ItemRenameWanted,
    LinkFollowed,
    RenameWanted,
)
from latentgraph.tui.editor.inspector.row import FieldRow
from latentgraph.tui.editor.inspector.subject import Scope
from latentgraph.tui.editor.keys import keys_of


async def test_a_link_is_followed_cut_and_shows_the_value_that_comes_along_it() -> None:
    app = FormApp()
    async with app.run_test(size=(60, 60)) as pilot:
        await focused_at(pilot, app, "text")
        assert str(app.row("text").query_one(".field--editor", Static).render()) == "a loaf ↤ inputs.prompt"
        await pilot.press("enter", "delete")
        await pilot.pause()
        assert [one.end for one in app.told if isinstance(one, LinkFollowed)] == [("inputs", "prompt")]
        assert [one.port for one in app.told if isinstance(one, DisconnectWanted)] == ["text"]


async def test_the_lists_of_links_go_both_ways() -> None:
    app = FormApp("mix")
    async with app.run_test(size=(60, 60)) as pilot:
        await focused_at(pilot, app, "flour")
        app.inspector.query_one("#links-out", LinkList).focus()
        await pilot.press("down", "enter")
        await pilot.pause()
        assert [one.end for one in app.told if isinstance(one, LinkFollowed)] == [("turns", "dough")]
        app.show("paint")
        await focused_at(pilot, app, "dough")
        await pilot.press("enter", "x")
        await pilot.pause()
        assert [one.end for one in app.told if isinstance(one, LinkFollowed)] == [("mix", "dough")]
        assert [(one.key, one.port) for one in app.told if isinstance(one, DisconnectWanted)] == [("paint", "dough")]


async def test_a_missing_link_is_told_in_the_list() -> None:
    data = copy.deepcopy(WORKFLOW)
    del data["nodes"]["paint"]["inputs"]["dough"]
    app = FormApp(data=data)
    async with app.run_test(size=(60, 60)) as pilot:
        await settled(pilot, app)
        prompt = str(app.inspector.query_one("#links-in", LinkList).get_option_at_index(0).prompt)
        assert "dough" in prompt
        assert "! the input 'dough' (Dough) is missing; link it" in prompt


async def test_inputs_of_the_workflow_are_set_renamed_and_removed() -> None:
    app = FormApp("inputs")
    async with app.run_test(size=(60, 60)) as pilot:
        await focused_at(pilot, app, "height")
        await type_text(pilot, "64")
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press("backspace", "backspace", "enter", "f6", "ctrl+delete")
        await pilot.pause()
        assert app.edits() == [("inputs", "height", 64, True), ("inputs", "height", None, True)]
        assert [one.port for one in app.told if isinstance(one, ItemRenameWanted)] == ["height"]
        assert [one.port for one in app.told if isinstance(one, ItemRemoveWanted)] == ["height"]
        await focused_at(pilot, app, "seed")
        await pilot.press("backspace", "enter")
        await pilot.pause()
        assert [one.sentence for one in app.inspector.faulty] == ["there is nothing here; takes integer"]


async def test_outputs_are_renamed_and_removed_in_their_list() -> None:
    app = FormApp(">outputs")
    async with app.run_test(size=(60, 60)) as pilot:
        await focused_at(pilot, app, "dough")
        await pilot.press("t", "x")
        await pilot.pause()
        assert [one.port for one in app.told if isinstance(one, ItemRenameWanted)] == ["dough"]
        assert [one.port for one in app.told if isinstance(one, ItemRemoveWanted)] == ["dough"]


async def test_the_help_is_about_the_field_with_the_focus_and_offers_what_can_be_done() -> None:
    app = FormApp()
    async with app.run_test(size=(60, 60)) as pilot:
        await focused_at(pilot, app, "steps")
        assert text_of(app, "FieldHelp").split("\n") == [
            "steps  integer, 1 to 150, default 28",
            "ctrl+t default   ctrl+l make an input",
            "Turns of the brush.",
        ]
        await pilot.press("ctrl+l")
        await pilot.click("FieldHelp", offset=(24, 1))
        await pilot.pause()
        assert [one.port for one in app.told if isinstance(one, ExposeWanted)] == ["steps", "steps"]
        app.query_one("Button").focus()
        for _ in range(50):
            await pilot.pause(0.02)
            if not app.inspector.query_one("FieldHelp").display:
                break
        assert not app.inspector.query_one("FieldHelp").display


async def test_a_description_is_written() -> None:
    app = FormApp()
    async with app.run_test(size=(60, 60)) as pilot:
        await focused_at(pilot, app, "description")
        await type_text(pilot, "why")
        await pilot.press("tab")
        await pilot.pause()
        assert [(one.key, one.text, one.final) for one in app.told if isinstance(one, DescriptionEdited)] == [
            ("paint", "why", True)
        ]


async def test_a_double_click_on_the_name_asks_for_another() -> None:
    app = FormApp()
    async with app.run_test(size=(60, 60)) as pilot:
        await settled(pilot, app)
        await pilot.click("#head-title", times=2)
        await pilot.pause()
        assert [one.key for one in app.told if isinstance(one, RenameWanted)] == ["paint"]


async def test_the_last_value_is_shown_for_its_own_node_only() -> None:
    value = LookedValue("dough", "Dough", "500 g flour", (("flour", "500 g"), ("text", "\x1b[31mred")))
    app = FormApp("mix")
    async with app.run_test(size=(60, 60)) as pilot:
        await settled(pilot, app)
        app.inspector.show_value(Looked("mix", (value,)))
        await pilot.pause()
        shown = app.inspector.query_one("#last-value")
        assert shown.display
        screen = "\n".join(
            "".join(segment.text for segment in line) for line in shown.render_lines(shown.outer_size.region)
        )
        assert "Dough: 500 g flour" in screen
        assert "\\x1b[31mred" in screen
        app.show("mix2")
        await settled(pilot, app)
        assert not shown.display


async def test_nothing_selected_says_so() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 30)) as pilot:
        await settled(pilot, app)
        app.inspector.show(None)
        await settled(pilot, app)
        assert app.inspector.query_one("#inspector-empty").display
        assert not app.inspector.query_one("#inspector-body").display
        app.show()
        await settled(pilot, app)
        assert app.inspector.query_one("#inspector-body").display


async def test_a_file_is_chosen_in_a_dialog(tmp_path: Path) -> None:
    (tmp_path / "bread.txt").write_text("bread")
    data = copy.deepcopy(WORKFLOW)
    data["nodes"]["paint"]["inputs"]["picture"] = "old.txt"
    app = FormApp(data=data)
    async with app.run_test(size=(100, 40)) as pilot:
        await focused_at(pilot, app, "picture")
        row = app.row("picture")
        row.subject = replace(row.subject, folder=tmp_path)
        await pilot.press("ctrl+g")
        await pilot.pause()
        assert len(app.screen_stack) == 2
        app.screen.dismiss(tmp_path / "bread.txt")
        await pilot.pause()
        assert app.edits() == [("paint", "picture", "bread.txt", True)]


@pytest.mark.parametrize("size", [(42, 40), (80, 24), (40, 10), (24, 8)])
async def test_every_field_can_be_reached_and_read_at_small_sizes(size: tuple[int, int]) -> None:
    app = FormApp()
    async with app.run_test(size=size) as pilot:
        await settled(pilot, app)
        reached = []
        app.inspector.focus_first()
        for _ in range(16):
            await pilot.pause()
            focused = app.focused
            assert focused is not None
            reached.append(type(focused).__name__)
            area = focused.region.intersection(app.inspector.query_one("#inspector-body").region)
            if isinstance(focused, (Line, Select, Tick)):
                assert area.height == 1
                assert area.width >= 8
            await pilot.press("tab")
        assert {"NumberLine", "Choice", "Tick", "Area", "LinkLine", "LinkList"} <= set(reached)


async def test_long_text_is_pasted_whole_and_without_what_steers_the_terminal() -> None:
    from textual.events import Paste

    data = copy.deepcopy(WORKFLOW)
    data["nodes"]["paint"]["inputs"]["text"] = "short"
    app = FormApp(data=data)
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "text")
        text = "a red circle, \x1b[31m" * 2000 + "\r\nlast line"
        assert isinstance(app.focused, Area)
        app.focused.select_all()
        app.focused.post_message(Paste(text))
        await pilot.pause()
        await pilot.press("tab")
        await pilot.pause()
        assert app.value("paint", "text") == "a red circle, [31m" * 2000 + "\nlast line"
        assert app.row("text").size.height <= 12


async def test_several_lines_pasted_into_one_are_joined() -> None:
    from textual.events import Paste

    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "label")
        assert app.focused is not None
        app.focused.post_message(Paste("one\ntwo\n"))
        await pilot.press("enter")
        await pilot.pause()
        assert app.value("paint", "label") == "one two"


@pytest.mark.parametrize("name", ["text_to_image", "text_to_image_open_step"])
async def test_every_box_of_a_shipped_workflow_has_a_form_without_a_problem(name: str) -> None:
    document = read_document(Path(str(files("latentgraph.workflows").joinpath(f"{name}.json"))))
    registry = Registry.load()
    signatures = Signatures(document.workflow, registry, document.path)
    problems = check(document, registry).problems
    app = FormApp()
    async with app.run_test(size=(42, 40)) as pilot:
        boxes: list[tuple[Scope, str]] = [((), key) for key in ("inputs", *document.workflow.nodes, ">outputs")]
        body = nodes_of(document.workflow, ("denoise",)) or {}
        boxes += [(("denoise",), key) for key in ("loop", *body, ">next")]
        for scope, key in boxes:
            subject = subject_for(signatures, document.workflow, scope, key, problems)
            assert subject is not None, key
            app.inspector.show(subject)
            await settled(pilot, app)
            rows = list(app.inspector.query(FieldRow))
            assert [row.spec.name for row in rows] == [one.name for one in form_fields(subject)]
            assert app.inspector.faulty == ()
            assert not any(problem_of(row) for row in rows)


def test_the_keys_of_a_field_do_not_take_those_of_the_editor() -> None:
    own = {key for row in keys_of("field") for key in row.keys.split(",")}
    of_the_app = {key for row in keys_of("app") for key in row.keys.split(",")}
    assert not own & of_the_app
