"""An editor that is killed loses no more than its last second, and never tears a file."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Timer
from typing import Any

import pytest
from tests.tui.conftest import TOYS, write
from tests.tui.editor.desk import editing, nodes
from tests.tui.editor.terminal import Terminal, terminal

from latentgraph.graph.canonical import canonical_data, canonical_text
from latentgraph.graph.document import parse_document, read_document
from latentgraph.graph.edit.clipboard import duplicate
from latentgraph.graph.edit.delete import delete
from latentgraph.graph.edit.edit import Edit
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.edit.history import History
from latentgraph.graph.edit.nodes import disable
from latentgraph.graph.edit.values import set_value
from latentgraph.tui.editor.dialogs.recover import Recover
from latentgraph.tui.editor.journal import Left, recoverable

LAST_SECOND = 1.0
"""What may be lost."""
TALK = {
    "nodes": {
        "dough": {"type": "mix", "inputs": {"flour": 500}},
        "say": {"type": "fail", "inputs": {"text": ""}},
    },
    "outputs": {"said": {"from": "say.text"}},
}
TEXT = "once upon a time there was a loaf of bread that "
F2, F3, LEFT, END, CTRL_S = "\x1bOQ", "\x1bOR", "\x1b[D", "\x1b[F", "\x13"

Act = Callable[[History, Graph], Edit | None]
Data = dict[str, Any]


@dataclass
class Script:
    """Keys to press, and what the workflow has become after each."""

    file: Path
    keys: list[str] = field(default_factory=list)
    states: list[Data] = field(default_factory=list)
    """After so many keys."""
    saved: list[str] = field(default_factory=list)
    """The texts that the file may have beside that of its beginning."""
    letters: set[int] = field(default_factory=set)
    """Which of the keys are letters of a text."""

    def __post_init__(self) -> None:
        self.history = History(read_document(self.file, "talk").workflow)
        self.states.append(self.history.data)

    def press(self, key: str, act: Act | None = None) -> None:
        """Add a key that does something to the workflow, or nothing."""
        if act is not None:
            edit = act(self.history, Graph.of(self.history.workflow, nodes(TOYS)))
            if edit is not None:
                self.history.do(edit)
        if key == CTRL_S:
            self.saved.append(canonical_text(self.history.workflow))
        self.keys.append(key)
        self.states.append(self.history.data)

    def type(self, node: str, text: str) -> None:
        """Add the keys of a text, behind what the field of a node holds."""
        before = self.history.data["nodes"][node]["inputs"]["text"]
        for count in range(1, len(text) + 1):
            self.letters.add(len(self.keys))
            self.press(text[count - 1], writing(node, before + text[:count]))


def writing(node: str, text: str) -> Act:
    return lambda _, graph: set_value(graph, node, "text", text)


def undo(history: History, _: Graph) -> None:
    history.undo()


def redo(history: History, _: Graph) -> None:
    history.redo()


def some_minutes_of_work(file: Path) -> Script:
    """Duplicate, mute, undo, redo, write, save, delete, save."""
    script = Script(file)
    script.press(END)
    script.press(LEFT)
    script.press("D", lambda _, graph: duplicate(graph, ["say"]))
    (copy,) = set(script.history.data["nodes"]) - {"say", "dough"}
    script.press("m", lambda _, graph: disable(graph, [copy], "mute"))
    script.press("u", undo)
    script.press("R", redo)
    script.press(F3)
    script.type(copy, TEXT)
    # Not by escape: an editor that is held up reads it together with the key behind it, as one other key.
    script.press(F2)
    script.press(CTRL_S)
    script.press("D", lambda _, graph: duplicate(graph, [copy]))
    (other,) = set(script.history.data["nodes"]) - {"say", "dough", copy}
    script.press("x", lambda _, graph: delete(graph, [other]))
    script.press("u", undo)
    script.press(CTRL_S)
    script.press("m", lambda _, graph: disable(graph, [other], None))
    script.press("D", lambda _, graph: duplicate(graph, [other]))
    script.press(CTRL_S)
    return script


@dataclass
class Killed:
    """What a kill interrupted."""

    sent: int
    """Keys that were pressed."""
    seen: int
    """Keys whose effect was on the screen more than a second before."""


def play(term: Terminal, script: Script, moment: float, *, at_save: bool) -> Killed:
    """Press the keys of a script until the editor is killed.

    Args:
        term: With the editor.
        script: What to press.
        moment: Seconds after the first key at which to kill it; beyond the end, a second and a half after the last.
        at_save: Kill it so long after the next time that it was told to save, in tenths of it.
    """
    killed_at: list[float] = []
    timer = Timer(moment, lambda: killed_at.append(term.kill()))
    timer.start()
    drawn: list[float] = []
    for number, key in enumerate(script.keys):
        if at_save and key == CTRL_S and not killed_at and time.monotonic() > term.started + moment / 2:
            timer.cancel()
            timer = Timer(moment % 0.1, lambda: killed_at.append(term.kill()))
            timer.start()
        if killed_at:
            break
        drawn.append(term.type(key))
        time.sleep(0.05)
        if number not in script.letters:
            # This is about kills: somebody who looks before he goes on.
            term.wait_until_still(0.15)
    if not killed_at:
        time.sleep(LAST_SECOND + 0.5)
    timer.cancel()
    timer.join()
    if not killed_at:
        killed_at.append(term.kill())
    seen = sum(when <= killed_at[0] - LAST_SECOND for when in drawn)
    return Killed(len(drawn), seen)


def left_behind(state: Path) -> list[Left]:
    return recoverable(state / "latentgraph" / "journal")


async def kill_at(moment: float, folder: Path, state: Path, *, at_save: bool = False) -> None:
    """Kill an editor at a moment of its work, and see what there is afterwards."""
    file = write(folder / "talk.json", TALK)
    begun = file.read_text()
    script = some_minutes_of_work(file)
    with terminal(str(file), "--nodes", TOYS, folder=folder, state=state) as term:
        term.wait_for("talk.json")
        term.wait_until_still()
        term.started = time.monotonic()
        killed = play(term, script, moment, at_save=at_save)
    assert file.read_text() in {begun, *script.saved}, "\n".join([file.read_text(), *script.saved])
    parsed = parse_document(file.read_bytes(), "talk")
    left = left_behind(state)
    assert len(left) <= 1
    now = left[0].history.data if left else canonical_data(parsed.workflow)
    allowed = script.states[killed.seen : killed.sent + 1]
    assert now in allowed, told(now, script.states, killed)
    if left:
        await restore(file, left[0], folder)


def told(now: Data, states: Sequence[Data], killed: Killed) -> str:
    """How far off what was left is."""
    at = [index for index, state in enumerate(states) if state == now]
    return f"what was left is the state after {at} keys of {killed}: {json.dumps(now['nodes'])}"


async def restore(file: Path, left: Left, folder: Path) -> None:
    """Start anew, and take what is offered."""
    text, wanted = file.read_text(), left.history.data
    async with editing(file, out=folder / "out", files=(TOYS,)) as desk:
        await desk.until(lambda: isinstance(desk.app.screen, Recover))
        await desk.press("r")
        await desk.until(lambda: desk.app.screen is desk.screen)
        assert desk.session.history.data == wanted
        assert desk.session.modified
        assert desk.session.path == file
        assert file.read_text() == text
        while desk.session.undo():
            pass
        assert desk.session.text == canonical_text(
            parse_document(json.dumps(left.history.start).encode(), "it").workflow
        )


DURATION = 8.0
"""About how long the script takes, in seconds."""


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of both editors."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.mark.parametrize(("moment", "at_save"), [(1.5, False), (4.0, False), (5.0, True), (1000, False)])
async def test_the_next_start_offers_all_but_the_last_second(
    moment: float, at_save: bool, tmp_path: Path, state: Path
) -> None:
    await kill_at(moment, tmp_path, state, at_save=at_save)


@pytest.mark.exhaustive
@pytest.mark.parametrize("number", range(50))
async def test_fifty_kills_lose_no_more_than_their_last_second(number: int, tmp_path: Path, state: Path) -> None:
    random = Random(number)
    moment = DURATION * (number + random.random()) / 50
    await kill_at(moment, tmp_path, state, at_save=number % 3 == 0)
