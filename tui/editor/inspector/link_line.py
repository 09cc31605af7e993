"""A field whose value comes along a link: where from, and what it is if that is known."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from latentgraph.tui.editor.inspector.subject import ABSENT, FieldSpec
from latentgraph.tui.editor.inspector.texts import Signs, plain, value_shown


class LinkLine(Static, can_focus=True):
    """The link of a field; its keys are the row's."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "follow_link", "Go there", show=False),
        Binding("delete,x", "cut_link", "Disconnect", show=False),
        Binding("up", "app.focus_previous", "Field above", show=False),
        Binding("down", "app.focus_next", "Field below", show=False),
    ]

    class Followed(Message):
        """Somebody wants to see the other end."""

    class Cut(Message):
        """Somebody wants the link to go."""

    def __init__(self, signs: Signs) -> None:
        super().__init__(markup=False, classes="field--editor")
        self._signs = signs

    def show_link(self, spec: FieldSpec) -> None:
        """Show the other end, and the value there where it stands in the workflow."""
        if not spec.link:
            self.update(Content("not linked"))
            return
        link = Content(f"{self._signs.given} {plain(spec.link)}")
        if spec.linked_value is not ABSENT:
            value = value_shown(spec.linked_value) or '""'
            link = Content.assemble(f"{value} ", (link.plain, "$graph-secondary"))
        self.update(link)

    def action_follow_link(self) -> None:
        """Ask for the other end."""
        self.post_message(self.Followed())

    def action_cut_link(self) -> None:
        """Ask for the link to go."""
        self.post_message(self.Cut())

    def on_click(self, event: events.Click) -> None:
        """A double click goes there."""
        if event.chain == 2:
            self.action_follow_link()
