from __future__ import annotations

import copy
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import ClassVar

import pytest
from tests.tui.editor.inspector.forms import WORKFLOW, FormApp
from textual.binding import BindingType
from textual.pilot import Pilot
from textual.widgets import Select, Static

from latentgraph.graph.check import check
from latentgraph.graph.document import read_document
from latentgraph.graph.process.messages import Looked, LookedValue
from latentgraph.graph.registry import Registry
from latentgraph.graph.signature import Signatures
from latentgraph.tui.editor.inspector.boxes import nodes_of, subject_for
from latentgraph.tui.editor.inspector.editors import Area, Choice, Line, NumberLine, Tick
from latentgraph.tui.editor.inspector.form import form_fields
from latentgraph.tui.editor.inspector.link_list import LinkList
from latentgraph.tui.editor.inspector.messages import (
    DescriptionEdited,
    DisconnectWanted,
    DraftChanged,
    ExposeWanted,
    ItemRemoveWanted,
    ItemRenameWanted,
    LinkFollowed,
    RenameWanted,
    ValueUnset,
)
from latentgraph.tui.editor.inspector.row import FieldRow
from latentgraph.tui.editor.inspector.subject import Scope
from latentgraph.tui.editor.keys import keys_of

PAUSED = 0.55
"""Longer than a draft waits for the next key."""


async def _settled(pilot: Pilot[None], app: FormApp) -> None:
    for _ in range(200):
        await pilot.pause(0.02)
        if app.inspector.settled:
            return
    raise AssertionError("the form does not follow")


async def _at(pilot: Pilot[None], app: FormApp, field: str) -> None:
    await _settled(pilot, app)
    app.inspector.focus_field(field)
    await pilot.pause()
    await pilot.pause()
    app.told.clear()


async def _type(pilot: Pilot[None], text: str) -> None:
    for character in text:
        await pilot.press({" ": "space", ".": "full_stop", "-": "minus"}.get(character, character))


def _problem(row: FieldRow) -> str:
    return str(row.problem.render()) if row.problem is not None and row.problem.display else ""


def _text(app: FormApp, selector: str) -> str:
    return str(app.inspector.query_one(selector, Static).render())


async def test_each_field_is_edited_by_its_type() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await _settled(pilot, app)
        found = {row.spec.name: type(row.editor).__name__ for row in app.inspector.query("FieldRow").results()}  # type: ignore[attr-defined]
        assert found == {
            "text": "LinkLine",
            "picture": "LinkLine",
            "seed": "NumberLine",
            "steps": "NumberLine",
            "width": "NumberLine",
            "strength": "NumberLine",
            "tiled": "Tick",
            "mode": "Choice",
            "label": "Line",
            "limit": "LinkLine",
            "levels": "Area",
            "options": "Area",
            "description": "Area",
        }


async def test_enter_commits_what_was_typed_and_letters_are_refused() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await _at(pilot, app, "steps")
        await _type(pilot, "4x2")
        await pilot.press("enter")
        await pilot.pause()
        assert app.steps() == [("paint", "steps", 42)]
        assert app.edits()[-1][3]


async def test_a_pause_commits_in_one_step_with_what_follows() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await _at(pilot, app, "steps")
        await _type(pilot, "4")
        await pilot.pause(PAUSED)
        await _type(pilot, "2")
        await pilot.press("tab")
        await pilot.pause()
        assert app.edits()[0] == ("paint", "steps", 4, False)
        assert app.steps() == [("paint", "steps", 42)]


async def test_leaving_by_tab_commits_and_leaving_untouched_does_not() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await _at(pilot, app, "label")
        await _type(pilot, "bun")
        await pilot.press("tab", "tab", "shift+tab")
        await pilot.pause()
        assert app.steps() == [("paint", "label", "bun")]


