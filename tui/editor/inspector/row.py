"""A field of the form: its name, its editor, and under it what is wrong."""

from __future__ import annotations

import time
from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
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
LONGEST: Final = 0.6
"""Seconds after which it is handed over though keys go on coming, so that a killed editor loses no more than that."""


class FieldRow(Widget):
    """A field of the subject that it was last given."""

    BINDINGS: ClassVar[list[BindingType]] = FIELD_BINDINGS

    class BrowseWanted(Message):
        """A file is to be chosen for the field."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, subject: Subject, spec: FieldSpec, signs: Signs) -> None:
        self.draft = Draft(spec)
        self.stacked = self.draft.kind in AREAS
        super().__init__(classes="-stacked" if self.stacked else None)
        self.subject = subject
        self._signs = signs
        self._pause: Timer | None = None
        self._latest = 0.0
        """When what is typed is handed over at the latest; counts while there is a pause to wait for."""
        self._told: list[InspectorMessage] = []
        """What was handed over and may still be under way."""
        self._editor: Widget = (
            LinkLine(signs) if self.draft.kind == "link" else editor_for(spec, self.draft.kind, self.draft.text)
        )
        self._label = Static(classes="field--label", markup=False)
        self.problem: Static | None = None
        """What is wrong, under the row; made when something first is."""
        self._sentence = ""
        self._shown: tuple[str, Fault | None] | None = None
        self._filled = False
        """Whether the editor has been shown the text: an empty one before that is nothing that somebody typed."""

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
        yield self._label
        yield self._editor

    def on_mount(self) -> None:
        """Say what the field says."""
        self._filled = True
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
            self._catch_up()
            self.draft.receive(spec)
        else:
            self._stop_pause()
            self.draft = Draft(spec)
        self.subject = subject
        if kept is not None and not self.draft.dirty:
            self.draft.write(kept)
        if self._filled:
            self._show_text()
            self._show_state()

    def _catch_up(self) -> None:
        """Read what was typed and not told yet, so that showing the field anew does not take it away."""
        before = self.draft.text
        self._read()
        if self.draft.text != before:
            self._restart_pause()

    def take(self, *, final: bool) -> InspectorMessage | None:
        """What is to be handed over now; the caller posts it."""
        self._read()
        self._stop_pause()
        commit = self.draft.take(final=final)
        return self._message(commit) if commit else None

    @property
    def under_way(self) -> list[InspectorMessage]:
        """What was handed over and not acted upon yet."""
        return [one for one in self._told if not one.taken]

    def take_focus(self) -> None:
        """Go to the editor at once, so that a key that comes right behind goes there too."""
        self.screen.set_focus(self._editor)

    def label_cells(self) -> int:
        """How wide the name wants to be."""
        return 0 if self.stacked else len(self.spec.name) + 3

    def set_label_cells(self, cells: int) -> None:
        """Make the name as wide as the others' are."""
        if not self.stacked:
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

    def _tell(self, message: Message) -> None:
        # A message stops at whoever made it, and a row is also called from outside: by the inspector, by a dialog.
        message.set_sender(self)
        self.post_message(message)

    def _hand_over(self, *, final: bool) -> None:
        if message := self.take(final=final):
            self._told = [*self.under_way, message]
            self._tell(message)

    def _read(self) -> None:
        if self._filled and self.draft.kind != "link":
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
        bar = self._signs.focus if self.has_class("-focused") else " "
        now = (f"{bar}{mark}{plain(self.spec.name)}", fault)
        if now != self._shown:
            self._label.update(Content(now[0]), layout=False)
            if self._shown is None or fault != self._shown[1]:
                self._show_fault(fault)
            self._shown = now
        if self.draft.sentence != self._sentence:
            self._sentence = self.draft.sentence
            self._tell(DraftChanged(self.subject.scope, self.subject.key, self.spec.name, self._sentence))

    def _show_fault(self, fault: Fault | None) -> None:
        for severity in MARKS:
            self.set_class(fault is not None and fault.severity == severity, f"-{severity}")
        if self.problem is None:
            if fault is None or not isinstance(self.parent, Widget):
                return
            self.problem = Static(markup=False)
            self.parent.mount(self.problem, after=self)
        self.problem.display = fault is not None
        if fault is not None:
            self.problem.set_classes(f"field--problem -{fault.severity}")
            self.problem.update(Content(f"{MARKS[fault.severity]} {plain(fault.message)}"))

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
        self.add_class("-focused")
        self._show_state()
        self._tell(FieldFocused(self.subject.scope, self.subject.key, self.spec.name))

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Leaving a field ends its typing."""
        self.remove_class("-focused")
        self._hand_over(final=True)
        self._show_state()

    def on_unmount(self) -> None:
        """End the clock."""
        self._stop_pause()

    def _restart_pause(self) -> None:
        now = time.monotonic()
        if self._pause is None:
            self._latest = now + LONGEST
        self._stop_pause()
        wait = max(0.01, min(PAUSE, self._latest - now))
        self._pause = self.set_timer(wait, lambda: self._hand_over(final=False))

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
            self._tell(ValueUnset(self.subject.scope, self.subject.key, self.spec.name, True))

    def action_fill(self) -> None:
        """Draw a seed, or choose a file."""
        if self.draft.kind == "file":
            self._tell(self.BrowseWanted(self))
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
            self._tell(ExposeWanted(self.subject.scope, self.subject.key, self.spec.name))

    @on(LinkLine.Followed)
    def action_follow(self) -> None:
        """See what is at the other end of the link."""
        if end := self.subject.ends.get(self.spec.name):
            self._tell(LinkFollowed(self.subject.scope, self.subject.key, end))

    @on(LinkLine.Cut)
    def action_disconnect(self) -> None:
        """Take the link away, or the item that is nothing without it."""
        if self.spec.named:
            self.action_remove_item()
        elif self.spec.link:
            self._tell(DisconnectWanted(self.subject.scope, self.subject.key, self.spec.name))

    def action_rename_item(self) -> None:
        """Give what its author named another name."""
        if self.spec.named:
            self._hand_over(final=True)
            self._tell(ItemRenameWanted(self.subject.scope, self.subject.key, self.spec.name))

    def action_remove_item(self) -> None:
        """Take away what its author added."""
        if self.spec.named:
            self._tell(ItemRemoveWanted(self.subject.scope, self.subject.key, self.spec.name))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave escape to the screen where there is nothing to take back, so that it leads out of the form."""
        if action == "revert":
            return self.draft.dirty
        return True
