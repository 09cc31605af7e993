"""Two pictures side by side, or one after the other in the same place, with the values that differ."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Footer, Static

from latentgraph.graph.names import printable
from latentgraph.tui.editor.dialogs.once import AnswersOnce
from latentgraph.tui.editor.pictures.made import Made, differences
from latentgraph.tui.editor.pictures.protocol import Mode
from latentgraph.tui.editor.pictures.view import PictureView

BLINK_SECONDS = 0.8
"""Slow enough to hurt nobody's eyes."""


class Compare(AnswersOnce[None]):
    """Holds two pictures against each other."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,c", "close", "Close"),
        Binding("space,b", "blink", "Blink"),
        Binding("left,right,tab", "swap", "The other"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-roomy")]  # noqa: RUF012 - as Textual declares it

    def __init__(self, older: Made, newer: Made, mode: Mode = "blocks") -> None:
        super().__init__()
        self._sides = {"older": older, "newer": newer}
        self._mode = mode
        self._timer: Timer | None = None
        self._alone = ""
        """The side that is shown alone; empty where both are."""

    def compose(self) -> ComposeResult:
        """Both pictures above what differs."""
        with Horizontal(id="sides"):
            for side, made in self._sides.items():
                with Vertical(id=side, classes="side"):
                    title = Content.assemble((f" {side} ", "bold $accent"), printable(made.path.name))
                    yield Static(title, classes="caption")
                    yield PictureView(self._mode)
        with VerticalScroll(id="differences"):
            yield Static(difference_text(self._sides["older"], self._sides["newer"]))
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Show both."""
        for side, made in self._sides.items():
            self.query_one(f"#{side}").query_one(PictureView).show(made.path)

    def action_blink(self) -> None:
        """Show one after the other in the same place, or both again."""
        if self._timer is None:
            self._timer = self.set_interval(BLINK_SECONDS, self._swap)
            self._show_alone("newer")
        else:
            self._timer.stop()
            self._timer = None
            self._show_alone("")

    def action_swap(self) -> None:
        """Show the other one alone."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._swap()

    def _swap(self) -> None:
        self._show_alone("older" if self._alone == "newer" else "newer")

    def _show_alone(self, side: str) -> None:
        self._alone = side
        for name in self._sides:
            self.query_one(f"#{name}").display = side in ("", name)

    def action_close(self) -> None:
        """Leave."""
        self.dismiss(None)


def difference_text(older: Made, newer: Made) -> Content:
    """What differs between the values of two pictures, a line each, marked by signs and not by colour alone."""
    lines = []
    for name, before, after in differences(older.values, newer.values):
        start = Content.styled(f"{printable(name)}  ", "bold")
        if before is None:
            lines.append(Content.assemble(start, f"+ {printable(after or '')}"))
        elif after is None:
            lines.append(Content.assemble(start, f"- {printable(before)}"))
        else:
            lines.append(Content.assemble(start, printable(before), ("  →  ", "$accent"), printable(after)))
    return Content("\n").join(lines) if lines else Content.styled("No value differs.", "dim")
