"""The ports of a box that take no written values, and its outputs, each with what is at the other end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from latentgraph.graph.types import PortType
from latentgraph.tui.editor.canvas.glyphs import ASCII, UNICODE
from latentgraph.tui.editor.inspector.form import form_fields
from latentgraph.tui.editor.inspector.messages import (
    DisconnectWanted,
    FieldFocused,
    ItemRemoveWanted,
    ItemRenameWanted,
    LinkFollowed,
)
from latentgraph.tui.editor.inspector.subject import End, Fault, FieldSpec, OutputSpec, Subject
from latentgraph.tui.editor.inspector.texts import MARKS, Signs, plain
from latentgraph.tui.editor.kinds import kind_of_type
from latentgraph.tui.editor.options import Options

Glyph = Callable[[PortType], tuple[str, str]]
"""The glyph of a type of values, and the theme variable with its colour."""
_USUAL_WIDTH: Final = 38
_FAULT_STYLES: Final = {"error": "$text-error", "warning": "$text-warning", "note": "$graph-secondary"}


def port_glyph(port_type: PortType) -> tuple[str, str]:
    """As the canvas marks ports of the type."""
    kind = kind_of_type(port_type)
    return UNICODE.ports[kind], f"$port-{kind}"


def ascii_glyph(port_type: PortType) -> tuple[str, str]:
    """The same with the characters of ASCII alone."""
    kind = kind_of_type(port_type)
    return ASCII.ports[kind], f"$port-{kind}"


@dataclass(frozen=True, slots=True)
class Link:
    """A line of the list."""

    port: str
    type: PortType = field(compare=False)
    incoming: bool
    other: str
    """What is at the other end, in words."""
    end: End | None = None
    spec: FieldSpec | None = field(default=None, compare=False)
    """The field, where it is one and no output."""
    fault: Fault | None = None
    kind: str = ""
    """Of the type, as the canvas tells types apart."""


def links_in(subject: Subject) -> list[Link]:
    """The fields of a subject that only take links."""
    own = {spec.name for spec in form_fields(subject)}
    return [
        Link(
            spec.name,
            spec.type,
            True,
            spec.link or _missing(spec),
            subject.ends.get(spec.name),
            spec,
            spec.fault,
            kind_of_type(spec.type),
        )
        for spec in subject.fields
        if spec.name not in own
    ]


def _missing(spec: FieldSpec) -> str:
    return "not linked" if spec.required else "not linked, and need not be"


def links_out(outputs: Iterable[OutputSpec]) -> list[Link]:
    """The outputs of a subject, one line for each port that reads them."""
    found = []
    for output in outputs:
        targets: Sequence[End | None] = output.targets or (None,)
        for target in targets:
            other = "nothing reads it" if target is None else f"{target[0].removeprefix('>')}.{target[1]}"
            found.append(Link(output.name, output.type, False, other, target, kind=kind_of_type(output.type)))
    return found


class LinkList(Options):
    """Links, gone through with the arrows: enter goes to the other end."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("delete,x,ctrl+delete", "disconnect", "Disconnect", show=False),
        Binding("t,f6", "rename_item", "Rename", show=False),
    ]
    ALLOW_SELECT = False

    def __init__(self, title: str, signs: Signs, glyph_of: Glyph, *, id: str) -> None:
        super().__init__(compact=True, markup=False, id=id)
        self.border_title = f" {title} "
        self._signs = signs
        self._glyph_of = glyph_of
        self._width = 0
        self._links: list[Link] = []
        self._subject: Subject | None = None

    @property
    def current(self) -> Link | None:
        """The line that the cursor is on."""
        index = self.highlighted
        return self._links[index] if index is not None and index < len(self._links) else None

    def show(self, subject: Subject, links: list[Link]) -> None:
        """Show other links; the cursor stays where it is if the box is the same."""
        known = self._subject
        same = known is not None and (known.scope, known.key) == (subject.scope, subject.key)
        index = self.highlighted if same else None
        before, self._links = self._links, links
        if links != before or not same:
            with self.prevent(OptionList.OptionHighlighted):
                self.highlighted = index
            self._fill()
        self._subject = subject
        self.display = bool(links)
        if self.has_focus and self.highlighted is None and links:
            self.highlighted = 0

    def go_to(self, port: str) -> bool:
        """Put the cursor on a port and take the focus; False where the port is not here."""
        for index, link in enumerate(self._links):
            if link.port == port:
                self.highlighted = index
                self.focus()
                return True
        return False

    def _fill(self) -> None:
        width = self.size.width or _USUAL_WIDTH
        names = min(max((len(link.port) for link in self._links), default=0), width // 2)
        with self.prevent(OptionList.OptionHighlighted):
            index = self.highlighted
            self.set_options([Option(self._line(link, names, width, i)) for i, link in enumerate(self._links)])
            self.highlighted = min(index, len(self._links) - 1) if index is not None and self._links else None

    def _line(self, link: Link, names: int, width: int, index: int) -> Content:
        glyph, color = self._glyph_of(link.type)
        repeated = index > 0 and self._links[index - 1].port == link.port
        arrow = self._signs.source if link.incoming else self._signs.target
        name = " " * names if repeated else _cut(plain(link.port), names).ljust(names)
        other = _cut(plain(link.other), width - names - 5)
        line = Content.assemble(" " if repeated else (glyph, color), f" {name} {arrow} ", (other, "$graph-secondary"))
        if link.fault:
            told = f"\n{MARKS[link.fault.severity]} {plain(link.fault.message)}"
            line += Content.styled(told, _FAULT_STYLES[link.fault.severity])
        return line

    def on_resize(self) -> None:
        """Cut the lines to another width."""
        if self.size.width != self._width:
            self._width = self.size.width
            self._fill()

    def on_focus(self) -> None:
        """Put the cursor somewhere, and let the help be about it."""
        if self.highlighted is None and self._links:
            self.highlighted = 0
        self._tell()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Let the help be about another line."""
        event.stop()
        if self.has_focus:
            self._tell()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go to the other end."""
        event.stop()
        self.action_follow()

    def _tell(self) -> None:
        link, subject = self.current, self._subject
        if link and subject:
            self.post_message(FieldFocused(subject.scope, subject.key, link.port))

    def action_follow(self) -> None:
        """Go to the other end."""
        link, subject = self.current, self._subject
        if link and link.end and subject:
            self.post_message(LinkFollowed(subject.scope, subject.key, link.end))

    def action_disconnect(self) -> None:
        """Take the link away, or the item that is nothing without it."""
        link, subject = self.current, self._subject
        if not link or not subject or link.spec is None:
            return
        if link.spec.named:
            self.post_message(ItemRemoveWanted(subject.scope, subject.key, link.port))
        elif link.spec.link and link.spec.role != "next":
            self.post_message(DisconnectWanted(subject.scope, subject.key, link.port))

    def action_remove_item(self) -> None:
        """Take the item away."""
        self.action_disconnect()

    def action_rename_item(self) -> None:
        """Give what its author named another name."""
        link, subject = self.current, self._subject
        if link and subject and link.spec and link.spec.named:
            self.post_message(ItemRenameWanted(subject.scope, subject.key, link.port))


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"
