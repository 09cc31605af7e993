"""Every key of the table as a command that can be searched by name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import partial

from textual import events
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette, DiscoveryHit, Hit, Provider
from textual.content import Content
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.screen import Screen

from latentgraph.tui.editor.dialogs.key_names import format_key
from latentgraph.tui.editor.keys import KEYS, Key
from latentgraph.tui.editor.type_ahead import Typed

PLACES = ("app", "canvas")
"""Keys of these are commands; those of a dialog mean something only there."""
HIDDEN = frozenset({"command_palette", "leave_mode"})


class Palette(CommandPalette):
    """The command palette, which does what is chosen once, however often enter is pressed."""

    # Not by AnswersOnce: Textual takes the styles of a screen from its first base alone.
    _answered = False

    def awaits(self, event: Typed) -> bool:
        """Whether a key is for the list of what is found, which is still looked for; letters do not wait for that."""
        if isinstance(event, events.Paste) or (isinstance(event, events.Key) and event.is_printable):
            return False
        return any(worker.node is self and not worker.is_finished for worker in self.workers)

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Leave; where that was done already, what Textual does after it is to do nothing."""
        if not self.is_mounted:
            self.call_later(self._leave_now)
            return AwaitComplete()
        if self._answered or not self.is_active:
            self._selected_command = DiscoveryHit("", _nothing)
            return AwaitComplete()
        self._answered = True
        return super().dismiss(result)

    def _leave_now(self) -> None:
        # What a callback returns is waited for, which a screen cannot do for its own end.
        self.dismiss()

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError):  # Textual looks up where in the list a command is that is not drawn yet.
            super()._action_command_list(action)

    # A search that is still under way when the palette is left tells it so after its list is gone.

    def _watch__list_visible(self) -> None:
        with suppress(NoMatches):
            super()._watch__list_visible()

    async def _watch__show_busy(self) -> None:
        with suppress(NoMatches):
            await super()._watch__show_busy()


def _nothing() -> None:
    """Done in place of a command that was done already."""


class Commands(Provider):
    """What the keys of the main screen do."""

    async def discover(self) -> AsyncIterator[DiscoveryHit]:
        """All commands."""
        for key in commands():
            yield DiscoveryHit(_shown(Content(key.label), key), partial(run_key, self.screen, key), key.label, key.help)

    async def search(self, query: str) -> AsyncIterator[Hit]:
        """The commands that match by their label, or by what they do."""
        matcher = self.matcher(query)
        for key in commands():
            label = matcher.match(key.label)
            if score := label or (0.1 if query.lower() in key.help.lower() else 0.0):
                shown = _shown(matcher.highlight(key.label) if label else Content(key.label), key)
                yield Hit(score, shown, partial(run_key, self.screen, key), key.label, key.help)


def commands() -> Iterator[Key]:
    """The rows of the table that are commands."""
    return (key for key in KEYS if key.where in PLACES and key.action not in HIDDEN)


def _shown(label: Content, key: Key) -> Content:
    return Content.assemble(label, "  ", (shown_key(key), "dim"))


def shown_key(key: Key) -> str:
    """The first key of a row, as it is shown."""
    return format_key(key.keys.partition(",")[0])


async def run_key(screen: Screen[object], key: Key) -> None:
    """Do what a key does, whatever has the focus."""
    asks_screen = key.action.startswith("screen.")
    target = screen if asks_screen else _target(screen, key)
    await screen.app.run_action(key.action.removeprefix("screen."), target)


def _target(screen: Screen[object], key: Key) -> DOMNode:
    """Who does an action: of a key of the app the screen or the app, of another the widget that can."""
    method = f"action_{key.action.partition('(')[0]}"
    widgets = [] if key.where == "app" else screen.walk_children()
    return next((one for one in (*widgets, screen, screen.app) if hasattr(one, method)), screen)