async def test_a_wrong_draft_is_marked_with_a_sentence_and_never_told_as_a_value() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await _at(pilot, app, "steps")
        await _type(pilot, "900")
        await pilot.pause(PAUSED)
        await pilot.press("enter", "tab")
        await pilot.pause()
        row = app.row("steps")
        assert "! 900 is above the maximum 150" in _problem(row)
        assert str(row.query_one(".field--label", Static).render()).strip() == "!steps"
        assert app.edits() == []
        assert [one.sentence for one in app.told if isinstance(one, DraftChanged)] == ["900 is above the maximum 150"]
        assert [(one.key, one.port, one.sentence) for one in app.inspector.faulty] == [
            ("paint", "steps", "900 is above the maximum 150")
        ]
        assert app.value("paint", "steps") == 30


async def test_a_wrong_draft_mended_is_told_and_blocks_no_more() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await _at(pilot, app, "steps")
        await _type(pilot, "900")
        await pilot.press("backspace", "enter")
        await pilot.pause()
        assert app.steps() == [("paint", "steps", 90)]
        assert app.edits()[-1][3]
        assert app.inspector.faulty == ()
        assert _problem(app.row("steps")) == ""


async def test_escape_takes_back_what_is_typed_and_only_then_leads_out() -> None:
    class Screened(FormApp):
        BINDINGS: ClassVar[list[BindingType]] = [("escape", "leave", "Leave")]
        left = 0

        def action_leave(self) -> None:
            self.left += 1

    app = Screened()
    async with app.run_test(size=(42, 60)) as pilot:
        await _at(pilot, app, "steps")
        await _type(pilot, "900")
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert (app.row("steps").editor.text, app.inspector.faulty, app.left) == ("30", (), 0)
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert app.left == 1


async def test_arrows_and_pages_step_a_number_inside_its_bounds() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await _at(pilot, app, "width")
        await pilot.press("up", "up", "down", "pageup", "enter")
        await pilot.pause()
        assert app.edits()[-1] == ("paint", "width", 64 + 8 + 80, True)
        await _at(pilot, app, "strength")
        await pilot.press("up", "up", "pagedown", "enter")
        await pilot.pause()
        assert app.edits()[-1] == ("paint", "strength", 0.0, True)


async def test_a_seed_is_drawn_by_a_key() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await _at(pilot, app, "seed")
        drawn = set()
        for _ in range(3):
            await pilot.press("ctrl+g")
            await pilot.pause()
            drawn.add(app.value("paint", "seed"))
        assert all(isinstance(one, int) and 0 <= one <= 1000 for one in drawn)
        assert len(drawn) > 1
        assert app.row("seed").editor.text == str(app.value("paint", "seed"))


async def test_a_switch_is_switched_by_space_and_by_a_click() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await _at(pilot, app, "tiled")
        assert "[ ] false  default" in str(app.row("tiled").query_one(Tick).render())
        await pilot.press("space")
        await pilot.pause()
        assert "[x] true" in str(app.row("tiled").query_one(Tick).render())
        await pilot.click(app.row("tiled").query_one(Tick))
        await pilot.pause()
        assert app.edits() == [("paint", "tiled", True, True), ("paint", "tiled", False, True)]


async def test_a_choice_is_chosen_by_its_first_letters() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await _at(pilot, app, "mode")
        await pilot.press("enter", "d", "enter")
        await pilot.pause()
        assert app.edits() == [("paint", "mode", "dark", True)]


async def test_a_choice_that_the_type_does_not_have_is_shown_and_can_be_mended() -> None:
    data = copy.deepcopy(WORKFLOW)
    data["nodes"]["paint"]["inputs"]["mode"] = "burnt"
    app = FormApp(data=data)
    async with app.run_test(size=(42, 60)) as pilot:
        await _at(pilot, app, "mode")
        assert app.row("mode").query_one(Choice).value == '"burnt"'
        assert "burnt" in _problem(app.row("mode"))
        await pilot.press("enter", "d", "enter")
        await pilot.pause()
        assert app.value("paint", "mode") == "dark"


