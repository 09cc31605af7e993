"""What the keys do, read from their table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from textwrap import wrap
from types import MappingProxyType
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from latentgraph.tui.editor.dialogs.dialog import Dialog
from latentgraph.tui.editor.dialogs.key_names import format_keys
from latentgraph.tui.editor.keys import KEYS, Key

PLACES: Mapping[str, str] = MappingProxyType(
    {
        "app": "everywhere",
        "canvas": "on the canvas",
        "field": "in the form",
        "problems": "in the list of problems",
        "queue": "in the queue",
        "history": "in the history",
        "viewer": "while you look at a picture",
    }
)
WIDGETS: Mapping[str, str] = MappingProxyType(
    {
        "In forms": "Tab and shift+tab go from field to field. In a field of text, ctrl+a goes to its beginning and "
        "ctrl+e to its end, ctrl+w deletes the word before the cursor and ctrl+u everything before it; ctrl+x, ctrl+c "
        "and ctrl+v cut, copy and paste. In a text of several lines, ctrl+z and ctrl+y take back and do again what was "
        "typed there. Space or Enter turns a switch and opens a choice; ↑ and ↓ go through it, Enter takes an answer.",
        "In lists and pages": "↑ and ↓ go from row to row, pgup and pgdn by pages, home and end to the ends, Enter "
        "takes a row. The wheel of the mouse scrolls, with shift sideways. Escape leaves every dialog, and so does a "
        "click beside it.",
        "By mouse": "Click a box to select it, twice to open it; drag it to move it. Drag from port to port to link, "
        "from a port to an empty place to add what fits. Drag an empty place to move the view; ctrl and the wheel "
        "zoom. The other button shows what can be done. What the foot of the screen names can be clicked.",
    }
)
"""What Textual's own widgets do, and the mouse."""
_KEYS_WIDTH = 18


class Help(Dialog[None]):
    """The keys, grouped; what is typed filters them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("down", "scroll('scroll_down')", "Down"),
        ("up", "scroll('scroll_up')", "Up"),
        ("pagedown", "scroll('page_down')", "Page down"),
        ("pageup", "scroll('page_up')", "Page up"),
        ("f1", "leave", "Leave"),
    ]
    HEADING = "Keys"
    HINTS = (("↑↓", "scroll", ""),)

    def __init__(self, where: str = "", keys: Sequence[Key] = KEYS) -> None:
        """Show the keys.

        Args:
            where: The place whose keys come first.
            keys: The table.
        """
        super().__init__()
        self._keys = sorted(keys, key=lambda key: key.where != where)

    def contents(self) -> Iterable[Widget]:
        """A field to filter by, and the table."""
        yield Input(placeholder="type to filter: a key, or what it does", compact=True, id="query")
        yield VerticalScroll(Static(id="keys"), can_focus=False)

    def on_resize(self) -> None:
        """Break the lines anew."""
        self._fill()

    @on(Input.Changed)
    def _filter(self) -> None:
        self._fill()
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def _fill(self) -> None:
        width = max(20, self.query_one(VerticalScroll).scrollable_content_region.width)
        self.query_one("#keys", Static).update(help_text(self._keys, self.query_one(Input).value.strip(), width))

    def action_scroll(self, way: str) -> None:
        """Scroll the table."""
        getattr(self.query_one(VerticalScroll), f"action_{way}")()


def help_text(keys: Sequence[Key], query: str, width: int) -> Content:
    """The rows that speak of `query`, and what the widgets do, in `width` columns."""
    wanted = query.lower()
    found = [key for key in keys if wanted in _searched(key)]
    lines: list[Content] = []
    for (where, group), rows in groupby(found, key=lambda key: (key.where, key.group)):
        title = f"{group}, {PLACES.get(where, where)}"
        lines += [Content(""), Content.styled(title, "bold $accent"), *(_row(key, width) for key in rows)]
    for title, text in WIDGETS.items():
        if wanted in f"{title} {text}".lower():
            lines += [Content(""), Content.styled(title, "bold $accent"), *map(Content, _broken(text, width))]
    return Content("\n").join(lines[1:]) if lines else Content(f"Nothing speaks of '{query}'.")


def _broken(text: str, width: int) -> list[str]:
    return wrap(text, width, break_on_hyphens=False) or [""]


def _searched(key: Key) -> str:
    return f"{key.label} {key.help} {key.group} {key.keys} {format_keys(key.keys)}".lower()


def _row(key: Key, width: int) -> Content:
    """Keys on the left, what they do on the right; on a narrow screen the one below the other."""
    keys = format_keys(key.keys)
    if width < 50:
        below = [Content(f"  {line}") for line in _broken(key.help, width - 2)]
        return Content("\n").join([Content.styled(keys, "bold"), *below])
    first, *rest = _broken(key.help, width - _KEYS_WIDTH)
    start = Content.assemble((f"{keys:<{_KEYS_WIDTH}}", "bold"), first)
    return Content("\n").join([start, *(Content(" " * _KEYS_WIDTH + line) for line in rest)])
