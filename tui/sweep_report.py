"""What a sweep says on its way: lines for people, file names, or JSON; and the contact sheet at its end."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from latentgraph.graph.events import Warned
from latentgraph.graph.names import printable
from latentgraph.graph.sweep import Entry
from latentgraph.tui.contact_sheet import MOST, write_sheet
from latentgraph.tui.durations import duration
from latentgraph.tui.messages import print_json, say
from latentgraph.tui.picture import SUFFIXES
from latentgraph.tui.run_command import RunRequest
from latentgraph.tui.sweep_warnings import SweepWarnings


class SweepReport:
    """Tells of runs as they are done."""

    def __init__(self, request: RunRequest, varying: Sequence[str]) -> None:
        """Say nothing yet.

        Args:
            request: What was asked, which says how to speak.
            varying: The inputs of more than one value, by which a reader tells the runs apart.
        """
        self._request = request
        self._varying = varying
        self._told = 0
        self._left = 0
        self._warnings = SweepWarnings(self._label, as_json=request.as_json)
        self.failed = 0
        """Runs that were told of as failed."""

    def begin(self, total: int, left: int, changed: int) -> None:
        """Say how many runs there are, how many are not done yet, and how many of these are made again."""
        self._left = left
        if self._request.as_json:
            print_json(
                {
                    "event": "sweep_started",
                    "runs": total,
                    "left": left,
                    "changed": changed,
                    "folder": str(self._request.out),
                }
            )
        elif not self._request.quiet:
            if left < total:
                say("note", f"{total - left} of {total} runs are done already")
            if changed:
                why = "what they read, or the code of their nodes, has changed since"
                say("note", f"{changed} of {total} runs are made again: {why}")

    def warn(self, number: int, values: Mapping[str, Any], warned: Warned) -> None:
        """Say what a run warns of while it goes on."""
        self._warnings.hear(number, values, warned)

    def tell(self, entry: Entry) -> None:
        """Say that a run came to its end, and what it warned of if that was not heard."""
        for warned in entry.warnings:
            self.warn(entry.number, entry.values, warned)
        self._told += 1
        self.failed += bool(entry.error)
        request = self._request
        # A value may be saved by a node and be an output as well.
        names = dict.fromkeys(str(request.out / name) for ones in entry.files.values() for name in ones)
        if request.as_json:
            print_json({"event": "sweep_run", "run": entry.number, "values": dict(entry.values), "files": list(names),
                        "seconds": entry.seconds, "error": entry.error})  # fmt: skip
        elif request.quiet:
            print("\n".join(names), flush=True)
        else:
            result = f"failed: {entry.error}" if entry.error else f"{duration(entry.seconds)} → {', '.join(names)}"
            print(f"{self._told} of {self._left}  {self._label(entry.values)}  {result}", flush=True)

    def write_sheet(self, entries: Sequence[Entry]) -> None:
        """Write the contact sheet of what is done."""
        pictures = []
        for entry in entries:
            names = [name for ones in entry.files.values() for name in ones]
            first = next((name for name in names if Path(name).suffix.lower() in SUFFIXES), None)
            if first is not None:
                pictures.append((self._request.out / first, self._told_apart(entry.values)))
        written = write_sheet(self._request.out, pictures)
        if written and not self._request.as_json and not self._request.quiet:
            more = f", of the first {MOST}" if len(pictures) > MOST else ""
            print(f"contact sheet: {written}{more}")

    def end(self, total: int, done: Sequence[Entry], kept: Sequence[Entry], *, stopped: bool) -> None:
        """Say how it ended.

        Args:
            total: Runs of the sweep.
            done: Those that are done.
            kept: Those that were done before this call.
            stopped: Whether it was cancelled.
        """
        self._warnings.end(total, kept)
        if self._request.as_json:
            print_json({"event": "sweep_finished", "runs": total, "done": len(done), "failed": self.failed,
                        "warned": sum(bool(one.warnings) for one in done), "cancelled": stopped})  # fmt: skip
        elif stopped or self.failed:
            why = "stopped" if stopped else f"{self.failed} failed"
            print(f"{why}: {len(done)} of {total} runs are done; the same command goes on", file=sys.stderr)

    def _label(self, values: Mapping[str, Any]) -> str:
        return printable(", ".join(f"{name}={value}" for name, value in self._told_apart(values).items()))

    def _told_apart(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if name in self._varying}
