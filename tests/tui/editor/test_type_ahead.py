"""What is typed faster than the editor can follow goes where it was meant to go, in the order in which it was typed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.tui.conftest import PAINTS, TOYS, write
from tests.tui.editor.desk import Desk, editing, nodes
from tests.tui.editor.terminal import PATIENCE, terminal
from textual import events
from textual._xterm_parser import XTermParser
from textual.app import ComposeResult
from textual.command import CommandPalette
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input

from latentgraph.tui.editor import type_ahead
from latentgraph.tui.editor.app import EditorApp
from latentgraph.tui.editor.dialogs.open import StartScreen
from latentgraph.tui.editor.request import EditRequest
from latentgraph.tui.editor.type_ahead import TypeAhead

TALK: dict[str, Any] = {
    "nodes": {
        "dough": {"type": "mix", "inputs": {"flour": 500}},
        "say": {"type": "fail", "inputs": {"text": ""}},
        "shout": {"type": "fail"},
    },
    "outputs": {"said": {"from": "say.text"}},
}
PART = {"nodes": {"say": {"type": "fail", "inputs": {"text": "on"}}}}
F2, F3, F8, CTRL_O, CTRL_P, CTRL_S = "\x1bOQ", "\x1bOR", "\x1b[19~", "\x0f", "\x10", "\x13"


def pasted(text: str) -> str:
    """A text as a terminal pastes it."""
    return f"\x1b[200~{text}\x1b[201~"


def node(data: dict[str, Any], name: str) -> Any:
    return data["nodes"].get(name, {})


IN_ONE_PIECE: dict[str, tuple[str, Callable[[dict[str, Any]], Any], Any]] = {
    "a node that is added": ("aknead\r", lambda data: node(data, "knead"), {"type": "knead"}),
    "one whose name is pasted": (f"a{pasted('knead')}\r", lambda data: node(data, "knead"), {"type": "knead"}),
    "two nodes, one behind the other": (
        "/dough\raknead\rabake\r",
        lambda data: node(data, "bake").get("inputs"),
        {"dough": {"from": "knead.dough"}},
    ),
    "what is searched for, and its value": ("/say\r\ronce", lambda data: node(data, "say")["inputs"]["text"], "once"),
    "a text with line breaks, pasted": (
        "/say\r\r" + pasted("one\rtwo"),
        lambda data: node(data, "say")["inputs"]["text"],
        "one\ntwo",
    ),
    "into the form and back": (
        f"/say\r{F3}once{F2}m",
        lambda data: (node(data, "say")["inputs"]["text"], node(data, "say").get("disabled")),
        ("once", "mute"),
    ),
    "another name": ("/say\rtspeech\r", lambda data: list(data["nodes"]), ["dough", "speech", "shout"]),
    "a command by its name, and its dialog": (
        f"/say\r{CTRL_P}rename\rspeech\r",
        lambda data: list(data["nodes"]),
        ["dough", "speech", "shout"],
    ),
    "a group": ("/say\rgdead ends\r", lambda data: data.get("groups"), {"dead ends": {"nodes": ["say"]}}),
    "the field of a problem": (f"{F8}aloud{F2}", lambda data: node(data, "shout").get("inputs"), {"text": "aloud"}),
    "a sub-workflow, from dialog to dialog": (
        "aworkflow\rpart.json\r",
        lambda data: node(data, "part"),
        {"type": "workflow", "file": "./part.json"},
    ),
}


@pytest.mark.parametrize("what", IN_ONE_PIECE)
async def test_what_comes_in_one_piece_goes_where_it_was_meant_to_go(what: str, tmp_path: Path) -> None:
    keys, look, wanted = IN_ONE_PIECE[what]
    write(tmp_path / "part.json", PART)
    async with editing(write(tmp_path / "talk.json", TALK), out=tmp_path, files=(TOYS,)) as desk:
        await desk.until(lambda: desk.session.checked is desk.session.workflow)
        hurry(desk, keys + CTRL_S)
        await desk.until(lambda: "Saved talk.json." in desk.told)
        assert look(json.loads((tmp_path / "talk.json").read_text())) == wanted


def test_a_whole_workflow_that_a_terminal_sends_in_one_piece_is_all_there(tmp_path: Path) -> None:
    file = write(tmp_path / "talk.json", TALK)
    write(tmp_path / "part.json", PART)
    before = file.read_text()
    keys = (
        f"/dough\raknead\r/say\r\ronce upon{pasted(' a time')}{F2}t{pasted('speech')}\r"
        f"{CTRL_P}rename\rtale\rgdead ends\r/shout\r{F3}aloud{F2}maworkflow\rpart.json\r{CTRL_S}"
    )
    with terminal("talk.json", "--nodes", TOYS, folder=tmp_path, state=tmp_path / "state") as editor:
        editor.wait_for("2 problems")
        editor.wait_until_still()
        editor.type(keys)
        deadline = time.monotonic() + PATIENCE
        while file.read_text() == before and time.monotonic() < deadline:
            time.sleep(0.02)
    written = json.loads(file.read_text())
    assert written["nodes"] == {
        "dough": {"type": "mix", "inputs": {"flour": 500}},
        "knead": {"type": "knead", "inputs": {"dough": {"from": "dough.dough"}}},
        "tale": {"type": "fail", "inputs": {"text": "once upon a time"}},
        "shout": {"type": "fail", "disabled": "mute", "inputs": {"text": "aloud"}},
        "part": {"type": "workflow", "file": "./part.json"},
    }
    assert written["groups"] == {"dead ends": {"nodes": ["tale"]}}


def hurry(desk: Desk, keys: str) -> None:
    """Press keys, as a terminal sends them, without waiting for what they do."""
    for event in XTermParser().feed(keys):
        desk.app.post_message(event)


@pytest.mark.parametrize("key", [CTRL_O, CTRL_P])
async def test_what_is_typed_behind_a_key_that_opens_a_dialog_is_in_its_field(key: str, tmp_path: Path) -> None:
    async with editing(write(tmp_path / "talk.json", TALK), out=tmp_path, files=(TOYS,)) as desk:
        hurry(desk, key + "xxd")
        await desk.until(lambda: any(one.value == "xxd" for one in desk.app.screen.query(Input)))
        assert list(desk.session.workflow.nodes) == list(TALK["nodes"])


async def test_labels_of_ports_take_the_letters_that_come_with_the_key_that_shows_them(tmp_path: Path) -> None:
    dough = {"a": {"type": "mix", "inputs": {"flour": 5}}, "b": {"type": "knead"}}
    async with editing(write(tmp_path / "dough.json", {"nodes": dough}), out=tmp_path, files=(TOYS,)) as desk:
        desk.screen.canvas.go_to("a")
        hurry(desk, "caa")
        await desk.until(lambda: "'from': 'a.dough'" in str(desk.session.history.data))


async def test_keys_that_come_before_the_first_dialog_are_for_it(tmp_path: Path) -> None:
    app = EditorApp(nodes(PAINTS), None, EditRequest(None, out=tmp_path), images="blocks")
    app.animation_level = "none"
    async with app.run_test(size=(160, 45)) as pilot:
        desk = Desk(app, pilot)
        hurry(desk, "text_to_image_open\r")
        await desk.until(lambda: app.main_screen.places and desk.session.workflow.nodes)
        assert not any(isinstance(screen, StartScreen) for screen in app.screen_stack)
        assert "open_step" in desk.session.title


class Ear(Widget, can_focus=True):
    """Takes its time over all that it hears."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    async def on_key(self, event: events.Key) -> None:
        event.stop()
        await asyncio.sleep(0.005)
        self.heard.append(event.key)

    async def on_paste(self, event: events.Paste) -> None:
        await asyncio.sleep(0.005)
        self.heard.append(event.text)

    async def on_mouse_down(self, event: events.MouseDown) -> None:
        await asyncio.sleep(0.005)
        self.heard.append(f"down {event.x}")

    async def on_mouse_move(self, event: events.MouseMove) -> None:
        self.heard.append(f"move {event.x}")


