"""What holds for all dialogs, in a large window, in a usual one and in a tiny one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.graph.toys import toy_registry
from tests.tui.editor.dialogs.asking import SIZES, UNANSWERED, asked
from textual.screen import Screen
from textual.theme import Theme
from textual.widget import Widget
from textual.widgets import Button

from latentgraph.graph.workflow import Workflow
from latentgraph.tui.editor.dialogs.add_node import AddNode, node_choices
from latentgraph.tui.editor.dialogs.confirm import Choice, Confirm
from latentgraph.tui.editor.dialogs.dialog import Frame
from latentgraph.tui.editor.dialogs.external_change import ExternalChange
from latentgraph.tui.editor.dialogs.help import Help
from latentgraph.tui.editor.dialogs.open import OpenWorkflow, StartScreen
from latentgraph.tui.editor.dialogs.pick import PickFile, SaveAs
from latentgraph.tui.editor.dialogs.recover import Left, Recover
from latentgraph.tui.editor.dialogs.rename import Rename
from latentgraph.tui.editor.dialogs.run_with import RunWith
from latentgraph.tui.editor.dialogs.search import Rows
from latentgraph.tui.editor.themes import DARK, LIGHT
from latentgraph.tui.shipped import shipped_workflows

WORKFLOW = Workflow.model_validate(
    {
        "latentgraph": 1,
        "inputs": {
            "prompt": {"type": "string", "default": "a red circle on a blue background"},
            "scheduler": {"type": "string", "default": "ddim", "choices": ["ddim", "euler"]},
            "seed": {"type": "integer", "default": 7},
            **{f"weight_{i}": {"type": "number", "default": 0.5} for i in range(12)},
        },
        "nodes": {},
    }
)
HERE = Path(__file__).parent
DIALOGS: dict[str, Callable[[], Screen[Any]]] = {
    "add": lambda: AddNode(node_choices(toy_registry())),
    "add what fits": lambda: AddNode(node_choices(toy_registry()), {"bake", "knead"}, "Add a node to dough of knead"),
    "confirm": lambda: Confirm("Save first?", [Choice("save", "Save", "primary"), Choice("no", "Discard", "error")]),
    "external change": lambda: ExternalChange("lighthouse.json", modified=True),
    "help": lambda: Help("canvas"),
    "open": lambda: OpenWorkflow(shipped_workflows(), [HERE / "asking.py"], HERE),
    "start": lambda: StartScreen(shipped_workflows(), [], HERE),
    "pick": lambda: PickFile(HERE),
    "save as": lambda: SaveAs(HERE, "lighthouse.json"),
    "recover": lambda: Recover(
        [Left("a", "lighthouse.json", 14, "today at 14:03", "set steps"), Left("b", "x", 1, "")]
    ),
    "rename": lambda: Rename("step", {"other"}),
    "run with": lambda: RunWith(WORKFLOW, toy_registry()),
}
each_dialog = pytest.mark.parametrize("name", DIALOGS)
each_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


@each_dialog
async def test_escape_leaves_without_an_answer(name: str) -> None:
    async with asked(DIALOGS[name](), SIZES[-1]) as dialog:
        assert dialog.open
        await dialog.press("escape")
        assert dialog.answer is None


@each_dialog
@pytest.mark.parametrize("size", SIZES[1:], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_click_on_the_hint_leaves_too(name: str, size: tuple[int, int]) -> None:
    async with asked(DIALOGS[name](), size) as dialog:
        await dialog.click("esc leave")
        assert dialog.answer is None


@each_dialog
@each_size
async def test_all_of_it_can_be_seen_and_reached(name: str, size: tuple[int, int]) -> None:
    async with asked(DIALOGS[name](), size) as dialog:
        screen = dialog.app.screen
        frame = screen.query_one(Frame).region
        assert screen.region.contains_region(frame)
        for button in screen.query(Button):
            assert frame.contains_region(button.region), button
            assert button.region.area > 0
        for listed in (*screen.query(Rows), *screen.query("Recover OptionList")):
            assert listed.region.height >= 2, listed
        # And tab brings each of them into view.
        for _ in range(len(screen.focus_chain)):
            await dialog.press("tab")
            assert screen.focused is not None
            visible = screen.find_widget(screen.focused).visible_region
            assert visible.height >= 1, screen.focused
            assert visible.width >= 4, screen.focused


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
@each_dialog
async def test_what_has_the_focus_is_another_grey_than_its_like(name: str, theme: Theme) -> None:
    async with asked(DIALOGS[name](), (80, 24), theme) as dialog:
        screen = dialog.app.screen
        for kind in ("Button", "Input"):
            controls = [one for one in screen.query(kind).results(Widget) if one.focusable]
            for focused in controls[:3]:
                focused.focus()
                await dialog.pilot.pause()
                grey = _grey(focused)
                others = [_grey(one) for one in controls if one is not focused]
                assert all(abs(grey - other) > 0.03 for other in others), focused


def _grey(widget: Widget) -> float:
    return widget.background_colors[1].brightness


KEYS = [
    *"abdnoprstwxy019._-+~/ \\[",
    *("enter", "escape", "tab", "shift+tab", "up", "down", "left", "right", "home", "end", "pageup", "pagedown"),
    *("backspace", "delete", "space", "ctrl+a", "ctrl+e", "ctrl+k", "ctrl+u", "ctrl+v", "ctrl+w", "ctrl+r", "f1", "f5"),
]


@each_dialog
async def test_no_row_of_keys_and_clicks_is_too_much(name: str) -> None:
    chance = Random(name)
    size = chance.choice(SIZES)
    async with asked(DIALOGS[name](), size) as dialog:
        for _ in range(12):
            if chance.random() < 0.2:
                await dialog.pilot.click(offset=(chance.randrange(size[0]), chance.randrange(size[1])))
            else:
                # Several at once: what comes after the answer is for nobody.
                dialog.app.simulate_key(chance.choice(KEYS))
                await dialog.press(chance.choice(KEYS))
            if not dialog.open:
                dialog.app.answer = UNANSWERED
                dialog.app.push_screen(DIALOGS[name](), lambda answer: setattr(dialog.app, "answer", answer))
                await dialog.pilot.pause()
        assert dialog.app.return_code is None


async def test_a_click_beside_it_leaves() -> None:
    async with asked(DIALOGS["confirm"](), (80, 24)) as dialog:
        await dialog.pilot.click(offset=(1, 1))
        assert dialog.answer is None


async def test_a_click_inside_does_not() -> None:
    async with asked(DIALOGS["confirm"](), (80, 24)) as dialog:
        await dialog.click("Save first?")
        assert dialog.open


@each_size
async def test_the_hints_are_cut_by_whole_words(size: tuple[int, int]) -> None:
    async with asked(DIALOGS["add what fits"](), size) as dialog:
        foot = next(line for line in dialog.lines if "leave" in line)
        assert "…" not in foot
        assert ("choose" in foot) == (size[0] > 40)
        assert "all types" in foot
