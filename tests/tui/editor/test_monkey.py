"""Random keys and mouse events never crash the editor, and whatever they make of a workflow is one that loads."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import pytest
from tests.graph.edit.examples import FLAT, NESTED
from tests.tui.conftest import BREAD, PAINTS, SLOW, TOYS, write
from tests.tui.editor.desk import nodes
from tests.tui.editor.monkey import SIZES, Monkey, WatchedApp, keep_within

from latentgraph.graph.document import parse_document
from latentgraph.graph.files import write_whole
from latentgraph.tui.editor.journal import read_journal
from latentgraph.tui.editor.opening import open_argument
from latentgraph.tui.editor.request import EditRequest
from latentgraph.tui.editor.session import Session

FILES = (PAINTS, TOYS)
BATCH = 50
"""Events after which the workflow is looked at."""
OUTER = {
    "inputs": {"flour": {"type": "integer", "default": 500}},
    "nodes": {"inner": {"type": "workflow", "file": "./bread.json", "inputs": {"flour": {"from": "inputs.flour"}}}},
    "outputs": {"bread": {"from": "inner.bread"}},
}
STARTS = ("bread.json", "slow.json", "flat.json", "nested.json", "outer.json", "text_to_image", "", "fresh.json")

Made = list[tuple[Session, str]]
"""Every session that was made, with the text that it began with."""


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """The sessions that are made from here on; what they save stays in the test's folder, where some files are."""
    found: Made = []
    begin = Session.__init__

    def remember(session: Session, *arguments: object, **options: object) -> None:
        begin(session, *arguments, **options)  # type: ignore[arg-type]
        found.append((session, session.text))

    monkeypatch.setattr(Session, "__init__", remember)
    monkeypatch.setattr("latentgraph.tui.editor.session.write_whole", keep_within(tmp_path, write_whole))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name, data in (("bread", BREAD), ("slow", SLOW), ("flat", FLAT), ("nested", NESTED), ("outer", OUTER)):
        write(tmp_path / f"{name}.json", data)
    return found


def check(session: Session) -> None:
    """Its text loads as the same workflow, and its journal gives it back."""
    text = session.text
    assert parse_document(text.encode(), "it").workflow == session.workflow
    file = session.journal._file
    if file is not None:
        left = read_journal(file)
        assert left is not None
        assert left.history.data == session.history.data
        assert session.journal.fault == ""


def check_undo(session: Session, start: str) -> None:
    """Undo leads back to the text that it began with, and redo to the one that it has."""
    end, steps = session.text, session.history.steps
    while session.history.undo():
        pass
    assert session.text == start
    while session.history.steps < steps:
        session.history.redo()
    assert session.text == end


async def check_undo_by_hand(monkey: Monkey, made: Made) -> None:
    """Leave all dialogs, and undo and redo everything on the screen."""
    app, screen = monkey.app, monkey.screen
    for _ in range(12):
        if app.screen is screen:
            break
        monkey.key("escape")
        await monkey.settle()
    assert app.screen is screen, f"escape does not leave {app.screen}; {monkey.story}"
    screen.finish_typing()
    session = screen.session
    start = next(text for one, text in made if one is session)
    end = session.text
    steps = session.history.steps
    while session.history.can_undo:
        screen.action_undo()
        if session.history.steps % 5 == 0:
            await monkey.settle()
    assert session.text == start
    while session.history.steps < steps:
        screen.action_redo()
        if session.history.steps % 5 == 0:
            await monkey.settle()
    assert session.text == end


async def play(seed: int, count: int, made: Made, out: Path) -> int:
    """Let a monkey play at an editor; how many events it sent."""
    random = Random(seed)
    argument, size = STARTS[seed % len(STARTS)], SIZES[seed // 2 % len(SIZES)]
    registry = nodes(*FILES)
    request = EditRequest(None, out=out, node_files=[Path(file) for file in FILES])
    opened = open_argument(argument, registry) if argument else None
    app = WatchedApp(registry, opened, request, images="blocks")
    app.animation_level = "none"
    made.clear()
    async with app.run_test(size=size) as pilot:
        monkey = Monkey(app, pilot, random)
        await monkey.settle()
        try:
            while monkey.sent < count and not app.left:
                await monkey.play(min(BATCH, count - monkey.sent))
                await monkey.settle()
                for place in monkey.screen.places:
                    check(place.session)
            if not app.left:
                await check_undo_by_hand(monkey, made)
                session = monkey.screen.session
                await monkey.until(lambda: session.checked is session.workflow, "the check")
            for session, start in made:
                check_undo(session, start)
        except BaseException as error:
            error.add_note(f"seed {seed}, {argument or 'nothing'} at {size}; the last events: {monkey.story}")
            raise
        app.end()
    return monkey.sent


async def test_a_sample_of_random_keys_and_clicks_crashes_nothing(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Runs are refused: to start an engine takes longer than all of the rest.
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    sent = 0
    for seed in (1, 2, 11):
        sent += await play(seed, 200, made, tmp_path / "out")
    assert sent > 400


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(100, 140))
async def test_ten_thousand_random_keys_and_clicks_crash_nothing(
    seed: int, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if seed % 5:
        monkeypatch.setattr(sys, "executable", "/no/such/python")
    sent = 0
    while sent < 250:
        sent += await play(seed + 1000 * sent, 250 - sent, made, tmp_path / "out")
