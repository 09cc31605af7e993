"""An app that asks with one dialog and keeps the answer, looked at by what stands on the screen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from textual.app import App
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.screen import Screen
from textual.theme import Theme

from latentgraph.tui.editor import recent
from latentgraph.tui.editor.themes import DARK, LIGHT, variable_defaults

STYLES = Path(recent.__file__).parent / "styles"
SIZES = ((160, 45), (80, 24), (40, 10))
UNANSWERED: Final = object()


class Asking(App[None]):
    """Nothing but the dialog."""

    CSS_PATH = [STYLES / "dialogs.tcss", STYLES / "pictures.tcss"]  # noqa: RUF012 - as Textual declares it

    def __init__(self, theme: Theme = DARK) -> None:
        super().__init__()
        for one in (DARK, LIGHT):
            self.register_theme(one)
        self.theme = theme.name
        self.animation_level = "none"
        self.answer: Any = UNANSWERED

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.current_theme)


class Asked:
    """The dialog on the screen, and what it answered."""

    def __init__(self, app: Asking, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def answer(self) -> Any:
        return self.app.answer

    @property
    def open(self) -> bool:
        return self.app.answer is UNANSWERED

    @property
    def lines(self) -> list[str]:
        """The screen, line by line."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def place(self, text: str) -> Offset:
        """Where `text` stands on the screen."""
        for y, line in enumerate(self.lines):
            if text in line:
                return Offset(line.index(text), y)
        raise AssertionError(f"{text!r} is not on the screen:\n{self.text}")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        names = {".": "full_stop", "/": "slash", "-": "minus", "_": "underscore", " ": "space"}
        await self.press(*(names.get(character, character) for character in text))

    async def click(self, text: str) -> None:
        """Click on a text where it stands."""
        await self.pilot.click(offset=self.place(text) + Offset(1, 0))
        await self.pilot.pause()

    async def press_button(self, identity: str) -> None:
        """Click on a button by what it is called in the code."""
        await self.pilot.click(f"#{identity}")
        await self.pilot.pause()


@asynccontextmanager
async def asked(dialog: Screen[Any], size: tuple[int, int] = (80, 24), theme: Theme = DARK) -> AsyncIterator[Asked]:
    """Ask with a dialog."""
    app = Asking(theme)

    def answered(answer: Any) -> None:
        app.answer = answer

    async with app.run_test(size=size) as pilot:
        app.push_screen(dialog, answered)
        await pilot.pause()
        await pilot.pause()
        yield Asked(app, pilot)
