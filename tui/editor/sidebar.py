"""What is beside the canvas: the form and the other pages, what is wrong, and the picture of the last run.

It is imported and made when the first frame is there: nobody waits for the canvas because of a list that is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widget import Widget
from textual.widgets import ContentSwitcher, Tab, Tabs

from latentgraph.tui.editor.dialogs.problems import ProblemList
from latentgraph.tui.editor.inspector.inspector import SIGNS, Inspector
from latentgraph.tui.editor.inspector.link_list import ascii_glyph, port_glyph
from latentgraph.tui.editor.inspector.texts import ASCII_SIGNS
from latentgraph.tui.editor.pages import HistoryPage, LogPage, QueuePage
from latentgraph.tui.editor.pictures.live import LivePreview
from latentgraph.tui.editor.pictures.view import PictureView

if TYPE_CHECKING:
    from latentgraph.tui.editor.pictures.protocol import Mode

PAGES = {"inspector": "Inspect", "queue": "Queue", "history": "History", "log": "Log"}


class Sidebar:
    """The widgets at the side; held here and not looked up, so that a late timer never asks for one that is gone."""

    def __init__(self, mode: Mode, *, ascii_only: bool) -> None:
        """Make the widgets.

        Args:
            mode: How pictures are drawn.
            ascii_only: Whether signs outside of ASCII are left out.
        """
        signs, glyph = (ASCII_SIGNS, ascii_glyph) if ascii_only else (SIGNS, port_glyph)
        self.inspector = Inspector(signs=signs, glyph_of=glyph, id="inspector")
        self.queue = QueuePage(id="queue")
        self.history = HistoryPage(id="history")
        self.log = LogPage(id="log")
        self.problems = ProblemList(id="problems")
        self.picture = PictureView(mode, id="picture")
        self.live = LivePreview(id="live")
        self._queue_tab = Tab(PAGES["queue"], id="tab-queue")
        own = {"queue": self._queue_tab}
        self.tabs = Tabs(*(own.get(page) or Tab(title, id=f"tab-{page}") for page, title in PAGES.items()), id="tabs")
        self.pages = ContentSwitcher(
            self.inspector, self.queue, self.history, self.log, initial="inspector", id="pages"
        )
        self.problems.display = self.live.display = self.picture.display = False

    @property
    def widgets(self) -> tuple[Widget, ...]:
        """From the top to the bottom."""
        return self.tabs, self.pages, self.problems, self.picture, self.live

    @property
    def page(self) -> str:
        """The page that is shown."""
        return self.pages.current or next(iter(PAGES))

    @property
    def next_page(self) -> str:
        """The page behind the one that is shown, round and round."""
        names = list(PAGES)
        return names[(names.index(self.page) + 1) % len(names)]

    def show_page(self, page: str) -> None:
        """Show another page."""
        self.tabs.active = f"tab-{page}"
        self.pages.current = page

    def focus_page(self) -> None:
        """Go to where the keys of the page that is shown are heard."""
        match self.page:
            case "inspector":
                self.inspector.focus_first()
            case "log":
                self.log.focus()
            case page:
                (self.queue if page == "queue" else self.history).listed.focus()

    def count_waiting(self, count: int) -> None:
        """Say on its tab how many runs wait."""
        title = f"{PAGES['queue']} {count or ''}".rstrip()
        if self._queue_tab.label_text != title:  # a label that is set has the whole screen laid out anew
            self._queue_tab.label = title

    def show_live(self) -> None:
        """Show what is on its way in place of what was made."""
        self.live.display, self.picture.display = True, False

    def hide_live(self) -> None:
        """Nothing is on its way any more."""
        self.live.display = False
        self.live.clear()
