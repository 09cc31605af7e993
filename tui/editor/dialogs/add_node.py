"""Finding a node type by a few of its letters, or by what it is about; only those that fit, where a port asks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.fuzzy import Matcher

from latentgraph.graph.node import Port
from latentgraph.graph.packages import package_of
from latentgraph.graph.registry import Registry
from latentgraph.tui.editor.dialogs.dialog import Hint
from latentgraph.tui.editor.dialogs.search import Row, SearchDialog, highlighted
from latentgraph.tui.listing import STRUCTURE

GOOD_NAME = 100.0
"""Added where the name matches, so that it goes before what only speaks of the word."""


@dataclass(frozen=True, slots=True)
class NodeChoice:
    """A node type that can be added."""

    name: str
    category: str
    summary: str
    description: str = ""
    takes: str = ""
    gives: str = ""
    package: str = ""
    """Whose it is, where it is not ours."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A node type that matches what was typed."""

    choice: NodeChoice
    fits: bool
    score: float

    @property
    def by_name(self) -> bool:
        """Whether its name matches, and not only what is said of it."""
        return self.score >= GOOD_NAME


def node_choices(registry: Registry) -> tuple[NodeChoice, ...]:
    """All node types, and what else may stand as a node."""
    nodes = (
        NodeChoice(
            one.name,
            one.category,
            one.docstring.summary,
            one.docstring.description,
            _ports(one.inputs, links_only=True),
            _ports(one.outputs),
            package_of(one.name, registry),
        )
        for one in registry
    )
    return (*nodes, *(NodeChoice(name, "structure", text.replace("`", "")) for name, text in STRUCTURE.items()))


def _ports(ports: Mapping[str, Port], *, links_only: bool = False) -> str:
    shown = (port for port in ports.values() if not (links_only and port.type.literal))
    return ", ".join(f"{port.name} ({port.type.name})" for port in shown)


class AddNode(SearchDialog[str | None]):
    """Asks for a node type; gives its name, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "toggle_all", "All types", show=False, priority=True)]
    HEADING = "Add a node"
    PLACEHOLDER = "name, category or what it does"
    NOTHING = "No node matches."

    def __init__(self, choices: Sequence[NodeChoice], fitting: Collection[str] | None = None, title: str = "") -> None:
        """Ask for a node type.

        Args:
            choices: What there is.
            fitting: Names of the types that fit a port; the others show when asked for. None: there is no port.
            title: Such as `Add a node to latents of denoise`.
        """
        super().__init__(title)
        self._choices = tuple(choices)
        self._fitting = None if fitting is None else frozenset(fitting)
        self._all = not self._fitting
        self._width = max((len(choice.name) for choice in choices), default=0)

    def hints(self) -> Sequence[Hint]:
        """What the keys do now."""
        hints = [("↑↓", "choose", ""), ("enter", "add", "choose")]
        if self._fitting:
            hints.append(("tab", "only fitting" if self._all else "all types", "toggle_all"))
        return hints

    def action_toggle_all(self) -> None:
        """Show all types, or only those that fit."""
        if self._fitting:
            self._all = not self._all
            self.show_hints()
            self.refresh_rows()

    def rows_for(self, query: str) -> Sequence[Row]:
        """The types that match: those that fit first, but for a name that only others have."""
        found = self._found(query)
        fits, others = [one for one in found if one.fits], [one for one in found if not one.fits]
        # Somebody who types the name of what does not fit means it.
        meant = [one for one in others if one.by_name] if not any(one.by_name for one in fits) else []
        shown = [*fits, *others] if self._all else [*meant, *fits] if query else fits
        matcher = Matcher(query) if query else None
        return [self._row(one, matcher, with_others=len(shown) > len(fits)) for one in shown]

    def _found(self, query: str) -> list[_Found]:
        """What matches, the better match first, then as it is listed."""
        matcher = Matcher(query) if query else None
        fitting = self._fitting or frozenset()
        scores = [(choice, _score(choice, query, matcher)) for choice in self._choices]
        found = [_Found(choice, choice.name in fitting, score) for choice, score in scores if score > 0]
        return sorted(found, key=lambda one: -one.score)

    def _row(self, found: _Found, matcher: Matcher | None, *, with_others: bool) -> Row:
        choice = found.choice
        space = " " * (self._width - len(choice.name) + 2)
        prompt = Content.assemble(highlighted(choice.name, matcher), space, (choice.summary, "dim"))
        heading = ("these fit" if found.fits else "others") if self._fitting and with_others else ""
        return Row(choice.name, prompt, _detail(choice), heading)

    def choose(self, row: Row) -> None:
        """Answer with a type."""
        self.dismiss(row.id)


def _score(choice: NodeChoice, query: str, matcher: Matcher | None) -> float:
    """How well it matches; 0 where it does not."""
    if matcher is None:
        return 1.0
    if (score := matcher.match(choice.name)) > 0:
        return GOOD_NAME + score
    # Letters strewn over a sentence match anything: of what is said about a node, whole words' beginnings count.
    words = f"{choice.category} {choice.summary} {choice.takes} {choice.gives}".lower().split()
    wanted = query.lower().split()
    return float(all(any(word.strip("(").startswith(one) for word in words) for one in wanted))


def _detail(choice: NodeChoice) -> Content:
    lines = [Content.assemble((choice.category, "bold $accent"), "  ", choice.summary)]
    lines += [
        Content.assemble((f"{word} ", "dim"), ports)
        for word, ports in (("takes", choice.takes), ("gives", choice.gives))
        if ports
    ]
    if choice.description:
        lines.append(Content.styled(choice.description, "dim"))
    if choice.package:
        lines.append(Content.styled(f"of the package {choice.package}", "dim"))
    return Content("\n").join(lines)
