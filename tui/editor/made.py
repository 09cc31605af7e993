"""Runs that were made: what came out, and the values that it came out of; kept between sessions."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_state_path
from pydantic import TypeAdapter, ValidationError

from latentgraph.graph.files import write_whole

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
        self.runs: list[MadeRun] = list(_read(_lines(self.file)))

    def add(self, run: MadeRun) -> None:
        """Remember a run; where the state folder cannot be written, for this session alone."""
        self.runs.append(run)
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            # Prompts are their author's business.
            with open(self.file, "a", encoding="utf-8", opener=_private) as lines:
                lines.write(json.dumps(asdict(run)) + "\n")
        except OSError:
            return

    def __len__(self) -> int:
        """How many there are."""
        return len(self.runs)


def _lines(file: Path) -> list[str]:
    """The last lines of the file, which is cut when it has grown to several times that."""
    try:
        lines = file.read_text("utf-8", errors="replace").splitlines()
        if len(lines) > 4 * MOST:
            write_whole(file, "".join(f"{line}\n" for line in lines[-MOST:]))
    except OSError:
        return []
    return lines[-MOST:]


def _read(lines: Iterable[str]) -> Iterator[MadeRun]:
    """The runs in some lines; one that a crash cut short, or that another version wrote, is left out."""
    parser = TypeAdapter(MadeRun)
    for line in lines:
        with suppress(ValidationError):
            yield parser.validate_json(line)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
