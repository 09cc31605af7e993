"""Dialogs that search a list as one types: a field, the rows that match, and more about the one under the cursor."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.fuzzy import Matcher
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from latentgraph.tui.editor.dialogs.dialog import Dialog, Frame, T
from latentgraph.tui.editor.options import Options


@dataclass(frozen=True, slots=True)
class Row:
    """Something that can be chosen."""

    id: str
    prompt: Content
    detail: Content = field(default_factory=Content)
    """Shown below the list while the cursor is on it, where there is room."""
    heading: str = ""
    """Rows with the same heading stand together under it."""


def highlighted(text: str, matcher: Matcher | None) -> Content:
    """A name, with the letters that were searched for marked."""
    shown = Content.styled(text, "bold")
    for offset in matcher.fuzzy_search.match(matcher.query, text)[1] if matcher else ():
        shown = shown.stylize("underline $accent", offset, offset + 1)
    return shown


class Rows(Options, can_focus=False):
    """The rows: the field keeps the focus, and the mouse chooses."""


class SearchDialog(Dialog[T]):
    """Searches rows; what is chosen is for the class that says what the rows are."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("down", "move('cursor_down')", "Down"),
        ("up", "move('cursor_up')", "Up"),
        ("pagedown", "move('page_down')", "Page down"),
        ("pageup", "move('page_up')", "Page up"),
        ("ctrl+home", "move('first')", "First"),
        ("ctrl+end", "move('last')", "Last"),
    ]
    PLACEHOLDER: ClassVar[str] = "type to search"
    NOTHING: ClassVar[str] = "Nothing matches."
    CURSOR_FIRST: ClassVar[bool] = True
    """Whether the cursor begins on the first row, so that Enter takes the best match."""

    def __init__(self, title: str = "") -> None:
        super().__init__(title)
        self._rows: dict[str, Row] = {}

    def contents(self) -> Iterable[Widget]:
        """The field, the rows and the detail."""
        yield Input(placeholder=self.PLACEHOLDER, compact=True, id="query")
        yield Rows(compact=True, markup=False)
        yield Static(self.NOTHING, id="nothing")
        yield Static("", id="detail")

    @abstractmethod
    def rows_for(self, query: str) -> Sequence[Row]:
        """The rows that match what was typed, the best first; those of a heading beside each other."""

    @abstractmethod
    def choose(self, row: Row) -> None:
        """Answer with a row."""

    def on_mount(self) -> None:
        """Show all rows."""
        self.refresh_rows()

    def refresh_rows(self) -> None:
        """Search again."""
        rows = self.rows_for(self.query_one("#query", Input).value.strip())
        self._rows = {row.id: row for row in rows}
        options: list[Option] = []
        heading = ""
        for row in rows:
            if row.heading != heading:
                heading = row.heading
                options.append(Option(Content.styled(heading, "italic"), disabled=True))
            options.append(Option(row.prompt, id=row.id))
        listed = self.query_one(Rows)
        listed.set_options(options)
        self.query_one(Frame).set_class(not rows, "-nothing")
        if self.CURSOR_FIRST:
            listed.action_first()
        else:
            listed.highlighted = None
        self._show_detail()

    def _show_detail(self) -> None:
        row = self.highlighted
        detail = row.detail if row else Content("")
        shown = self.query_one("#detail", Static)
        shown.update(detail)
        shown.set_class(not detail.plain, "-empty")

    @property
    def highlighted(self) -> Row | None:
        """The row under the cursor."""
        option = self.query_one(Rows).highlighted_option
        return self._rows.get(option.id) if option is not None and option.id is not None else None

    def action_move(self, way: str) -> None:
        """Move the cursor of the list."""
        getattr(self.query_one(Rows), f"action_{way}")()

    def action_choose(self) -> None:
        """Answer with the row under the cursor."""
        if (row := self.highlighted) is not None:
            self.choose(row)

    @on(Input.Changed, "#query")
    def _search(self, event: Input.Changed) -> None:
        event.stop()
        self.refresh_rows()

    @on(Input.Submitted, "#query")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_choose()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._show_detail()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_choose()
