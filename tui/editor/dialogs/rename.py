"""A name for a node, an input or a group, refused while it cannot be one."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from textual import on
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from latentgraph.graph.names import name_fault
from latentgraph.tui.editor.dialogs.dialog import Dialog


class Rename(Dialog[str | None]):
    """Asks for a name; gives the new one, or None."""

    HEADING = "Rename"
    HINTS = (("enter", "take it", "take"),)

    def __init__(self, name: str, taken: Collection[str] = (), title: str = "", *, free: bool = False) -> None:
        """Ask for a name.

        Args:
            name: The one it has.
            taken: Names that others have.
            title: What is asked for, such as `Rename node 'step'`.
            free: Whether any text will do, as for the title of a group.
        """
        super().__init__(title)
        self._old = name
        self._taken = frozenset(taken) - {name}
        self._free = free

    def contents(self) -> Iterable[Widget]:
        """The field, what is wrong with the name, and the buttons."""
        yield Input(self._old, compact=True, select_on_focus=True, id="name")
        yield Static("", id="fault", markup=False)
        yield Horizontal(
            Button(" Rename ", "primary", compact=True, id="take"),
            Button(" Cancel ", compact=True, id="cancel"),
            classes="buttons",
        )

    def fault(self, name: str) -> str:
        """Why it cannot be called `name`; empty where it can."""
        if not name.strip():
            return "a name is wanted"
        fault = "" if self._free else name_fault(name)
        return fault or (f"'{name}' is taken" if name in self._taken else "")

    @on(Input.Changed)
    def _check(self, event: Input.Changed) -> None:
        fault = self.fault(event.value)
        self.query_one("#fault", Static).update(f"✗ {fault}" if fault else "")
        self.query_one("#take", Button).disabled = bool(fault)

    @on(Button.Pressed, "#take")
    @on(Input.Submitted)
    def action_take(self) -> None:
        """Give the name, if it can be one; the same name is no answer."""
        name = self.query_one(Input).value
        if not self.fault(name):
            self.dismiss(name if name != self._old else None)

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)
