"""The editor as a Textual app: themes, styles, commands, and the one screen that all else happens on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand
from textual.command import CommandPalette
from textual.filter import LineFilter
from textual.screen import Screen
from textual.theme import ThemeProvider

from latentgraph.graph.registry import Registry
from latentgraph.tui.editor.controls import WithoutControls
from latentgraph.tui.editor.dialogs.palette import Commands, Palette
from latentgraph.tui.editor.main_screen import MainScreen
from latentgraph.tui.editor.opening import Opened
from latentgraph.tui.editor.request import EditRequest
from latentgraph.tui.editor.style_files import FIRST
from latentgraph.tui.editor.themes import DARK, THEMES, variable_defaults
from latentgraph.tui.editor.type_ahead import TypeAhead

if TYPE_CHECKING:
    from latentgraph.tui.editor.pictures.protocol import Mode

TEXTUAL_COMMANDS = ("Theme", "Screenshot")


class EditorApp(TypeAhead[int]):
    """The editor."""

    TITLE = "latentgraph"
    CSS_PATH: ClassVar = FIRST
    COMMANDS: ClassVar = App.COMMANDS | {Commands}

    def __init__(
        self, registry: Registry, opened: Opened | None, request: EditRequest, *, images: Mode = "blocks"
    ) -> None:
        """Make the app.

        Args:
            registry: The nodes that workflows may use.
            opened: What to begin with; None offers what there is.
            request: What was asked on the command line.
            images: How pictures are drawn.
        """
        super().__init__()
        # Before anything is styled: to change the theme of what is there costs as much as to style it.
        for theme in THEMES:
            self.register_theme(theme)
        self.set_reactive(EditorApp.theme, DARK.name)
        self.stylesheet.set_variables(self.get_css_variables())
        self._without_controls = WithoutControls()
        self.main_screen = MainScreen(registry, request, images, opened)

    def get_default_screen(self) -> MainScreen:
        """The one screen that is always there, told how much room it has before it is styled."""
        self.main_screen.suit(self.size)
        return self.main_screen

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What happens to every line that any widget draws."""
        return [*super().get_line_filters(), self._without_controls]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What our styles ask for, for themes that do not know it."""
        return variable_defaults(self.current_theme)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Of Textual's own commands, those that no key of the table does better."""
        return [one for one in super().get_system_commands(screen) if one.title in TEXTUAL_COMMANDS]

    def action_command_palette(self) -> None:
        """Search all commands."""
        if not any(isinstance(screen, CommandPalette) for screen in self.screen_stack):
            # Without Textual's name for it: one that was just left may not be gone yet.
            self.push_screen(Palette())

    def search_themes(self) -> None:
        """Search all themes."""
        self.push_screen(Palette(providers=[ThemeProvider], placeholder="Search for themes…"))

    async def action_quit(self) -> None:
        """Leave; the main screen asks about what is not saved."""
        if self.screen is self.main_screen:
            self.main_screen.action_quit()
        else:
            self.screen.dismiss()

    async def on_unmount(self) -> None:
        """End the engine's process, however the app ends."""
        await asyncio.to_thread(self.main_screen.engine.stop)
