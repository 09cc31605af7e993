"""What keeps the editor fast, where it can be told without a clock; the clocks are in tests/bench/editor.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.bench.terminal import Terminal
from tests.tui.editor.hands import editor
from textual.screen import Screen

from latentgraph.tui.editor.bars import RunView
from latentgraph.tui.editor.themes import LIGHT


def test_the_first_frame_with_boxes_needs_no_library_that_is_slow_to_import(tmp_path: Path) -> None:
    with Terminal(["edit", "text_to_image", "--images", "blocks"], tmp_path) as terminal:
        terminal.until(lambda shown: shown["boxes"])
        assert terminal.shown["unwanted"] == []


def _counted(monkeypatch: pytest.MonkeyPatch, method: str) -> list[object]:
    """A list that grows by one with each call of a method of screens."""
    calls: list[object] = []
    plain = getattr(Screen, method)

    def counting(screen: Screen[object], *values: object, **named: object) -> object:
        calls.append(values)
        return plain(screen, *values, **named)

    monkeypatch.setattr(Screen, method, counting)
    return calls


async def test_the_widgets_are_styled_once_at_the_start_for_the_size_and_the_theme_that_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    styled_again = _counted(monkeypatch, "update_node_styles")
    async with editor("text_to_image", out=tmp_path) as hands:
        assert {"-wide", "-tall"} <= hands.main.classes
        assert not styled_again
        dark = hands.main.styles.background
        hands.app.theme = LIGHT.name
        await hands.pilot.pause()
        assert hands.main.styles.background != dark


async def test_what_the_bars_say_does_not_have_the_screen_laid_out_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with editor("text_to_image", out=tmp_path) as hands:
        main = hands.main
        main.run_bar.show(RunView("text_to_image", "denoise", 1, 25))
        await hands.pilot.pause(0.1)
        laid_out = _counted(monkeypatch, "_refresh_layout")
        for step in range(2, 6):
            main.run_bar.show(RunView("text_to_image", "denoise", step, 25))
            main.device = f"device {step}"
            main.show_top()
            await hands.pilot.pause(0.05)
        assert hands.sees("step 5/25")
        assert hands.sees("device 5")
        assert not laid_out
