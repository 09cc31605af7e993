"""What stands around the form: the head of a box, the help of a field, the last value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from rich.table import Table
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from latentgraph.graph.node import REQUIRED
from latentgraph.graph.packages import OWN
from latentgraph.tui.editor.inspector.field_keys import actions_of
from latentgraph.tui.editor.inspector.subject import FieldSpec, OutputSpec, Subject
from latentgraph.tui.editor.inspector.texts import MARKS, plain, type_words, value_shown

_DISABLED = {"mute": "∅ muted", "bypass": "↷ bypassed"}


class ValueLike(Protocol):
    """One output of a node, described by the engine."""

    @property
    def output(self) -> str:
        """Its name."""

    @property
    def type(self) -> str:
        """The class of the value."""

    @property
    def summary(self) -> str:
        """In a line."""

    @property
    def rows(self) -> Sequence[tuple[str, str]]:
        """Name and text: shape, range, mean, tokens."""


class LookedLike(Protocol):
    """What the engine says of a node's outputs."""

    @property
    def path(self) -> str:
        """Of the node."""

    @property
    def values(self) -> Sequence[ValueLike]:
        """Its outputs."""

    @property
    def note(self) -> str:
        """A sentence where there is nothing to see, or not all."""


class Title(Static):
    """The name of the box, as on the canvas."""

    ALLOW_SELECT = False

    class Clicked(Message):
        """Somebody wants another name."""

    def on_click(self, event: events.Click) -> None:
        """A double click asks for another name."""
        if event.chain == 2:
            self.post_message(self.Clicked())


class Head(Vertical):
    """Name, type and purpose of a box, and what is wrong with it as a whole."""

    def compose(self) -> ComposeResult:
        """The name and the type in a line, the rest under it."""
        with Horizontal(id="head-line"):
            yield Title(id="head-title", markup=False)
            yield Static(id="head-type", markup=False)
        yield Static(id="head-summary", markup=False)
        yield Static(id="head-faults", markup=False)

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[object, ...] = ()

    def show(self, subject: Subject) -> None:
        """Be about another box."""
        now = replace(subject, fields=(), outputs=(), ends={})
        if (now,) == self._shown:
            return
        self._shown = (now,)
        title = self.query_one("#head-title", Static)
        title.update(Content(f" {plain(subject.title)} "))
        title.set_classes([f"category-{subject.category}" if subject.category else f"role-{subject.role}"])
        kind = [
            plain(part) for part in dict.fromkeys((_type_words(subject), subject.category, _package(subject))) if part
        ]
        state = _DISABLED.get(subject.disabled, "")
        self.query_one("#head-type", Static).update(Content(" · ".join([*kind, *([state] if state else [])])))
        summary = self.query_one("#head-summary", Static)
        summary.update(Content(plain(subject.summary)))
        summary.display = bool(subject.summary)
        self._show_faults(subject)

    def _show_faults(self, subject: Subject) -> None:
        faults = self.query_one("#head-faults", Static)
        faults.update(Content("\n".join(f"{MARKS[one.severity]} {plain(one.message)}" for one in subject.faults)))
        faults.display = bool(subject.faults)
        faults.set_class(any(one.severity == "error" for one in subject.faults), "-error")


def _type_words(subject: Subject) -> str:
    where = "/".join(subject.scope)
    if subject.role in ("body", "next"):
        return f"of {where}"
    if subject.role == "workflow":
        return "sub-workflow"
    return f"{subject.type} in {where}" if where else subject.type


def _package(subject: Subject) -> str:
    """Whose a node is; nothing for ours, and for one of a file, whose name the user typed."""
    whose = subject.origin if subject.role == "node" else ""
    return "" if whose in ("", OWN) or whose.endswith(".py") else f"of {whose}"


class FieldHelp(Static):
    """The help of the field that has the focus: name, type, bounds, what can be done, and a sentence.

    Its height does not depend on the field, so that going through a form moves nothing.
    """

    ALLOW_SELECT = False

    class Clicked(Message):
        """Something is to be done with the field."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self) -> None:
        super().__init__(markup=False)

    def show(self, spec: FieldSpec | OutputSpec | None) -> None:
        """Be about another field, or about none."""
        self.display = spec is not None
        if spec is None:
            return
        actions = actions_of(spec) if isinstance(spec, FieldSpec) else []
        keys = [
            Content.from_markup(f"[@click=ask('{action}')][bold]{key}[/bold] {word}[/]")
            for action, key, word in actions
        ]
        lines = [Content.assemble((plain(spec.name), "bold"), f"  {_of_type(spec)}")]
        lines += [Content("   ").join(keys)] if keys else []
        lines += [Content.styled(plain(spec.help), "$graph-secondary")] if spec.help else []
        self.update(Content("\n").join(lines), layout=False)

    def action_ask(self, action: str) -> None:
        """Tell what was clicked."""
        self.post_message(self.Clicked(action))


def _of_type(spec: FieldSpec | OutputSpec) -> str:
    if isinstance(spec, OutputSpec):
        return plain(spec.type.name)
    told = plain(type_words(spec))
    if spec.default is REQUIRED or spec.role == "declared":
        return told
    return f"{told}, default {value_shown(spec.default) or 'empty'}"


class LastValue(Static):
    """What came out of the box when it last ran: type, shape, statistics."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, markup=False)
        self.border_title = " last value "

    def show(self, looked: LookedLike | None) -> None:
        """Show what the engine says, or nothing."""
        self.display = looked is not None and bool(looked.values or looked.note)
        if looked is None:
            return
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for value in looked.values:
            table.add_row(Text(plain(value.output), "bold"), Text(plain(f"{value.type}: {value.summary}")))
            for name, text in value.rows:
                table.add_row(Text(f"  {plain(name)}"), Text(plain(text)))
        self.update(table if looked.values else Text(plain(looked.note)))
