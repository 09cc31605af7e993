"""Every key of the table does something where it applies, and nothing that goes wrong is told but in a sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from tests.tui.conftest import PAINTS, write
from tests.tui.editor.deeds import DEEDS, KITCHEN, Deed
from tests.tui.editor.hands import WAIT_SECONDS, Hands, editor
from textual.app import App

from latentgraph.graph.boxes import INPUTS
from latentgraph.graph.edit.interface import set_input
from latentgraph.tui.editor.keys import KEYS, keys_of
from latentgraph.tui.editor.main_screen import MainScreen

SECONDS = 30.0
PLACES = tuple(dict.fromkeys(key.where for key in KEYS))
WITH_PICTURES = ("app", "canvas", "history", "viewer")
"""Where keys look at what was made."""


@pytest.fixture
def kitchen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a workflow, and an editor for texts that writes a word behind them."""
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "editor.sh"
    script.write_text('#!/bin/sh\nprintf "%s and more" "$(cat "$1")" > "$1"\n')
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(script))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    # There is no terminal to give away in a test.
    monkeypatch.setattr(App, "suspend", lambda app: contextlib.nullcontext())
    return write(tmp_path / "kitchen.json", KITCHEN)


def test_there_is_a_deed_for_every_key_and_none_beside() -> None:
    assert sorted(DEEDS) == sorted(key.id for key in KEYS)


def sample(names: list[str]) -> list[str]:
    """One of the names of a key, always the same."""
    return [Random(",".join(names)).choice(names)]


@pytest.mark.parametrize(
    "names", [sample, pytest.param(list, marks=pytest.mark.exhaustive)], ids=["by one name", "by all names"]
)
@pytest.mark.parametrize("where", PLACES)
async def test_every_key_does_something(where: str, names: Callable[[list[str]], list[str]], kitchen: Path) -> None:
    before = kitchen.read_text()
    idle = []
    async with editor(str(kitchen), out=Path("outputs"), node_files=(Path(PAINTS),)) as user:
        if where in WITH_PICTURES:
            await make_pictures(user)
        for key in keys_of(where):
            for name in names(key.keys.split(",")):
                kitchen.write_text(before)
                await begin(user, kitchen)
                if not await does(user, DEEDS[key.id], name):
                    idle.append(f"{name}: {key.help}")
    assert not idle, "\n".join(idle)


async def make_pictures(user: Hands) -> None:
    """Two runs with different seeds, for what looks at pictures."""
    for seed in (1, 2):
        user.main.do(lambda seed=seed: set_input(user.main.graph, "seed", default=seed))  # type: ignore[misc]
        await user.press("ctrl+r")
        await user.until(lambda: len(user.main.made) >= seed, "a run", WAIT_SECONDS)  # noqa: B023 - it is awaited here


async def begin(user: Hands, file: Path) -> None:
    """As if the file were opened anew: no dialog, no run, nothing selected, and the canvas has the keys."""
    main = user.main
    while user.app.screen is not main:
        user.app.screen.dismiss(None)
        await user.pilot.pause()
    main.runs.waiting.clear()
    if main.runs.current is not None:
        main.runs.stop()
        await user.until(lambda: main.runs.current is None, "the run to end", WAIT_SECONDS)
    main.canvas.leave_mode()
    main.sidebar.show_page("inspector")
    main.find_bar.display = False
    user.app.copy_to_clipboard("")
    main.action_focus_canvas()
    await user.pilot.pause()  # for a draft in a field that is left
    if _as_it_was_opened(main, file):
        main.canvas.start_at(INPUTS)
    else:
        main.open_file(str(file))
    main.canvas.fit()
    main.action_focus_canvas()
    await user.settle()


def _as_it_was_opened(main: MainScreen, file: Path) -> bool:
    """Whether nobody has touched the workflow, so that there is nothing to open anew."""
    session = main.session
    untouched = not session.history.done and not session.history.undone
    return len(main.places) == 1 and session.path == file and untouched and not session.modified


async def does(user: Hands, deed: Deed, name: str) -> bool:
    """Whether what is seen is another one after the key."""
    if deed.situation is not None:
        await deed.situation(user)
    before = deed.seen(user)
    await user.press(name)
    with contextlib.suppress(AssertionError):
        await user.until(lambda: deed.seen(user) != before, "what the key does", SECONDS)
    return deed.seen(user) != before
