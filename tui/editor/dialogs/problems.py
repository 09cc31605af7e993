"""What is wrong with the workflow, to go to and to mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from latentgraph.graph.problem import Problem
from latentgraph.tui.editor.keys import bindings_for
from latentgraph.tui.editor.options import Options

MARKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"error": ("✗", "$text-error"), "warning": ("?", "$text-warning"), "note": ("i", "$text-primary")}
)
"""The sign and the style of a severity."""

TITLE = " problems · f8 next · f12 apply hint "


class ProblemList(Options):
    """The problems, errors first; Enter or a click goes to one, `f` applies its hint."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_for("problems")]

    @dataclass
    class Chosen(Message):
        """Somebody wants to see where it is."""

        problem: Problem

    @dataclass
    class FixWanted(Message):
        """Somebody wants its hint applied."""

        problem: Problem

    def __init__(self, problems: Sequence[Problem] = (), *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(compact=True, markup=False, id=id, classes=classes)
        self.border_title = TITLE
        self.problems: tuple[Problem, ...] = ()
        self._seen: Problem | None = None
        """The one that somebody was brought to last."""
        self.show(problems)

    def show(self, problems: Sequence[Problem]) -> None:
        """Show other problems; the cursor stays on the one it is on, if that is still there."""
        current = self.current
        self.problems = tuple(sorted(problems, key=lambda one: list(MARKS).index(one.severity)))
        self.set_options(Option(_prompt(problem)) for problem in self.problems)
        if self.problems:
            self.highlighted = self.problems.index(current) if current in self.problems else 0

    @property
    def current(self) -> Problem | None:
        """The problem under the cursor."""
        at = self.highlighted
        return self.problems[at] if at is not None and at < len(self.problems) else None

    def go_on(self) -> Problem | None:
        """Move the cursor to the next problem, round and round, and return it; first to the one that it is on."""
        if self.problems and self.highlighted is not None and self.current == self._seen:
            self.highlighted = (self.highlighted + 1) % len(self.problems)
        self._seen = self.current
        return self.current

    def come_to(self, problem: Problem) -> None:
        """Put the cursor on a problem that somebody is brought to by another way."""
        self._seen = problem
        if problem in self.problems:
            self.highlighted = self.problems.index(problem)

    def action_go_to(self) -> None:
        """Ask to be shown where it is."""
        if (problem := self.current) is not None:
            self.post_message(self.Chosen(problem))

    def action_fix(self) -> None:
        """Ask for its hint to be applied."""
        if (problem := self.current) is not None:
            self.post_message(self.FixWanted(problem))

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_go_to()


def _prompt(problem: Problem) -> Content:
    mark, style = MARKS[problem.severity]
    where = f"{problem.node}.{problem.port}" if problem.node and problem.port else problem.node or problem.port
    parts: list[str | tuple[str, str]] = [(f"{mark} ", f"bold {style}")]
    if where:
        parts.append((f"{where} ", "bold"))
    parts.append(problem.message)
    if problem.hint:
        parts.append((f"; {problem.hint}", "dim"))
    return Content.assemble(*parts)
