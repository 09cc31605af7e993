"""Screens that answer once, however often they are asked to."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import Screen

T = TypeVar("T")


class AnswersOnce(Screen[T]):
    """A screen whose second answer is left out.

    Two keys, or a key and a click, can come before the screen has gone. Textual would take the second answer for one of
    the screen below and take that away too.
    """

    _answered = False

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Leave with an answer, if this is the screen on top and it has given none; as soon as it is put together."""
        if not self.is_mounted:
            self.call_later(self._leave_with, result)
            return AwaitComplete()
        if self._answered or not self.is_active:
            return AwaitComplete()
        self._answered = True
        return super().dismiss(result)

    def _leave_with(self, result: T | None) -> None:
        # What a callback returns is waited for, which a screen cannot do for its own end.
        self.dismiss(result)
