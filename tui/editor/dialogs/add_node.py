"""Finding a node type by a few of its letters, or by what it is about; only those that fit, where a port asks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.fuzzy import Matcher

from latentgraph.graph.node import Port
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
        """The types that match: those that fit first, then the better match, then as they are listed."""
        matcher = Matcher(query) if query else None
        fitting = self._fitting or frozenset()
        found = [
            (choice.name not in fitting, -score, index, choice)
            for index, choice in enumerate(self._choices)
            if (score := _score(choice, query, matcher)) > 0 and (self._all or choice.name in fitting)
        ]
        found.sort(key=lambda one: one[:3])
        return [self._row(choice, matcher, others) for others, _, _, choice in found]

    def _row(self, choice: NodeChoice, matcher: Matcher | None, others: bool) -> Row:
        space = " " * (self._width - len(choice.name) + 2)
        prompt = Content.assemble(highlighted(choice.name, matcher), space, (choice.summary, "dim"))
        heading = ("others" if others else "these fit") if self._fitting and self._all else ""
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
    return Content("\n").join(lines)