class Hearing(TypeAhead[None]):
    """An app with one ear."""

    CSS = "Ear { width: 100%; height: 100%; }"

    def __init__(self) -> None:
        super().__init__()
        self.ear = Ear()

    def compose(self) -> ComposeResult:
        yield self.ear


def mouse(kind: type[events.MouseEvent], x: int) -> events.MouseEvent:
    return kind(None, x, 1, 0, 0, 1, False, False, False, x, 1)


async def heard_all(app: Hearing, pilot: Pilot[Any], count: int) -> list[str]:
    deadline = time.monotonic() + PATIENCE
    while len(app.ear.heard) < count and time.monotonic() < deadline:
        await pilot.pause(0.01)
    return app.ear.heard


async def test_keys_pastes_and_the_mouse_keep_their_order() -> None:
    app = Hearing()
    async with app.run_test() as pilot:
        sent = []
        for turn in range(8):
            for what, event in (
                (f"f{turn + 1}", events.Key(f"f{turn + 1}", None)),
                (f"down {turn}", mouse(events.MouseDown, turn)),
                (f"text {turn}", events.Paste(f"text {turn}")),
                (f"move {turn}", mouse(events.MouseMove, turn)),
            ):
                sent.append(what)
                app.post_message(event)
        assert await heard_all(app, pilot, len(sent)) == sent


