"""An editor that remembers nothing of the machine it is tested on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import textual.app
import textual.pilot
from tests.tui.editor.idle import wait_for_idle, wait_for_screen
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot

_PARSED: dict[tuple[object, ...], list[RuleSet]] = {}
_parse_rules = Stylesheet._parse_rules


@pytest.fixture(autouse=True)
def no_longer_than_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a pilot go on as soon as the editor has answered, and no sooner."""
    monkeypatch.setattr(Pilot, "_wait_for_screen", wait_for_screen)
    for module in (textual.app, textual.pilot):
        monkeypatch.setattr(module, "wait_for_idle", wait_for_idle)


def _parse_once(sheet: Stylesheet, *arguments: Any, **options: Any) -> list[RuleSet]:
    """The rules of a style sheet, which are the same in every editor of the same theme: a fifth of its start."""
    key = (arguments, tuple(options.items()), tuple(sheet._variables.items()))
    if key not in _PARSED:
        _PARSED[key] = _parse_rules(sheet, *arguments, **options)
    return _PARSED[key]


@pytest.fixture(autouse=True)
def style_sheets_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the style sheets parsed once for all tests."""
    monkeypatch.setattr(Stylesheet, "_parse_rules", _parse_once)


@pytest.fixture(autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that journals, recent files and made runs are kept in."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder
