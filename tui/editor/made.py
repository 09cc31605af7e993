"""Runs that were made: what came out, and the values that it came out of; kept between sessions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_state_path

Outcome = Literal["done", "failed", "cancelled"]
MOST = 200
"""Runs that are remembered."""
PICTURES = (".png", ".jpg", ".jpeg", ".webp")


@dataclass(frozen=True, slots=True)
class MadeRun:
    """A run that ended."""

    title: str
    """Of the workflow."""
    ended: str
    """When, ISO 8601 with the seconds, local time."""
    outcome: Outcome
    seconds: float = 0.0
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """The value of every plain input of the workflow."""
    files: tuple[str, ...] = ()
    """What was written, as absolute paths."""
    message: str = ""
    """Why it failed."""

    @property
    def pictures(self) -> list[Path]:
        """The pictures among its files that are still there."""
        return [path for path in map(Path, self.files) if path.suffix.lower() in PICTURES and path.exists()]


class MadeRuns:
    """The runs of this session and of those before, oldest first."""

    def __init__(self, file: Path | None = None) -> None:
        """Read what is remembered.

        Args:
            file: Where it is remembered; in the user's state folder where None.
        """
        self.file = file or user_state_path("latentgraph") / "runs.jsonl"
        self.runs: list[MadeRun] = list(_read(self.file))[-MOST:]

    def add(self, run: MadeRun) -> None:
        """Remember a run; where the state folder cannot be written, for this session alone."""
        self.runs.append(run)
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(asdict(run)) + "\n")
        except OSError:
            return

    def __len__(self) -> int:
        """How many there are."""
        return len(self.runs)


def _read(file: Path) -> Iterator[MadeRun]:
    """The runs in a file; a line that a crash cut short, or that another version wrote, is left out."""
    try:
        lines = file.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines[-MOST:]:
        try:
            data = json.loads(line)
            yield MadeRun(**{**data, "files": tuple(data["files"])})
        except (ValueError, TypeError, KeyError):
            continue
