"""A field of the form: its name, its editor, and under it what is wrong."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Select, Static, TextArea

from latentgraph.tui.editor.inspector.bounds import bounds_of
from latentgraph.tui.editor.inspector.draft import Commit, Draft
from latentgraph.tui.editor.inspector.editors import Choice, Editor, Tick, editor_for, options_of
from latentgraph.tui.editor.inspector.field_keys import FIELD_BINDINGS
from latentgraph.tui.editor.inspector.link_line import LinkLine
from latentgraph.tui.editor.inspector.messages import (
    DescriptionEdited,
    DisconnectWanted,
    DraftChanged,
    ExposeWanted,
    FieldFocused,
    FileEdited,
    InspectorMessage,
    ItemRemoveWanted,
    ItemRenameWanted,
    LinkFollowed,
    ValueEdited,
    ValueUnset,
)
from latentgraph.tui.editor.inspector.subject import ABSENT, Fault, FieldSpec, Subject
from latentgraph.tui.editor.inspector.texts import MARKS, Signs, plain
from latentgraph.tui.editor.inspector.writing import AREAS, is_seed, kind_of_field

PAUSE: Final = 0.4
"""Seconds without a key after which a draft is handed over."""


class FieldRow(Vertical):
    """A field of the subject that it was last given."""

    BINDINGS: ClassVar[list[BindingType]] = FIELD_BINDINGS

    class BrowseWanted(Message):
        """A file is to be chosen for the field."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, subject: Subject, spec: FieldSpec, signs: Signs) -> None:
        super().__init__()
        self.subject = subject
        self._signs = signs
        self.draft = Draft(spec)
        self._pause: Timer | None = None
        self._editor: Widget = (
            LinkLine(signs) if self.draft.kind == "link" else editor_for(spec, self.draft.kind, self.draft.text)
        )
        self._label = Static(classes="field--label", markup=False)
        self._problem = Static(classes="field--problem", markup=False)
        self.set_class(self.draft.kind in AREAS, "-stacked")
        self._sentence = ""

    @property
    def spec(self) -> FieldSpec:
        """The field."""
        return self.draft.spec

    @property
    def editor(self) -> Editor:
        """What it is edited with."""
        return self._editor  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        """Name and editor beside each other, or on top of each other where the editor is wide."""
        self._editor.add_class("field--editor")
        with Horizontal(classes="field--line") if not self.has_class("-stacked") else Vertical(classes="field--line"):
            yield self._label
            yield self._editor
        yield self._problem

    def on_mount(self) -> None:
        """Say what the field says."""
        self._show_text()
        self._show_state()

    def fits(self, spec: FieldSpec) -> bool:
        """Whether it can show another field as it is: the same name, edited in the same way."""
        kind = kind_of_field(spec)
        return (spec.name, spec.role, kind) == (self.spec.name, self.spec.role, self.draft.kind) and list(
            options_of(spec, kind)
        ) == list(options_of(self.spec, kind))

    def give(self, subject: Subject, spec: FieldSpec, kept: str | None = None) -> None:
        """Show what a workflow holds now.

        Args:
            subject: The box. If it is another one than before, what was typed for that must have been taken.
            spec: The field of it.
            kept: A text that was wrong when the box was last shown.
        """
        if (subject.scope, subject.key) == (self.subject.scope, self.subject.key):
            self.draft.receive(spec)
        else:
            self._stop_pause()
            self.draft = Draft(spec)
        self.subject = subject
        if kept is not None and not self.draft.dirty:
            self.draft.write(kept)
        if self.is_mounted:
            self._show_text()
            self._show_state()

    def take(self, *, final: bool) -> InspectorMessage | None:
        """What is to be handed over now; the caller posts it."""
        self._read()
        self._stop_pause()
        commit = self.draft.take(final=final)
        return self._message(commit) if commit else None

    def take_focus(self) -> None:
        """Go to the editor."""
        self._editor.focus()

    def label_cells(self) -> int:
        """How wide the name wants to be."""
        return 0 if self.has_class("-stacked") else len(self.spec.name) + 3

    def set_label_cells(self, cells: int) -> None:
        """Make the name as wide as the others' are."""
        if not self.has_class("-stacked"):
            self._label.styles.width = cells

    def _message(self, commit: Commit) -> InspectorMessage:
        subject, spec = self.subject, self.spec
        if spec.role == "file":
            return FileEdited(subject.scope, subject.key, str(commit.value), commit.final)
        if spec.role == "description":
            return DescriptionEdited(subject.scope, subject.key, str(commit.value), commit.final)
        if commit.value is ABSENT:
            return ValueUnset(subject.scope, subject.key, spec.name, commit.final)
        return ValueEdited(subject.scope, subject.key, spec.name, commit.value, commit.final)

    def _hand_over(self, *, final: bool) -> None:
        if message := self.take(final=final):
            self.post_message(message)

    def _read(self) -> None:
        if self.draft.kind != "link":
            self.draft.write(self.editor.text)

    def _show_text(self) -> None:
        if isinstance(self._editor, LinkLine):
            self._editor.show_link(self.spec)
        else:
            self.editor.show(self.spec, self.draft.text)

    def _show_state(self) -> None:
        """Mark the name and tell what is wrong; while a draft is right, what was wrong before it is no news."""
        fault = Fault("error", self.draft.sentence) if self.draft.sentence else self.spec.fault
        if self.draft.dirty and not self.draft.sentence:
            fault = None
        mark = MARKS[fault.severity] if fault else " "
        bar = self._signs.focus if self.has_focus_within else " "
        self._label.update(Content(f"{bar}{mark}{plain(self.spec.name)}"))
        for severity in MARKS:
            self.set_class(fault is not None and fault.severity == severity, f"-{severity}")
        self.set_class(self.spec.value is ABSENT and not self.spec.link, "-unset")
        self._problem.display = fault is not None
        if fault:
            self._problem.update(Content(f"{mark} {plain(fault.message)}"))
        if self.draft.sentence != self._sentence:
            self._sentence = self.draft.sentence
            self.post_message(DraftChanged(self.subject.scope, self.subject.key, self.spec.name, self._sentence))

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(Select.Changed)
    @on(Tick.Changed)
    def _changed(self, event: Message) -> None:
        event.stop()
        before = self.draft.text
        self._read()
        self._show_state()
        if isinstance(self._editor, (Choice, Tick)):
            self._hand_over(final=True)
        elif self.draft.text != before:
            self._restart_pause()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._hand_over(final=True)

    @on(Input.Blurred)
    def _blurred(self, event: Input.Blurred) -> None:
        event.stop()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Mark the field, and let the help be about it."""
        self._show_state()
        self.post_message(FieldFocused(self.subject.scope, self.subject.key, self.spec.name))

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Leaving a field ends its typing."""
        self._hand_over(final=True)
        self._show_state()

    def on_unmount(self) -> None:
        """End the clock."""
        self._stop_pause()

    def _restart_pause(self) -> None:
        self._stop_pause()
        self._pause = self.set_timer(PAUSE, lambda: self._hand_over(final=False))

    def _stop_pause(self) -> None:
        if self._pause is not None:
            self._pause.stop()
            self._pause = None

    def action_revert(self) -> None:
        """Take back what is typed and not handed over."""
        self._stop_pause()
        self.draft.forget()
        self._show_text()
        self._show_state()

    def action_unset(self) -> None:
        """Give the field its default again."""
        if self.spec.link:
            self.action_disconnect()
        elif self.spec.role == "input" and (self.spec.value is not ABSENT or self.draft.dirty):
            self._stop_pause()
            self.draft.forget()
            self.post_message(ValueUnset(self.subject.scope, self.subject.key, self.spec.name, True))

    def action_fill(self) -> None:
        """Draw a seed, or choose a file."""
        if self.draft.kind == "file":
            self.post_message(self.BrowseWanted(self))
        elif self.draft.kind == "integer" and is_seed(self.spec):
            self.fill(str(bounds_of(self.spec.type).drawn()))

    def fill(self, text: str) -> None:
        """Write a text as if it were typed, and hand it over."""
        self.draft.write(text)
        self._show_text()
        self._show_state()
        self._hand_over(final=True)

    def action_expose(self) -> None:
        """Make the value an input of the workflow."""
        if self.spec.role == "input" and not self.spec.link:
            self._hand_over(final=True)
            self.post_message(ExposeWanted(self.subject.scope, self.subject.key, self.spec.name))

    @on(LinkLine.Followed)
    def action_follow(self) -> None:
        """See what is at the other end of the link."""
        if end := self.subject.ends.get(self.spec.name):
            self.post_message(LinkFollowed(self.subject.scope, self.subject.key, end))

    @on(LinkLine.Cut)
    def action_disconnect(self) -> None:
        """Take the link away."""
        if self.spec.link:
            self.post_message(DisconnectWanted(self.subject.scope, self.subject.key, self.spec.name))

    def action_rename_item(self) -> None:
        """Give what its author named another name."""
        if self.spec.named:
            self._hand_over(final=True)
            self.post_message(ItemRenameWanted(self.subject.scope, self.subject.key, self.spec.name))

    def action_remove_item(self) -> None:
        """Take away what its author added."""
        if self.spec.named:
            self.post_message(ItemRemoveWanted(self.subject.scope, self.subject.key, self.spec.name))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave escape to the screen where there is nothing to take back, so that it leads out of the form."""
        if action == "revert":
            return self.draft.dirty
        return True
