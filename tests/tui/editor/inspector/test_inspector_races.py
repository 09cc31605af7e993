"""What a form must bear: selections that do not rest, events of fields that are gone, and changes from outside."""

from __future__ import annotations

import copy

from tests.tui.editor.inspector.forms import WORKFLOW, FormApp, focused_at, settled, subject_of
from textual.widgets import Input

from latentgraph.tui.editor.inspector.editors import NumberLine
from latentgraph.tui.editor.inspector.messages import DraftChanged
from latentgraph.tui.editor.inspector.row import FieldRow

BOXES = ("paint", "mix", "mix2", "inputs", ">outputs", "turns", "numbers")


async def test_fifty_selections_in_a_row_end_at_the_last_and_build_no_form_on_the_way() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 40)) as pilot:
        await settled(pilot, app)
        subjects = {key: subject_of(WORKFLOW, key) for key in BOXES}
        built = []
        show = app.inspector._form.show

        async def counted(subject: object, kept: object) -> None:
            built.append(subject)
            await show(subject, kept)  # type: ignore[arg-type]

        app.inspector._form.show = counted  # type: ignore[method-assign]
        for index in range(50):
            app.inspector.show(subjects[BOXES[index % 7]])
        await settled(pilot, app)
        assert [one.key for one in built] == [BOXES[49 % 7]]  # type: ignore[attr-defined]
        assert [row.spec.name for row in app.query(FieldRow)][:2] == ["text", "picture"]


async def test_fifty_selections_that_rest_a_little_while_someone_types_lose_nothing_and_mix_nothing_up() -> None:
    app = FormApp("mix")
    async with app.run_test(size=(42, 40)) as pilot:
        await focused_at(pilot, app, "water")
        for index in range(50):
            app.show(("mix", "mix2", "paint")[index % 3])
            await pilot.pause(0.07 if index % 5 == 0 else 0)
            if isinstance(app.focused, NumberLine):
                await pilot.press("1")
        app.show("mix2")
        await settled(pilot, app)
        await pilot.pause(0.5)
        wrong = {one.port for one in app.inspector.faulty if one.key == "mix2"}
        for name in ("flour", "water"):
            assert name in wrong or app.row(name).editor.text == str(app.value("mix2", name))
        for key, port, value, _ in app.edits():
            assert port in app.data["nodes"][key]["inputs"], (key, port)
            assert "1" in str(value)


async def test_what_is_typed_before_the_selection_moves_is_told_for_the_box_it_was_typed_in() -> None:
    app = FormApp("mix")
    async with app.run_test(size=(42, 40)) as pilot:
        await focused_at(pilot, app, "flour")
        await pilot.press("4", "0")
        app.show("mix2")
        await settled(pilot, app)
        await pilot.pause()
        assert app.steps() == [("mix", "flour", 40)]
        assert app.row("flour").editor.text == "100"


async def test_a_form_of_the_same_type_is_used_again() -> None:
    app = FormApp("mix")
    async with app.run_test(size=(42, 40)) as pilot:
        await settled(pilot, app)
        before = list(app.query(FieldRow))
        app.show("mix2")
        await settled(pilot, app)
        assert list(app.query(FieldRow)) == before
        assert [row.editor.text for row in before[:2]] == ["100", "7"]


async def test_an_event_of_another_box_that_comes_late_changes_nothing() -> None:
    app = FormApp("mix")
    async with app.run_test(size=(42, 40)) as pilot:
        await focused_at(pilot, app, "flour")
        line = app.row("flour").query_one(NumberLine)
        app.show("mix2")
        await settled(pilot, app)
        app.told.clear()
        line.post_message(Input.Changed(line, "999"))
        line.post_message(Input.Submitted(line, "999"))
        await pilot.pause(0.5)
        assert app.edits() == []
        assert app.value("mix2", "flour") == 100


async def test_events_of_a_field_that_was_removed_change_nothing() -> None:
    app = FormApp("mix")
    async with app.run_test(size=(42, 40)) as pilot:
        await focused_at(pilot, app, "flour")
        line = app.row("flour").query_one(NumberLine)
        line.value = "45"
        app.show("inputs")
        await settled(pilot, app)
        line.post_message(Input.Changed(line, "999"))
        await pilot.pause(0.5)
        assert app.steps() == [("mix", "flour", 45)]


