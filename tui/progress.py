"""A run's events as lines and bars on standard error, for a person who waits."""

from __future__ import annotations

import os
import sys
import time
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Self

from latentgraph.graph.events import Event, NodeFinished, NodeProgress, NodeStarted, Observed, Warned
from latentgraph.tui.durations import duration
from latentgraph.tui.messages import console, print_json, say

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

STOPPING = "stopping at the next step; press Ctrl-C again to stop at once"
HEARTBEAT_SECONDS = 10.0
"""How often a long node says that it goes on, where there is no terminal to draw a bar on."""


class View(AbstractContextManager["View"]):
    """Shows a run while it goes on."""

    @abstractmethod
    def show(self, event: Event) -> None:
        """Show what happened."""

    def say_stopping(self) -> None:
        """Say that the run was asked to stop. Called by a signal's handler, which may come in the middle of a print."""
        os.write(2, f"{STOPPING}\n".encode())

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""


class JsonView(View):
    """Every event as a line of JSON on standard output."""

    def show(self, event: Event) -> None:
        """Print it."""
        print_json(event.to_json())

    def say_stopping(self) -> None:
        """Say nothing: the event of the cancelled run tells it."""


class PlainView(View):
    """Warnings, and a line now and then from what takes long, for a pipe or a log."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._last = time.monotonic()

    def show(self, event: Event) -> None:
        """Print it if it is worth a line."""
        if isinstance(event, Warned):
            say("warning", event.line)
        elif isinstance(event, Observed) and not self._quiet:
            print(f"{event.node}: {event.line}", file=sys.stderr, flush=True)
        elif isinstance(event, NodeProgress) and not self._quiet:
            now = time.monotonic()
            if now - self._last >= HEARTBEAT_SECONDS:
                self._last = now
                pace = f"{event.seconds_per_step:.2f} s a step"
                print(
                    f"{event.node}: {event.done} of {event.total}, {pace}, {_left(event)}", file=sys.stderr, flush=True
                )


class BarView(View):
    """A bar for the node that runs, with the time left, and a line for each that is done."""

    def __init__(self, names: Iterable[str]) -> None:
        """Start drawing.

        Args:
            names: Paths of the nodes that will run, so that their lines align.
        """
        self._width = min(max((len(name) for name in names), default=0), 32)
        self._tasks: dict[str, TaskID] = {}
        self._stopping = False
        self._progress = self._bars()

    def __enter__(self) -> Self:
        """Take the lower end of the terminal."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Give it back, bars wiped."""
        self._progress.stop()

    def say_stopping(self) -> None:
        """Have it said when the bars are drawn next."""
        self._stopping = True

    def show(self, event: Event) -> None:
        """Draw it."""
        if isinstance(event, NodeStarted):
            self._bar(event.node)
        elif isinstance(event, NodeProgress):
            task = self._bar(event.node)
            self._progress.update(
                task, completed=event.done, total=event.total, steps=f"{event.done}/{event.total}", left=_left(event)
            )
        elif isinstance(event, NodeFinished):
            self._finish(event)
        elif isinstance(event, Warned):
            self._print(("! ", "yellow"), event.line, whole=True)
        elif isinstance(event, Observed):
            self._print(("· ", "cyan"), f"{event.node}: {event.line}")

    def _bar(self, node: str) -> TaskID:
        if node not in self._tasks:
            self._tasks[node] = self._progress.add_task(f"{node:<{self._width}}", total=None, steps="", left="")
        return self._tasks[node]

    def _finish(self, event: NodeFinished) -> None:
        for node in [one for one in self._tasks if one == event.node or one.startswith(f"{event.node}/")]:
            self._progress.remove_task(self._tasks.pop(node))
        took = "kept" if event.cached else duration(event.seconds)
        summary = _summary(event.summary)
        self._print(("✓ ", "green"), f"{event.node:<{self._width}} {took:>8}  ", (summary, "dim"))

    def _print(self, *parts: str | tuple[str, str], whole: bool = False) -> None:
        """Print above the bars; on one line, cut at the edge, unless it has to be read as a whole."""
        from rich.text import Text

        text = Text.assemble(*parts, overflow="fold" if whole else "ellipsis", no_wrap=not whole)
        self._progress.console.print(text, soft_wrap=False)

    def _bars(self) -> Progress:
        from rich.console import RenderableType
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
        from rich.text import Text

        view = self

        class Bars(Progress):
            def get_renderables(self) -> Iterable[RenderableType]:
                yield from super().get_renderables()
                if view._stopping:
                    yield Text(STOPPING, style="yellow")

        columns = (
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=40),
            TextColumn("{task.fields[steps]}", markup=False),
            TextColumn("{task.fields[left]}", style="cyan", markup=False),
        )
        return Bars(*columns, console=console(sys.stderr), transient=True)


def view_for(names: Iterable[str], *, as_json: bool, quiet: bool) -> View:
    """The view that fits where the output goes."""
    if as_json:
        return JsonView()
    if quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return PlainView(quiet=quiet)
    return BarView(names)


def _left(event: NodeProgress) -> str:
    return f"{duration(event.seconds_per_step * (event.total - event.done))} left" if event.done < event.total else ""


def _summary(summaries: Mapping[str, str]) -> str:
    if len(summaries) == 1:
        return next(iter(summaries.values()))
    return ", ".join(summaries)
