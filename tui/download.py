"""Asking before a download, and showing it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from latentgraph.graph.access import AccessError, Fetch
from latentgraph.tui.messages import CommandError, console, say


def fetch_all(fetches: Sequence[Fetch], *, consent: bool, ask: bool, quiet: bool) -> None:
    """Download what is missing, if the user agrees; without agreement nothing is asked of the network.

    Args:
        fetches: What is missing.
        consent: Whether the user agreed on the command line.
        ask: Whether a person may be asked, where there is a terminal.
        quiet: Whether to show nothing.

    Raises:
        CommandError: The user does not agree, or a download fails.
    """
    # Two nodes that read one model want the same files.
    wanted = {fetch.description: fetch for fetch in fetches}
    ask = ask and sys.stdin.isatty() and sys.stderr.isatty()
    if wanted and not consent and not ask:
        raise _declined(list(wanted))
    try:
        announced = {fetch.announcement(): fetch for fetch in wanted.values()}
        if announced and not consent and not _agreed(list(announced)):
            raise _declined(list(announced))
        for announcement, fetch in announced.items():
            if not quiet:
                say("note", f"downloading {announcement}")
            _fetch(fetch, quiet=quiet)
    except AccessError as error:
        raise CommandError(str(error), exit_code=1) from error


def _declined(what: list[str]) -> CommandError:
    return CommandError(f"not on this machine: {'; '.join(what)}; add --download to fetch it")


def _agreed(announcements: list[str]) -> bool:
    print("The workflow needs what is not on this machine:", file=sys.stderr)
    for announcement in announcements:
        print(f"  {announcement}", file=sys.stderr)
    print("Download it? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _fetch(fetch: Fetch, *, quiet: bool) -> None:
    if quiet or not sys.stderr.isatty():
        fetch.run(lambda done, total: None)
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=30), DownloadColumn(),
               TransferSpeedColumn(), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=console(sys.stderr), transient=True) as progress:
        task = progress.add_task(fetch.description, total=None)
        fetch.run(_bar(progress.update, task))


def _bar(update: Callable[..., None], task: object) -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        update(task, completed=done, total=total)

    return show