async def test_the_focus_stays_at_a_field_of_the_same_name() -> None:
    app = FormApp("mix")
    async with app.run_test(size=(42, 40)) as pilot:
        await focused_at(pilot, app, "water")
        app.show("mix2")
        await settled(pilot, app)
        assert app.row("water").has_focus_within
        app.show("paint")
        await settled(pilot, app)
        await pilot.pause()
        assert app.focused is not None
        assert app.inspector in app.focused.ancestors


async def test_a_selection_does_not_take_the_focus_from_elsewhere() -> None:
    app = FormApp("mix")
    async with app.run_test(size=(42, 40)) as pilot:
        await settled(pilot, app)
        app.query_one("Button").focus()
        for key in BOXES:
            app.show(key)
            await settled(pilot, app)
            assert app.focused is app.query_one("Button")


async def test_an_undo_from_outside_while_a_wrong_draft_is_open_shows_what_the_workflow_holds() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "steps")
        await pilot.press("9", "0", "0")
        app.set("paint", "steps", 28)
        await settled(pilot, app)
        await pilot.pause(0.5)
        assert app.row("steps").editor.text == "28"
        assert app.inspector.faulty == ()
        assert app.edits() == []
        assert [one.sentence for one in app.told if isinstance(one, DraftChanged)][-1] == ""


async def test_a_change_elsewhere_while_a_draft_is_open_leaves_it() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "steps")
        await pilot.press("9", "0", "0")
        app.set("paint", "seed", 5)
        await settled(pilot, app)
        await pilot.pause()
        assert app.row("steps").editor.text == "900"
        assert app.row("seed").editor.text == "5"
        await pilot.press("backspace", "enter")
        await pilot.pause()
        assert app.value("paint", "steps") == 90


async def test_the_echo_of_a_pause_does_not_take_away_what_is_typed_meanwhile() -> None:
    app = FormApp()
    app.echo = False
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "steps")
        await pilot.press("1")
        await pilot.pause(0.55)
        await pilot.press("2")
        app.show()
        await settled(pilot, app)
        await pilot.pause()
        assert app.row("steps").editor.text == "12"
        await pilot.press("enter")
        await pilot.pause()
        assert app.edits()[0] == ("paint", "steps", 1, False)
        assert app.steps() == [("paint", "steps", 12)]


async def test_a_wrong_draft_waits_for_its_box_to_be_shown_again() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "steps")
        await pilot.press("9", "0", "0")
        app.show("mix")
        await settled(pilot, app)
        assert [(one.key, one.port) for one in app.inspector.faulty] == [("paint", "steps")]
        app.show("paint")
        await settled(pilot, app)
        assert app.row("steps").editor.text == "900"
        assert len(app.inspector.faulty) == 1
        app.show("mix")
        await settled(pilot, app)
        app.inspector.forget(lambda scope, key: key != "paint")
        assert not app.inspector.faulty


async def test_a_wrong_draft_is_dropped_when_its_value_was_changed_meanwhile() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "steps")
        await pilot.press("9", "0", "0")
        app.show("mix")
        await settled(pilot, app)
        app.data = copy.deepcopy(app.data)
        app.data["nodes"]["paint"]["inputs"]["steps"] = 31
        app.show("paint")
        await settled(pilot, app)
        assert app.row("steps").editor.text == "31"
        assert app.inspector.faulty == ()


async def test_who_cannot_wait_takes_what_is_typed_at_once() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "steps")
        await pilot.press("1", "2")
        taken = app.inspector.take_commits()
        assert [(type(one).__name__, one.key) for one in taken] == [("ValueEdited", "paint")]
        await pilot.pause(0.5)
        await pilot.press("tab")
        await pilot.pause()
        assert app.edits() == []


async def test_a_link_made_while_the_form_is_open_exchanges_one_field() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "steps")
        rows = {row.spec.name: row for row in app.query(FieldRow)}
        app.set("paint", "steps", {"from": "inputs.seed"})
        await settled(pilot, app)
        await pilot.pause()
        after = {row.spec.name: row for row in app.query(FieldRow)}
        assert [name for name in rows if rows[name] is not after[name]] == ["steps"]
        assert list(after) == list(rows)
        assert after["steps"].has_focus_within


async def test_a_box_that_is_deleted_while_it_is_shown() -> None:
    app = FormApp()
    async with app.run_test(size=(42, 60)) as pilot:
        await focused_at(pilot, app, "steps")
        await pilot.press("9", "0", "0")
        app.inspector.show(None)
        await settled(pilot, app)
        app.inspector.forget(lambda scope, key: False)
        assert app.inspector.faulty == ()
        app.inspector.focus_first()
        app.inspector.focus_field("steps")
        await pilot.press("tab", "enter", "escape")
        await pilot.pause()
