"""What comes faster than the screen can follow, as held keys do, is done once and crashes nothing."""

from __future__ import annotations

import time
from pathlib import Path

from tests.tui.conftest import BREAD, TOYS, write
from tests.tui.editor.desk import Desk, editing
from textual import events
from textual.command import CommandList, CommandPalette
from textual.widgets import TextArea

from latentgraph.tui.editor.inspector.form import Form
from latentgraph.tui.editor.inspector.row import LONGEST


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
        form = desk.screen.inspector
        desk.screen.canvas.go_to("say")
        await desk.until(lambda: form.subject and form.subject.key == "say" and form.settled)
        row = form.query_one(Form).row("text")
        assert row is not None
        row.take_focus()
        row.query_one(TextArea).insert("ce", (0, 2))
        row.give(row.subject, row.spec)
        await desk.until(lambda: desk.session.history.data["nodes"]["say"]["inputs"]["text"] == "once", 5)


async def test_somebody_who_never_pauses_is_taken_at_his_word_all_the_same(tmp_path: Path) -> None:
    talk = {"nodes": {"say": {"type": "fail", "inputs": {"text": ""}}}}
    async with editing(write(tmp_path / "talk.json", talk), out=tmp_path, files=(TOYS,)) as desk:
        form = desk.screen.inspector
        desk.screen.canvas.go_to("say")
        await desk.until(lambda: form.subject and form.subject.key == "say" and form.settled)
        form.focus_field("text")
        began, letters = time.monotonic(), 0
        while time.monotonic() < began + 2 * LONGEST:
            await desk.press("a")
            letters += 1
        data = desk.session.history.data
        assert set(data["nodes"]["say"]["inputs"]["text"]) == {"a"}
        await desk.until(lambda: desk.session.history.data["nodes"]["say"]["inputs"]["text"] == "a" * letters, 5)
        assert desk.session.history.steps == 1
