"""Lists of options, as Textual has them, that a click or a key at the wrong moment does no harm."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from textual import events
from textual.widgets import OptionList


class Options(OptionList):
    """A list whose options may be replaced while somebody clicks on them, or before it was ever drawn."""

    async def _on_click(self, event: events.Click) -> None:
        # The click is on what was drawn last. OptionList, whose turn comes next, looks it up in what there is now.
        clicked: Any = event.style.meta.get("option")
        if clicked is not None and clicked >= self.option_count:
            event.prevent_default()

    def action_page_up(self) -> None:
        """Go a page up, if the list is drawn."""
        with suppress(KeyError):
            super().action_page_up()  # type: ignore[no-untyped-call]

    def action_page_down(self) -> None:
        """Go a page down, if the list is drawn."""
        with suppress(KeyError):
            super().action_page_down()  # type: ignore[no-untyped-call]
