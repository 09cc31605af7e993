"""The help screen and the palette, which are read from the table of keys."""

from __future__ import annotations

import pytest
from tests.tui.editor.dialogs.asking import STYLES, asked
from textual.app import App, ComposeResult
from textual.widgets import Input, Static

from latentgraph.tui.editor.dialogs.help import Help, help_text
from latentgraph.tui.editor.dialogs.key_names import format_key, format_keys
from latentgraph.tui.editor.dialogs.palette import Commands, commands
from latentgraph.tui.editor.keys import KEYS, Key

SAVE = Key("save", "ctrl+s", "app", "Save", "Save the workflow.", "File")
ADD = Key("screen.add_node", "a", "canvas", "Add", "Add a node.", "Edit the graph")


@pytest.mark.parametrize(
    ("key", "shown"),
    [("ctrl+left", "ctrl+←"), ("full_stop", "."), ("escape", "esc"), ("H", "H"), ("f5", "f5"), ("plus", "+")],
)
def test_keys_read_as_a_person_calls_them(key: str, shown: str) -> None:
    assert format_key(key) == shown


def test_every_key_of_the_table_is_in_the_help_in_every_width() -> None:
    for width in (36, 60, 90):
        lines = help_text(KEYS, "", width).plain.splitlines()
        assert max(map(len, lines)) <= width
        text = " ".join(" ".join(lines).split())
        for key in KEYS:
            assert format_keys(key.keys) in text
            assert " ".join(key.help.split()) in text


def test_the_filter_reads_keys_and_sentences() -> None:
    assert help_text([SAVE, ADD], "node", 80).plain.splitlines()[:2] == [
        "Edit the graph, on the canvas",
        f"{'a':<18}Add a node.",
    ]
    assert "Save the workflow." in help_text([SAVE, ADD], "ctrl+s", 80).plain
    assert help_text([SAVE, ADD], "xyzzy", 80).plain == "Nothing speaks of 'xyzzy'."


async def test_keys_of_the_place_come_first() -> None:
    async with asked(Help("problems", [SAVE, Key("fix", "f", "problems", "Fix", "Fix it.", "Problems")])) as dialog:
        assert dialog.place("Problems, in the list of problems").y < dialog.place("File, everywhere").y


async def test_typing_filters_and_keys_scroll() -> None:
    async with asked(Help("canvas"), (80, 24)) as dialog:
        top = dialog.lines[5]
        await dialog.press("pagedown")
        assert dialog.lines[5] != top
        await dialog.type("minimap")
        assert "Show or hide the minimap." in dialog.text
        assert "Save the workflow" not in dialog.text


class Palette(App[None]):
    """A screen, a field and a table of what they did."""

    CSS_PATH = STYLES / "dialogs.tcss"
    COMMANDS = {Commands}  # noqa: RUF012 - as Textual declares it

    class Canvas(Static, can_focus=True):
        """What takes the canvas's keys."""

        def action_fit(self) -> None:
            self.app.did.append("fit")  # type: ignore[attr-defined]

        def action_pan(self, columns: int, rows: int) -> None:
            self.app.did.append(f"pan {columns} {rows}")  # type: ignore[attr-defined]

    def __init__(self) -> None:
        super().__init__()
        self.did: list[str] = []

    def compose(self) -> ComposeResult:
        yield Input()
        yield self.Canvas("canvas")

    def action_undo(self) -> None:
        self.did.append("undo")


@pytest.mark.parametrize(
    ("typed", "done"), [("fit", "fit"), ("undo", "undo"), ("panleft", "pan -8 0"), ("most of the graph", "fit")]
)
async def test_a_command_is_done_whatever_has_the_focus(typed: str, done: str) -> None:
    app = Palette()
    async with app.run_test() as pilot:
        app.action_command_palette()
        await pilot.pause()
        app.screen.query_one(Input).value = typed
        for _ in range(40):
            await pilot.pause(0.05)
            listed = app.screen.query_one("CommandList")
            if listed.option_count:  # type: ignore[attr-defined]
                break
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert app.did == [done]


def test_every_command_says_its_key() -> None:
    shown = {key.label for key in commands()}
    assert {"Save", "Fit", "Rename"} <= shown
    assert "Older" not in shown
