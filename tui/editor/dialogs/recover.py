"""What an editor that was killed left behind: taken up again, or thrown away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from latentgraph.graph.names import printable
from latentgraph.tui.editor.dialogs.dialog import Dialog
from latentgraph.tui.editor.options import Options


@dataclass(frozen=True, slots=True)
class Left:
    """Edits that were not saved."""

    id: str
    name: str
    """Of the workflow's file, or `untitled`."""
    edits: int
    when: str
    """Such as `today at 14:03`."""
    last: str = ""
    """The last edit in words."""
    changed: bool = False
    """Whether the file on disk is another one since."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What is to become of them."""

    id: str
    act: Literal["restore", "discard"]


class Recover(Dialog[Recovery | None]):
    """Offers what was left behind; gives a Recovery, or None for later."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("r", "act('restore')", "Restore"),
        ("delete,d", "act('discard')", "Discard"),
    ]
    HEADING = "Edits that were not saved"
    HINTS = (("r", "restore", "act('restore')"), ("d", "discard", "act('discard')"))

    def __init__(self, left: Sequence[Left]) -> None:
        super().__init__()
        self._left = tuple(left)

    def contents(self) -> Iterable[Widget]:
        """What was left, and the buttons."""
        yield Static("An editor ended without saving. Nothing of this is lost:", id="welcome")
        yield Options(*(Option(_prompt(one), id=one.id) for one in self._left), compact=True, markup=False)
        yield Horizontal(
            Button(" Restore ", "primary", compact=True, id="restore"),
            Button(" Discard ", "error", compact=True, id="discard"),
            Button(" Later ", compact=True, id="later"),
            classes="buttons",
        )

    def action_act(self, act: Literal["restore", "discard"]) -> None:
        """Answer for what is under the cursor."""
        option = self.query_one(OptionList).highlighted_option
        if option is not None and option.id is not None:
            self.dismiss(Recovery(option.id, act))

    @on(OptionList.OptionSelected)
    @on(Button.Pressed, "#restore")
    def _restore(self) -> None:
        self.action_act("restore")

    @on(Button.Pressed, "#discard")
    def _discard(self) -> None:
        self.action_act("discard")

    @on(Button.Pressed, "#later")
    def _later(self) -> None:
        self.action_leave()


def _prompt(left: Left) -> Content:
    count = f"{left.edits} edit{'' if left.edits == 1 else 's'}"
    says = f"{count}, {left.when}" + (f"; last: {left.last}" if left.last else "")
    lines = [Content.assemble((printable(left.name), "bold"), "  ", (printable(says), "dim"))]
    if left.changed:
        lines.append(Content.styled("! the file on disk was changed since", "$warning"))
    return Content("\n").join(lines)
