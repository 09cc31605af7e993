"""A short list of things to do, beside the pointer or in the middle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual import on
from textual.content import Content
from textual.geometry import Region, Spacing
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from latentgraph.tui.editor.dialogs.dialog import Dialog, Frame
from latentgraph.tui.editor.dialogs.key_names import format_key
from latentgraph.tui.editor.keys import KEYS
from latentgraph.tui.editor.options import Options
from latentgraph.tui.editor.scene import Box

OF_NODES = (
    "open_box", "screen.open_body", "screen.run_until", "screen.insert", "screen.rename", "screen.expose",
    "screen.edit_text", "screen.mute", "screen.bypass", "screen.copy", "screen.duplicate", "screen.group",
    "screen.ungroup", "screen.extract", "screen.inline", "mark_upstream", "screen.unpin", "screen.delete",
    "screen.delete_cut",
)  # fmt: skip
OF_EDGES = ("open_box", "screen.edit_text", "screen.paste", "mark_all", "screen.arrange")
OF_CANVAS = ("add_here", "screen.paste", "screen.connect", "mark_all", "screen.arrange", "fit", "screen.save_as")
ADD_HERE = "Add a node here"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to do."""

    action: str
    """What is answered."""
    label: str
    key: str = ""
    """That does the same, as it is shown."""


def entries_for(box: Box | None, *, inside: bool = False) -> list[Entry]:
    """What can be done with a box, or with the empty canvas: keys of the table, so that a menu teaches them.

    Args:
        box: What was clicked on.
        inside: Whether one is in a body or a sub-workflow, and so can come back.
    """
    actions: tuple[str, ...] = OF_CANVAS if box is None else OF_EDGES if box.role in ("source", "sink") else OF_NODES
    table = {key.action: key for key in KEYS if key.where == "canvas"}
    if inside and actions is not OF_NODES:
        actions = (*actions, "screen.leave_body")
    if box is not None and box.role not in ("loop", "workflow"):
        actions = tuple(action for action in actions if action != "screen.open_body")
    if box is None or box.role != "workflow":
        actions = tuple(action for action in actions if action != "screen.inline")
    return [
        Entry(action, table[action].label, format_key(table[action].keys.partition(",")[0]))
        if action in table
        else Entry(action, ADD_HERE)
        for action in actions
    ]


class Menu(Dialog[str | None]):
    """Asks what to do; gives the action of an entry, or None."""

    HEADING = ""

    def __init__(self, entries: Sequence[Entry], at: tuple[int, int] | None = None, title: str = "") -> None:
        """Ask what to do.

        Args:
            entries: What there is.
            at: Where on the screen; the middle where None.
            title: Of the menu.
        """
        super().__init__(title)
        self._entries = tuple(entries)
        self._at = at

    def contents(self) -> Iterable[Widget]:
        """The entries, with their keys at the right."""
        width = max((len(entry.label) for entry in self._entries), default=0)
        yield Options(
            *(
                Option(Content.assemble(f"{entry.label:<{width}}  ", (entry.key, "$text-muted")), id=entry.action)
                for entry in self._entries
            ),
            compact=True,
        )

    def on_mount(self) -> None:
        """Give the list the focus; beside the pointer where there is one."""
        super().on_mount()
        self.query_one(OptionList).focus()
        if self._at is not None:
            self._place(self._at)
            self.call_after_refresh(self._keep_inside, self._at)

    def _place(self, at: tuple[int, int]) -> None:
        frame = self.query_one(Frame)
        frame.styles.position = "absolute"
        frame.styles.offset = at

    def _keep_inside(self, at: tuple[int, int]) -> None:
        """Move it to where all of it is seen, now that its size is known; if it is not gone already."""
        if not self.is_current:
            return
        wanted = Region(*at, *self.query_one(Frame).outer_size)
        placed = wanted.constrain("inside", "inside", Spacing(), self.screen.region)
        self._place((placed.x, placed.y))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)