async def test_a_value_of_a_wrong_kind_is_shown_and_can_be_mended() -> None:
    data = copy.deepcopy(WORKFLOW)
    data["nodes"]["paint"]["inputs"]["steps"] = "many"
    app = FormApp(data=data)
    async with app.run_test(size=(42, 60)) as pilot:
        await _at(pilot, app, "steps")
        assert app.row("steps").editor.text == '"many"'
        assert app.inspector.faulty == ()
        await pilot.press("backspace")
        await _type(pilot, "12")
        await pilot.press("enter")
        await pilot.pause()
        assert app.value("paint", "steps") == 12


async def test_an_emptied_field_takes_its_default_again_and_so_it_does_by_a_key() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await _at(pilot, app, "steps")
        await pilot.press("backspace", "enter")
        await pilot.pause()
        assert [(one.port, one.final) for one in app.told if isinstance(one, ValueUnset)] == [("steps", True)]
        assert app.value("paint", "steps") == "ABSENT"
        assert app.row("steps").query_one(NumberLine).placeholder == "28  default"
        app.set("paint", "steps", 99)
        await pilot.pause()
        await pilot.press("ctrl+t")
        await pilot.pause()
        assert app.value("paint", "steps") == "ABSENT"
        assert app.row("steps").editor.text == ""


async def test_json_is_written_as_text_and_told_as_a_value() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await _at(pilot, app, "levels")
        await _type(pilot, "[1, 0.5")
        await pilot.press("tab")
        await pilot.pause()
        problem = _problem(app.row("levels"))
        assert problem == "! this is no JSON: a ',' is missing at column 8; write a list, such as [1, 2]"
        app.inspector.focus_field("levels")
        await _type(pilot, "]")
        await pilot.press("tab")
        await pilot.pause()
        assert app.edits() == [("paint", "levels", [1, 0.5], True)]


async def test_a_link_is_followed_cut_and_shows_the_value_that_comes_along_it() -> None:
    app = FormApp()
    async with app.run_test(size=(60, 60)) as pilot:
        await _at(pilot, app, "text")
        assert str(app.row("text").query_one(".field--editor", Static).render()) == "a loaf ↤ inputs.prompt"
        await pilot.press("enter", "delete")
        await pilot.pause()
        assert [one.end for one in app.told if isinstance(one, LinkFollowed)] == [("inputs", "prompt")]
        assert [one.port for one in app.told if isinstance(one, DisconnectWanted)] == ["text"]


async def test_the_lists_of_links_go_both_ways() -> None:
    app = FormApp("mix")
    async with app.run_test(size=(60, 60)) as pilot:
        await _at(pilot, app, "flour")
        app.inspector.query_one("#links-out", LinkList).focus()
        await pilot.press("down", "enter")
        await pilot.pause()
        assert [one.end for one in app.told if isinstance(one, LinkFollowed)] == [("turns", "dough")]
        app.show("paint")
        await _at(pilot, app, "dough")
        await pilot.press("enter", "x")
        await pilot.pause()
        assert [one.end for one in app.told if isinstance(one, LinkFollowed)] == [("mix", "dough")]
        assert [(one.key, one.port) for one in app.told if isinstance(one, DisconnectWanted)] == [("paint", "dough")]


async def test_a_missing_link_is_told_in_the_list() -> None:
    data = copy.deepcopy(WORKFLOW)
    del data["nodes"]["paint"]["inputs"]["dough"]
    app = FormApp(data=data)
    async with app.run_test(size=(60, 60)) as pilot:
        await _settled(pilot, app)
        prompt = str(app.inspector.query_one("#links-in", LinkList).get_option_at_index(0).prompt)
        assert "dough" in prompt
        assert "! the input 'dough' (Dough) is missing; link it" in prompt


async def test_inputs_of_the_workflow_are_set_renamed_and_removed() -> None:
    app = FormApp("inputs")
    async with app.run_test(size=(60, 60)) as pilot:
        await _at(pilot, app, "height")
        await _type(pilot, "64")
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press("backspace", "backspace", "enter", "f6", "ctrl+delete")
        await pilot.pause()
        assert app.edits() == [("inputs", "height", 64, True), ("inputs", "height", None, True)]
        assert [one.port for one in app.told if isinstance(one, ItemRenameWanted)] == ["height"]
        assert [one.port for one in app.told if isinstance(one, ItemRemoveWanted)] == ["height"]
        await _at(pilot, app, "seed")
        await pilot.press("backspace", "enter")
        await pilot.pause()
        assert [one.sentence for one in app.inspector.faulty] == ["there is nothing here; takes integer"]


async def test_outputs_are_renamed_and_removed_in_their_list() -> None:
    app = FormApp(">outputs")
    async with app.run_test(size=(60, 60)) as pilot:
        await _at(pilot, app, "dough")
        await pilot.press("t", "x")
        await pilot.pause()
        assert [one.port for one in app.told if isinstance(one, ItemRenameWanted)] == ["dough"]
        assert [one.port for one in app.told if isinstance(one, ItemRemoveWanted)] == ["dough"]


async def test_the_help_is_about_the_field_with_the_focus_and_offers_what_can_be_done() -> None:
    app = FormApp()
    async with app.run_test(size=(60, 60)) as pilot:
        await _at(pilot, app, "steps")
        assert _text(app, "FieldHelp").split("\n") == [
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
        await _at(pilot, app, "description")
        await _type(pilot, "why")
        await pilot.press("tab")
        await pilot.pause()
        assert [(one.key, one.text, one.final) for one in app.told if isinstance(one, DescriptionEdited)] == [
            ("paint", "why", True)
        ]


async def test_a_double_click_on_the_name_asks_for_another() -> None:
    app = FormApp()
    async with app.run_test(size=(60, 60)) as pilot:
        await _settled(pilot, app)
        await pilot.click("#head-title", times=2)
        await pilot.pause()
        assert [one.key for one in app.told if isinstance(one, RenameWanted)] == ["paint"]


async def test_the_last_value_is_shown_for_its_own_node_only() -> None:
    value = LookedValue("dough", "Dough", "500 g flour", (("flour", "500 g"), ("text", "\x1b[31mred")))
    app = FormApp("mix")
    async with app.run_test(size=(60, 60)) as pilot:
        await _settled(pilot, app)
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
        await _settled(pilot, app)
        assert not shown.display


async def test_nothing_selected_says_so() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 30)) as pilot:
        await _settled(pilot, app)
        app.inspector.show(None)
        await _settled(pilot, app)
        assert app.inspector.query_one("#inspector-empty").display
        assert not app.inspector.query_one("#inspector-body").display
        app.show()
        await _settled(pilot, app)
        assert app.inspector.query_one("#inspector-body").display


async def test_a_file_is_chosen_in_a_dialog(tmp_path: Path) -> None:
    (tmp_path / "bread.txt").write_text("bread")
    data = copy.deepcopy(WORKFLOW)
    data["nodes"]["paint"]["inputs"]["picture"] = "old.txt"
    app = FormApp(data=data)
    async with app.run_test(size=(100, 40)) as pilot:
        await _at(pilot, app, "picture")
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
        await _settled(pilot, app)
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
        await _at(pilot, app, "text")
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
        await _at(pilot, app, "label")
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
            await _settled(pilot, app)
            rows = list(app.inspector.query(FieldRow))
            assert [row.spec.name for row in rows] == [one.name for one in form_fields(subject)]
            assert app.inspector.faulty == ()
            assert not any(_problem(row) for row in rows)


def test_the_keys_of_a_field_do_not_take_those_of_the_editor() -> None:
    own = {key for row in keys_of("field") for key in row.keys.split(",")}
    of_the_app = {key for row in keys_of("app") for key in row.keys.split(",")}
    assert not own & of_the_app
