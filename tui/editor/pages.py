"""The pages at the side beside the inspector: runs that wait, runs that were made, and the log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from textwrap import wrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Log, OptionList, Static
from textual.widgets.option_list import Option

from latentgraph.graph.words import shown
from latentgraph.tui.durations import duration
from latentgraph.tui.editor.keys import bindings_for
from latentgraph.tui.editor.made import MadeRun
from latentgraph.tui.editor.options import Options
from latentgraph.tui.editor.pictures.made import differences
from latentgraph.tui.editor.runs import Wanted

MARKS = {"done": ("✓", "$text-success"), "failed": ("✗", "$text-error"), "cancelled": ("∅", "$text-warning")}
LOG_LINES = 2000
MESSAGE_COLUMNS = 36
"""Of why a run failed; what is longer than the page is wide would be cut."""


class QueuePage(Vertical):
    """The runs that wait, in their order."""

    class Removed(Message):
        """A run is to be taken out of the queue."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    class Shifted(Message):
        """A run is to come earlier (-1) or later (1)."""

        def __init__(self, number: int, by: int) -> None:
            super().__init__()
            self.number = number
            self.by = by

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("queue")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.listed = Options(markup=False)

    def compose(self) -> ComposeResult:
        """A sentence while nothing waits, else the list."""
        yield Static("Nothing waits. ctrl+r puts a run here while another goes on.", classes="empty")
        yield self.listed

    def show(self, waiting: Sequence[Wanted]) -> None:
        """List the runs."""
        listed = self.listed
        kept = listed.highlighted
        listed.set_options(
            [Option(f"{wanted.title}  {wanted.note}".rstrip(), id=str(wanted.number)) for wanted in waiting]
        )
        self.set_class(bool(waiting), "filled")
        if waiting:
            listed.highlighted = min(kept or 0, len(waiting) - 1)

    def _chosen(self) -> int | None:
        listed = self.listed
        option = listed.highlighted_option
        return int(option.id) if option is not None and option.id else None

    def action_remove(self) -> None:
        """Take the chosen run out."""
        if (number := self._chosen()) is not None:
            self.post_message(self.Removed(number))

    def action_shift(self, by: int) -> None:
        """Move the chosen run."""
        if (number := self._chosen()) is not None:
            listed = self.listed
            place = (listed.highlighted or 0) + by
            self.post_message(self.Shifted(number, by))
            listed.highlighted = max(0, min(listed.option_count - 1, place))


class HistoryPage(Vertical):
    """The runs that were made, the last one first."""

    class Asked(Message):
        """Something is to be done with a run that was made."""

        def __init__(self, index: int, wish: str) -> None:
            super().__init__()
            self.index = index
            """In the list of made runs, oldest first."""
            self.wish = wish
            """`view`, `take_values`, `compare`, `open_workflow`, `open_folder`."""

    class Highlighted(Message):
        """Another run is looked at."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("history")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.listed = Options()

    def compose(self) -> ComposeResult:
        """A sentence while nothing was run, else the list."""
        yield Static("No run yet. ctrl+r makes the first.", classes="empty")
        yield self.listed

    def show(self, runs: Sequence[MadeRun]) -> None:
        """List the runs."""
        listed = self.listed
        self._count = len(runs)
        newest_first = list(reversed(list(enumerate(runs))))
        listed.set_options([Option(_described(run, runs[i - 1] if i else None), id=str(i)) for i, run in newest_first])
        self.set_class(bool(runs), "filled")

    def on_descendant_focus(self) -> None:
        """Begin with the last run, so that the keys have one to be about."""
        listed = self.listed
        if listed.highlighted is None and listed.option_count:
            listed.highlighted = 0

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Tell which run is looked at."""
        event.stop()
        if event.option.id:
            self.post_message(self.Highlighted(int(event.option.id)))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click, or enter, views."""
        event.stop()
        self._ask("view")

    def _ask(self, wish: str) -> None:
        option = self.listed.highlighted_option
        if option is not None and option.id:
            self.post_message(self.Asked(int(option.id), wish))

    def action_view(self) -> None:
        """Show its picture on the whole screen."""
        self._ask("view")

    def action_take_values(self) -> None:
        """Take its values into the workflow."""
        self._ask("take_values")

    def action_compare(self) -> None:
        """Show it beside the one before."""
        self._ask("compare")

    def action_open_workflow(self) -> None:
        """Open the workflow that made it."""
        self._ask("open_workflow")

    def action_open_folder(self) -> None:
        """Open its folder."""
        self._ask("open_folder")


def _described(run: MadeRun, before: MadeRun | None) -> Content:
    """When, how it ended and how long it took; then what is other than in the run before, a line each."""
    mark, style = MARKS[run.outcome]
    time = run.ended[11:16]
    first: list[str | tuple[str, str]] = [(mark, style), f" {time} ", (run.title, "bold"), f" {duration(run.seconds)}"]
    if before is not None and before.title == run.title:
        found = differences(before.inputs, run.inputs)
        lines = [f"{one.name} {one.newer or 'is gone'}" for one in found] or ["the same values"]
    else:
        lines = [f"{name} {shown(value)}" for name, value in run.inputs.items() if name in ("prompt", "seed")]
    if run.outcome == "failed":
        lines = wrap(run.message, MESSAGE_COLUMNS)
    files = ", ".join(PurePath(file).name for file in run.files)
    return Content.assemble(*first, *[("\n  " + line, "dim") for line in [*lines, files] if line])


class LogPage(Log):
    """What the runs and the libraries said."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(highlight=False, max_lines=LOG_LINES, id=id)
