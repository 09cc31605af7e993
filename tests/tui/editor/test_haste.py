"""What comes faster than the screen can follow, as held keys do, is done once and crashes nothing."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from rich.style import Style
from tests.tui.conftest import BREAD, TOYS, write
from tests.tui.editor.desk import Desk, editing
from textual import events
from textual.app import App, ComposeResult
from textual.command import CommandList, CommandPalette
from textual.widgets import TextArea

from latentgraph.tui.editor.dialogs.menu import Entry, Menu
from latentgraph.tui.editor.inspector.form import Form
from latentgraph.tui.editor.options import Options


def hurry(desk: Desk, *keys: str) -> None:
    """Press keys without waiting for what they do."""
    for key in keys:
        desk.app.post_message(events.Key(key, None))


async def test_a_command_is_done_once_however_often_enter_comes(tmp_path: Path) -> None:
    async with editing(write(tmp_path / "bread.json", BREAD), out=tmp_path, files=(TOYS,)) as desk:
        desk.screen.canvas.go_to("mix")
        await desk.press("ctrl+p")
        await desk.until(lambda: isinstance(desk.app.screen, CommandPalette))
        await desk.press(*"duplicate")
        await desk.until(lambda: desk.app.screen.query_one(CommandList).option_count == 1)
        hurry(desk, "enter", "enter", "enter", "enter")
        await desk.until(lambda: len(desk.session.workflow.nodes) > 3)
        await desk.pilot.pause(0.3)
        assert desk.app.screen is desk.screen
        assert len(desk.session.workflow.nodes) == 4


async def test_a_letter_that_comes_while_the_form_is_shown_anew_is_not_lost(tmp_path: Path) -> None:
    talk = {"nodes": {"say": {"type": "fail", "inputs": {"text": "on"}}}}
    async with editing(write(tmp_path / "talk.json", talk), out=tmp_path, files=(TOYS,)) as desk:
        form = desk.screen.sidebar.inspector
        desk.screen.canvas.go_to("say")
        await desk.until(lambda: form.subject and form.subject.key == "say" and form.settled)
        row = form.query_one(Form).row("text")
        assert row is not None
        row.take_focus()
        row.query_one(TextArea).insert("ce", (0, 2))
        row.give(row.subject, row.spec)
        await desk.until(lambda: desk.session.history.data["nodes"]["say"]["inputs"]["text"] == "once")


async def test_a_field_that_is_not_filled_yet_takes_no_value_away(tmp_path: Path) -> None:
    write(tmp_path / "part.json", BREAD)
    nodes = {"mix": {"type": "mix", "inputs": {"flour": 505}}, "part": {"type": "workflow", "file": "part.json"}}
    async with editing(write(tmp_path / "whole.json", {"nodes": nodes}), out=tmp_path, files=(TOYS,)) as desk:
        form = desk.screen.sidebar.inspector
        await desk.until(lambda: form.settled)
        for name, port in (("mix", "flour"), ("part", "file")):
            desk.screen.canvas.go_to(name)
            rows = form.query_one(Form)
            while (row := rows.row(port)) is None:
                await asyncio.sleep(0)
            assert not row.is_mounted
            desk.screen.finish_typing()
            await desk.pilot.pause()
            assert desk.session.history.data["nodes"] == nodes


async def test_what_is_typed_right_after_f3_goes_to_the_box_that_is_selected(tmp_path: Path) -> None:
    say = {"type": "fail", "inputs": {"text": ""}}
    async with editing(
        write(tmp_path / "talk.json", {"nodes": {"a": say, "b": say}}), out=tmp_path, files=(TOYS,)
    ) as desk:
        form = desk.screen.sidebar.inspector
        desk.screen.canvas.go_to("a")
        await desk.until(lambda: form.subject and form.subject.key == "a" and form.settled)
        desk.screen.canvas.go_to("b")
        hurry(desk, "f3")
        for key in "once":
            desk.app.post_message(events.Key(key, key))
        hurry(desk, "f2", "m")
        await desk.until(lambda: "mute" in str(desk.session.history.data))
        texts = {name: node["inputs"]["text"] for name, node in desk.session.history.data["nodes"].items()}
        assert texts == {"a": "", "b": "once"}


@pytest.mark.parametrize("under_way", [False, True])
async def test_what_is_typed_is_in_the_copy_that_is_made_right_behind_it(tmp_path: Path, under_way: bool) -> None:
    talk = {"nodes": {"say": {"type": "fail", "inputs": {"text": ""}}}}
    async with editing(write(tmp_path / "talk.json", talk), out=tmp_path, files=(TOYS,)) as desk:
        form = desk.screen.sidebar.inspector
        desk.screen.canvas.go_to("say")
        await desk.until(lambda: form.subject and form.subject.key == "say" and form.settled)
        row = form.query_one(Form).row("text")
        assert row is not None
        area = row.query_one(TextArea)
        area.insert("once", (0, 0))
        if under_way:
            row.on_descendant_blur(events.DescendantBlur(area))
        desk.screen.action_duplicate()
        assert [node["inputs"]["text"] for node in desk.session.history.data["nodes"].values()] == ["once", "once"]
        await desk.pilot.pause()
        assert desk.session.undo()
        assert desk.session.history.data["nodes"] == {"say": {"type": "fail", "inputs": {"text": "once"}}}
        assert desk.session.undo()
        assert not desk.session.undo()


async def test_somebody_who_never_pauses_is_taken_at_his_word_all_the_same(tmp_path: Path) -> None:
    talk = {"nodes": {"say": {"type": "fail", "inputs": {"text": ""}}}}
    async with editing(write(tmp_path / "talk.json", talk), out=tmp_path, files=(TOYS,)) as desk:
        form = desk.screen.sidebar.inspector
        desk.screen.canvas.go_to("say")
        await desk.until(lambda: form.subject and form.subject.key == "say" and form.settled)
        form.focus_field("text")
        began, letters = time.monotonic(), 0
        # A busy machine takes its time over a key, and longer to come round to what is waiting.
        while not desk.session.history.data["nodes"]["say"]["inputs"]["text"] and time.monotonic() < began + 30:
            await desk.press("a")
            letters += 1
        assert set(desk.session.history.data["nodes"]["say"]["inputs"]["text"]) == {"a"}
        await desk.until(lambda: desk.session.history.data["nodes"]["say"]["inputs"]["text"] == "a" * letters)
        assert desk.session.history.steps == 1


async def test_a_box_that_is_deleted_while_it_is_dragged_is_let_go(tmp_path: Path) -> None:
    async with editing(write(tmp_path / "bread.json", BREAD), out=tmp_path, files=(TOYS,)) as desk:
        canvas = desk.screen.canvas
        assert canvas.sheet is not None
        area = canvas.sheet.areas["knead"]
        at = (area.x1 + 3 - canvas.left, area.y1 - canvas.top)
        await desk.pilot.mouse_down(canvas, offset=at)
        await desk.pilot.hover(canvas, offset=(at[0] + 2, at[1] + 1))
        await desk.press("x")
        assert "knead" not in canvas.scene.boxes
        await desk.pilot.hover(canvas, offset=(at[0] + 4, at[1] + 2))
        await desk.pilot.mouse_up(canvas, offset=(at[0] + 4, at[1] + 2))
        assert desk.app.mouse_captured is None
        assert list(desk.session.workflow.layout) == []


async def test_a_menu_that_is_left_before_it_is_drawn_asks_for_nothing_any_more(tmp_path: Path) -> None:
    async with editing(write(tmp_path / "bread.json", BREAD), out=tmp_path, files=(TOYS,)) as desk:
        menu = Menu([Entry("x", "Delete")], (150, 40))
        await desk.app.push_screen(menu)
        await desk.press("escape")
        await desk.until(lambda: not menu.is_attached)
        # What was to be done after the first frame, which never came.
        menu._keep_inside((150, 40))
        menu.show_hints()
        assert desk.app.screen is desk.screen


@pytest.mark.parametrize("key", ["a", "t", "S", "ctrl+p", "f1"])
async def test_a_dialog_that_is_left_before_it_is_put_together_is_gone(key: str, tmp_path: Path) -> None:
    async with editing(write(tmp_path / "bread.json", BREAD), out=tmp_path, files=(TOYS,)) as desk:
        desk.screen.canvas.go_to("mix")
        await desk.pilot.pause()
        desk.app.post_message(events.Key(key, key if len(key) == 1 else None))
        while desk.app.screen is desk.screen:
            await asyncio.sleep(0)
        dialog = desk.app.screen
        assert not dialog.is_mounted
        dialog.dismiss()
        await desk.until(lambda: desk.app.screen is desk.screen)
        await desk.pilot.pause()
        assert not dialog.is_attached


class Listing(App[None]):
    """A list whose options are taken away."""

    def compose(self) -> ComposeResult:
        yield Options("one", "two", "three")


async def test_a_click_on_an_option_that_is_gone_does_nothing() -> None:
    app = Listing()
    async with app.run_test() as pilot:
        options = app.query_one(Options)
        style = Style.from_meta({"option": 2})
        options.clear_options()
        options.post_message(events.Click(options, 1, 2, 0, 0, 1, False, False, False, 1, 2, style))
        await pilot.pause()
        options.display = False
        options.add_options(["four"])
        options.highlighted = 0
        options.action_page_up()
        options.action_page_down()
        await pilot.pause()
        assert app.is_running


async def test_one_escape_leads_from_the_form_to_the_canvas_and_not_out_of_the_body_too(tmp_path: Path) -> None:
    body = {"say": {"type": "fail", "inputs": {"text": "on"}}}
    talk = {"nodes": {"turns": {"type": "loop", "nodes": body}}}
    async with editing(write(tmp_path / "talk.json", talk), out=tmp_path, files=(TOYS,)) as desk:
        screen = desk.screen
        screen.canvas.go_to("turns")
        screen.action_open_body()
        await desk.until(lambda: screen.scope == ("turns",))
        screen.canvas.go_to("say")
        await screen.action_focus_inspector()
        await desk.until(lambda: screen.sidebar.inspector.has_focus_within)
        await desk.press("escape")
        await desk.until(lambda: screen.canvas.has_focus)
        await desk.pilot.pause(0.3)
        assert screen.scope == ("turns",)
        await desk.press("escape")
        await desk.until(lambda: screen.scope == ())
