"""Following a run to its end, wherever it is computed: what is shown of it, and the exit code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from latentgraph.graph.errors import RunCancelledError, RunError
from latentgraph.graph.events import Event, NodeStarted, RunCancelled, RunFinished, RunStarted
from latentgraph.tui.interrupt import cancelling
from latentgraph.tui.messages import say_fast
from latentgraph.tui.progress import view_for
from latentgraph.tui.results import show_cancelled, show_files, show_results

DONE, FAILED, WRONG, CANCELLED = 0, 1, 2, 130
"""Exit codes."""


class Followed(Protocol):
    """A run that has begun."""

    def __iter__(self) -> Iterator[Event]:
        """Its events; after that of a failure or a cancellation its error is raised."""

    def cancel(self) -> None:
        """Stop it at its next step."""


class Watcher(Protocol):
    """Whoever wants to know of each event, too."""

    def note(self, event: Event) -> None:
        """Take note of what happened."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of a run."""

    names: Sequence[str] = ()
    """Paths of its nodes."""
    drawn: Mapping[str, int] = field(default_factory=dict)
    """Inputs whose values were drawn."""
    as_json: bool = False
    images: str = "auto"
    quiet: bool = False
    debug: bool = False


def follow(run: Followed, shown: Shown, watcher: Watcher | None = None) -> int:
    """Show a run until it ends, and return the exit code.

    Raises:
        RunError: A node failed, or a file could not be written.
    """
    view = view_for(shown.names, as_json=shown.as_json, quiet=shown.quiet)
    last: Event | None = None
    running = ""

    def cancel() -> None:
        run.cancel()
        view.say_stopping()

    try:
        with cancelling(cancel), view:
            for event in run:
                if isinstance(event, RunStarted) and not (shown.as_json or shown.quiet):
                    say_fast(event.settings)
                view.show(event)
                if watcher is not None:
                    watcher.note(event)
                last = event
                running = event.node if isinstance(event, NodeStarted) else running
    except RunCancelledError:
        if isinstance(last, RunCancelled) and not shown.as_json:
            show_cancelled(last, running)
        return CANCELLED
    except RunError:
        if shown.as_json and not shown.debug:
            return FAILED  # the last event has told why
        raise
    except BaseException:
        run.cancel()  # nobody takes the output any more
        raise
    if isinstance(last, RunFinished) and not shown.as_json:
        _show(last, shown)
    return DONE


def _show(finished: RunFinished, shown: Shown) -> None:
    if shown.quiet:
        show_files(finished)
    else:
        show_results(finished, shown.images, shown.drawn)