class Endless(Message):
    """Keeps whoever hears it busy."""


async def test_keys_flow_in_order_though_somebody_never_comes_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type_ahead, "LOOKS", 20)

    class Stuck(Widget):
        free = asyncio.Event()

        async def on_endless(self) -> None:
            await self.free.wait()

    app = Hearing()
    async with app.run_test() as pilot:
        stuck = Stuck()
        await app.mount(stuck)
        stuck.post_message(Endless())
        keys = [f"f{number}" for number in range(1, 10)]
        for key in keys:
            app.post_message(events.Key(key, None))
        deadline = time.monotonic() + PATIENCE
        while len(app.ear.heard) < len(keys) and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        assert app.ear.heard == keys
        # Who waited in vain once does not wait again.
        app.post_message(events.Key("f10", None))
        while not app.waiting and len(app.ear.heard) == len(keys) and time.monotonic() < deadline:
            await asyncio.sleep(0)
        assert not app.waiting
        stuck.free.set()
        assert await heard_all(app, pilot, len(keys) + 1) == [*keys, "f10"]
        await pilot.pause()
        for key in ("a", "b"):
            app.post_message(events.Key(key, key))
        await asyncio.sleep(0)
        await heard_all(app, pilot, len(keys) + 3)
        assert app.ear.heard[-2:] == ["a", "b"]


async def test_an_app_that_ends_leaves_nothing_that_waits(tmp_path: Path) -> None:
    async with editing(write(tmp_path / "talk.json", TALK), out=tmp_path, files=(TOYS,)) as desk:
        hurry(desk, "a" * 30)
        handing = desk.app._handing
    assert desk.app._handing is not None
    assert desk.app._handing is not handing or handing.done() or handing.cancelling()


async def test_a_palette_that_is_left_takes_no_letter_along(tmp_path: Path) -> None:
    async with editing(write(tmp_path / "talk.json", TALK), out=tmp_path, files=(TOYS,)) as desk:
        desk.screen.canvas.go_to("say")
        hurry(desk, f"{CTRL_P}x")
        desk.app.post_message(events.Key("escape", None))
        desk.app.post_message(events.Key("m", "m"))
        await desk.until(lambda: "mute" in str(desk.session.history.data))
        assert list(desk.session.workflow.nodes) == list(TALK["nodes"])
        assert not any(isinstance(screen, CommandPalette) for screen in desk.app.screen_stack)
