"""The form of a box: its values, its links, the help of a field, and what came out of it last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from textual import events, on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from latentgraph.tui.editor.inspector.browse import browse
from latentgraph.tui.editor.inspector.draft import same_json
from latentgraph.tui.editor.inspector.form import Form
from latentgraph.tui.editor.inspector.link_list import Glyph, LinkList, links_in, links_out, port_glyph
from latentgraph.tui.editor.inspector.messages import FieldFocused, InspectorMessage, RenameWanted
from latentgraph.tui.editor.inspector.row import FieldRow
from latentgraph.tui.editor.inspector.sections import FieldHelp, Head, LastValue, LookedLike, Title
from latentgraph.tui.editor.inspector.subject import FieldSpec, OutputSpec, Scope, Subject
from latentgraph.tui.editor.inspector.texts import Signs

SIGNS: Final = Signs()
DEBOUNCE: Final = 0.06
"""Seconds that the selection has to rest before the form follows it."""
_SHORT: Final = 30
_TINY: Final = 14
"""Rows below which the help has fewer."""
_NOTHING: Final = "Nothing is selected. Select a box to see what it takes and what it gives."


@dataclass(frozen=True, slots=True)
class FaultyDraft:
    """A text that writes no value of its field, so that the workflow does not have it: a run is not what it seems."""

    scope: Scope
    key: str
    port: str
    sentence: str


@dataclass(frozen=True, slots=True)
class _Kept:
    """A faulty text of a box that is not shown now."""

    text: str
    sentence: str
    value: str
    """What the workflow held then: with another value now, the text is about something that is gone."""


class Inspector(Widget):
    """Shows a subject and tells what is wanted of it; the messages are in `messages`."""

    def __init__(self, *, signs: Signs = SIGNS, glyph_of: Glyph = port_glyph, id: str | None = None) -> None:
        super().__init__(id=id)
        self._signs = signs
        self._glyph_of = glyph_of
        self._wanted: Subject | None = None
        self._shown: Subject | None = None
        self._looked: LookedLike | None = None
        self._kept: dict[tuple[Scope, str, str], _Kept] = {}
        self._timer: Timer | None = None
        self._told: list[InspectorMessage] = []
        """What was typed for the box that was left last, and may still be under way."""
        self._applying = asyncio.Lock()
        self._focus_next: str | None = None

    def compose(self) -> ComposeResult:
        """Head, form, links and value scroll; the help stays."""
        with VerticalScroll(id="inspector-body", can_focus=False):
            yield Head()
            yield Form(self._signs)
            yield LinkList("inputs", self._signs, self._glyph_of, id="links-in")
            yield LinkList("outputs", self._signs, self._glyph_of, id="links-out")
            yield LastValue(id="last-value")
        yield Static(_NOTHING, id="inspector-empty", markup=False)
        yield FieldHelp()

    def on_mount(self) -> None:
        """Begin with nothing."""
        self._head = self.query_one(Head)
        self._form = self.query_one(Form)
        self._body = self.query_one("#inspector-body", VerticalScroll)
        self._empty = self.query_one("#inspector-empty", Static)
        self._links = self.query_one("#links-in", LinkList), self.query_one("#links-out", LinkList)
        self._value = self.query_one(LastValue)
        self._help = self.query_one(FieldHelp)
        self._value.show(None)
        self._help.show(None)
        self._body.display = False
        # Not before it counts as mounted: what is asked for while the form is filled would be lost.
        self.call_later(self._apply)

    def on_resize(self, event: events.Resize) -> None:
        """Leave less to the help where there is little."""
        self.set_class(event.size.height < _SHORT, "-short")
        self.set_class(event.size.height < _TINY, "-tiny")

    @property
    def subject(self) -> Subject | None:
        """What was last asked to be shown."""
        return self._wanted

    @property
    def settled(self) -> bool:
        """Whether what is shown is what was asked for."""
        return self.is_mounted and self._wanted is self._shown

    @property
    def awaits_focus(self) -> bool:
        """Whether a field is to have the focus as soon as it is there."""
        return self._focus_next is not None

    def show(self, subject: Subject | None) -> None:
        """Show a box, or the same box after a change. What is typed for another box is handed over first.

        Another box is shown when the selection rests; the same one at once.
        """
        if subject == self._wanted:
            return
        self._wanted = subject
        if not self.is_mounted:
            return
        self._stop_timer()
        if _box(subject) == _box(self._shown):
            self.call_next(self._apply)
        else:
            self._timer = self.set_timer(DEBOUNCE, self._apply)

    async def settle(self) -> None:
        """Show at once what was asked for: who goes to the form means to write into this box, not the one before."""
        self._stop_timer()
        await self._apply()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def show_value(self, looked: LookedLike | None) -> None:
        """Show what a node gave when it last ran; what is of another box is not shown."""
        self._looked = looked
        if self.is_mounted:
            self._show_value()

    def focus_first(self) -> None:
        """Go to the first field, or to the links where there is none."""
        if self._form.rows and self._form.display:
            self._form.rows[0].take_focus()
            return
        for links in self._links if self._body.display else ():
            if links.display:
                links.focus()
                return

    def focus_field(self, port: str) -> None:
        """Go to a field, also of a box that is about to be shown."""
        if not self.settled:
            self._focus_next = port
            return
        if row := self._form.row(port):
            row.take_focus()
        elif not any(links.go_to(port) for links in self._links):
            self.focus_first()

    def take_commits(self) -> tuple[InspectorMessage, ...]:
        """What is typed, right and not acted upon yet, for who cannot wait for messages: before an edit, or a save."""
        if not self.is_mounted:
            return ()
        told = [one for one in self._told if not one.taken]
        return (*told, *(one for row in self._form.rows for one in row.under_way), *self._form.commits())

    @property
    def faulty(self) -> tuple[FaultyDraft, ...]:
        """Every text that is wrong, those of boxes that are not shown now included."""
        live = (
            FaultyDraft(row.subject.scope, row.subject.key, row.spec.name, row.draft.sentence)
            for row in (self._form.rows if self.is_mounted else ())
            if row.draft.sentence
        )
        return (*live, *(FaultyDraft(*place, kept.sentence) for place, kept in self._kept.items()))

    def forget(self, exists: Callable[[Scope, str], bool]) -> None:
        """Drop the faulty texts of boxes that are no more."""
        self._kept = {place: kept for place, kept in self._kept.items() if exists(place[0], place[1])}

    async def _apply(self) -> None:
        async with self._applying:
            await self._show_wanted()

    async def _show_wanted(self) -> None:
        subject, before = self._wanted, self._shown
        if subject is before:
            return
        moved = _box(subject) != _box(before)
        focused = self._focused_port() if moved else None
        if moved:
            self._leave()
        with self.app.batch_update():
            self._empty.display = subject is None
            self._body.display = subject is not None
            if subject is not None:
                await self._fill(subject)
            else:
                await self._form.clear()
            if moved:
                self._body.scroll_home(animate=False)
            self._shown = subject
            self._show_value()
        self._go_on(focused)

    async def _fill(self, subject: Subject) -> None:
        self._head.show(subject)
        await self._form.show(subject, dict(self._kept_of(subject)))
        self._links[0].show(subject, links_in(subject))
        self._links[1].show(subject, links_out(subject.outputs))

    def _leave(self) -> None:
        """Hand over what is typed for the box that is shown, and keep what is wrong."""
        self._told = list(self._form.commits())
        for message in self._told:
            self.post_message(message)
        for row in self._form.rows:
            if row.draft.sentence:
                place = (row.subject.scope, row.subject.key, row.spec.name)
                self._kept[place] = _Kept(row.draft.text, row.draft.sentence, same_json(row.spec.value))

    def _kept_of(self, subject: Subject) -> Iterator[tuple[str, str]]:
        for spec in subject.fields:
            kept = self._kept.pop((subject.scope, subject.key, spec.name), None)
            if kept is not None and kept.value == same_json(spec.value):
                yield spec.name, kept.text

    def _focused_port(self) -> str | None:
        row = next((row for row in self._form.rows if row.has_focus_within), None)
        if row is not None:
            return row.spec.name
        current = next((links.current for links in self._links if links.has_focus), None)
        return current.port if current else None

    def _go_on(self, focused: str | None) -> None:
        """Keep the focus in the form if it was there, or take it where somebody asked for it."""
        port, self._focus_next = self._focus_next or focused, None
        if port is not None:
            self.focus_field(port)
        elif not self.has_focus_within:
            self._help.show(None)

    def _show_value(self) -> None:
        fits = self._looked is not None and self._shown is not None and self._looked.path == self._shown.path
        self._value.show(self._looked if fits else None)

    def _named(self, port: str) -> FieldSpec | OutputSpec | None:
        subject = self._shown
        if subject is None:
            return None
        in_out = self._links[1].has_focus
        ports: tuple[FieldSpec | OutputSpec, ...] = subject.outputs if in_out else subject.fields
        return next((one for one in ports if one.name == port), None)

    @on(FieldFocused)
    def _tell(self, event: FieldFocused) -> None:
        self._help.show(self._named(event.port))
        self.call_after_refresh(self._uncover)

    def _uncover(self) -> None:
        """Scroll the field up that the help has come to lie over."""
        focused = self.screen.focused if self.is_mounted else None
        if focused is not None and self.has_focus_within:
            focused.scroll_visible(animate=False)

    def on_descendant_blur(self) -> None:
        """Without a focused field there is none to help with."""
        self.call_after_refresh(self._tell_nothing)

    def _tell_nothing(self) -> None:
        if not self.has_focus_within:
            self._help.show(None)

    @on(FieldHelp.Clicked)
    def _clicked(self, event: FieldHelp.Clicked) -> None:
        event.stop()
        targets: list[Widget] = [*self._form.rows, *self._links]
        target = next((one for one in targets if one.has_focus_within or one.has_focus), None)
        if target is not None:
            # In its own turn: a message stops at whoever made it.
            target.call_later(target.run_action, event.action)

    @on(Title.Clicked)
    def _rename(self, event: Title.Clicked) -> None:
        event.stop()
        if self._shown is not None and self._shown.role in ("node", "loop", "workflow", "unknown"):
            self.post_message(RenameWanted(self._shown.scope, self._shown.key))

    @on(FieldRow.BrowseWanted)
    def _browse(self, event: FieldRow.BrowseWanted) -> None:
        event.stop()
        browse(self.app, event.row)


def _box(subject: Subject | None) -> tuple[Scope, str] | None:
    return (subject.scope, subject.key) if subject is not None else None
