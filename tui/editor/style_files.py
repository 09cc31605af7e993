"""The styles, in two parts: the first frame waits for as few as it shows."""

from __future__ import annotations

from importlib.resources import files
from pathlib import PurePath
from typing import Any, Final

from textual.app import App


def _paths(*names: str) -> list[str | PurePath]:
    folder = files("latentgraph.tui.editor") / "styles"
    return [str(folder / f"{name}.tcss") for name in names]


FIRST: Final = _paths("app", "canvas")
"""Of what the first frame shows."""
LATER: Final = _paths("sidebar", "inspector", "dialogs", "pictures")
"""Of what comes after it."""


def read_later_styles(app: App[Any]) -> None:
    """Read the styles of what comes after the first frame, for what is there already too."""
    for path in LATER:
        app.stylesheet.read(path)
    for screen in app.screen_stack[1:]:  # a hasty user's dialog
        app.stylesheet.update(screen)
