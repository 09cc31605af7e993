"""Each field is edited by its type, committed when it is left, and marked where its text is no value."""

from __future__ import annotations

import copy
from typing import ClassVar

from tests.tui.editor.inspector.forms import WORKFLOW, FormApp, focused_at, problem_of, settled, type_text
from textual.binding import BindingType
from textual.widgets import Static

from latentgraph.tui.editor.inspector.editors import Choice, NumberLine, Tick
from latentgraph.tui.editor.inspector.messages import (
    DraftChanged,
    ValueUnset,
)

PAUSED = 0.55
"""Longer than a draft waits for the next key."""


async def test_each_field_is_edited_by_its_type() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await settled(pilot, app)
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
        await focused_at(pilot, app, "steps")
        await type_text(pilot, "4x2")
        await pilot.press("enter")
        await pilot.pause()
        assert app.steps() == [("paint", "steps", 42)]
        assert app.edits()[-1][3]


async def test_a_pause_commits_in_one_step_with_what_follows() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "steps")
        await type_text(pilot, "4")
        await pilot.pause(PAUSED)
        await type_text(pilot, "2")
        await pilot.press("tab")
        await pilot.pause()
        assert app.edits()[0] == ("paint", "steps", 4, False)
        assert app.steps() == [("paint", "steps", 42)]


async def test_leaving_by_tab_commits_and_leaving_untouched_does_not() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "label")
        await type_text(pilot, "bun")
        await pilot.press("tab", "tab", "shift+tab")
        await pilot.pause()
        assert app.steps() == [("paint", "label", "bun")]


async def test_a_wrong_draft_is_marked_with_a_sentence_and_never_told_as_a_value() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "steps")
        await type_text(pilot, "900")
        await pilot.pause(PAUSED)
        await pilot.press("enter", "tab")
        await pilot.pause()
        row = app.row("steps")
        assert "! 900 is above the maximum 150" in problem_of(row)
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
        await focused_at(pilot, app, "steps")
        await type_text(pilot, "900")
        await pilot.press("backspace", "enter")
        await pilot.pause()
        assert app.steps() == [("paint", "steps", 90)]
        assert app.edits()[-1][3]
        assert app.inspector.faulty == ()
        assert problem_of(app.row("steps")) == ""


async def test_escape_takes_back_what_is_typed_and_only_then_leads_out() -> None:
    class Screened(FormApp):
        BINDINGS: ClassVar[list[BindingType]] = [("escape", "leave", "Leave")]
        left = 0

        def action_leave(self) -> None:
            self.left += 1

    app = Screened()
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "steps")
        await type_text(pilot, "900")
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert (app.row("steps").editor.text, app.inspector.faulty, app.left) == ("30", (), 0)
        await pilot.press("escape")
        await pilot.pause(0.2)
        assert app.left == 1


async def test_arrows_and_pages_step_a_number_inside_its_bounds() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "width")
        await pilot.press("up", "up", "down", "pageup", "enter")
        await pilot.pause()
        assert app.edits()[-1] == ("paint", "width", 64 + 8 + 80, True)
        await focused_at(pilot, app, "strength")
        await pilot.press("up", "up", "pagedown", "enter")
        await pilot.pause()
        assert app.edits()[-1] == ("paint", "strength", 0.0, True)


async def test_a_seed_is_drawn_by_a_key() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "seed")
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
        await focused_at(pilot, app, "tiled")
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
        await focused_at(pilot, app, "mode")
        await pilot.press("enter", "d", "enter")
        await pilot.pause()
        assert app.edits() == [("paint", "mode", "dark", True)]


async def test_a_choice_that_the_type_does_not_have_is_shown_and_can_be_mended() -> None:
    data = copy.deepcopy(WORKFLOW)
    data["nodes"]["paint"]["inputs"]["mode"] = "burnt"
    app = FormApp(data=data)
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "mode")
        assert app.row("mode").query_one(Choice).value == '"burnt"'
        assert "burnt" in problem_of(app.row("mode"))
        await pilot.press("enter", "d", "enter")
        await pilot.pause()
        assert app.value("paint", "mode") == "dark"


async def test_a_value_of_a_wrong_kind_is_shown_and_can_be_mended() -> None:
    data = copy.deepcopy(WORKFLOW)
    data["nodes"]["paint"]["inputs"]["steps"] = "many"
    app = FormApp(data=data)
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "steps")
        assert app.row("steps").editor.text == '"many"'
        assert app.inspector.faulty == ()
        await pilot.press("backspace")
        await type_text(pilot, "12")
        await pilot.press("enter")
        await pilot.pause()
        assert app.value("paint", "steps") == 12


async def test_an_emptied_field_takes_its_default_again_and_so_it_does_by_a_key() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "steps")
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
        await focused_at(pilot, app, "levels")
        await type_text(pilot, "[1, 0.5")
        await pilot.press("tab")
        await pilot.pause()
        problem = problem_of(app.row("levels"))
        assert problem == "! this is no JSON: a ',' is missing at column 8; write a list, such as [1, 2]"
        app.inspector.focus_field("levels")
        await type_text(pilot, "]")
        await pilot.press("tab")
        await pilot.pause()
        assert app.edits() == [("paint", "levels", [1, 0.5], True)]
