"""The end of a run, on standard output: the picture, the outputs and where they were saved."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from latentgraph.graph.events import RunCancelled, RunFinished
from latentgraph.tui.durations import duration
from latentgraph.tui.messages import console, is_plain
from latentgraph.tui.picture import show_pictures


def show_results(finished: RunFinished, images: str, drawn: Mapping[str, int]) -> None:
    """Show what came out.

    Args:
        finished: The last event of the run.
        images: How to show pictures: `auto`, `none`, `kitty`, `sixel` or `blocks`.
        drawn: Inputs whose values were drawn.
    """
    show_pictures([Path(path) for path in _paths(finished.files)], images)
    rows = _rows(finished) + [(name, f"{value} (drawn)", "") for name, value in drawn.items()]
    if is_plain(sys.stdout):
        for name, summary, files in rows:
            print(f"{name}: {summary}{_arrow(summary, files)}{files}")
    else:
        _print_rows(rows)
    if sys.stderr.isatty():
        console(sys.stderr).print(f"done in {duration(finished.seconds)}", style="dim")


def _print_rows(rows: list[tuple[str, str, str]]) -> None:
    """Print in colours, and names aligned for a person; a program in a pipe finds them the easier without."""
    from rich.text import Text

    width = max((len(name) + 1 for name, _, _ in rows), default=0) if sys.stdout.isatty() else 0
    out = console(sys.stdout)
    for name, summary, files in rows:
        arrow = _arrow(summary, files)
        out.print(Text.assemble((f"{name + ':':<{width}} ", "bold"), summary, (arrow, "dim"), (files, "green")))


def _arrow(summary: str, files: str) -> str:
    return " → " if summary and files else ""


def _rows(finished: RunFinished) -> list[tuple[str, str, str]]:
    """Name, summary and files of each output, and of what nodes saved beside them."""
    rows: list[tuple[str, str, str]] = []
    told: set[str] = set()
    for name, summary in finished.outputs.items():
        paths = finished.files.get(name, ())
        told.update(paths)
        rows.append((name, summary, ", ".join(shown_path(path) for path in paths)))
    for name, paths in finished.files.items():
        if left := [path for path in paths if path not in told]:
            rows.append((name, "", ", ".join(shown_path(path) for path in left)))
    return rows


def show_files(finished: RunFinished) -> None:
    """Print only the files, one a line, for a script to read."""
    for path in _paths(finished.files):
        print(shown_path(path))


def show_cancelled(cancelled: RunCancelled, running: str) -> None:
    """Say where the run stopped and what there is of it."""
    where = f" in {running}" if running and running not in cancelled.finished else ""
    done = f"finished: {', '.join(cancelled.finished)}" if cancelled.finished else "no node had finished"
    files = [shown_path(path) for path in _paths(cancelled.files)]
    kept = f"kept: {', '.join(files)}" if files else "no file was written"
    print(f"cancelled{where} after {duration(cancelled.seconds)}; {done}; {kept}", file=sys.stderr)


def shown_path(path: str) -> str:
    """A path as a person would type it from here."""
    absolute = os.path.abspath(path)
    relative = os.path.relpath(absolute)
    return absolute if relative.startswith("..") else relative


def _paths(files: Mapping[str, tuple[str, ...]]) -> list[str]:
    return list(dict.fromkeys(path for paths in files.values() for path in paths))
