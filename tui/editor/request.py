"""What was asked of the editor on the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class EditRequest:
    """What was asked on the command line."""

    workflow: str | None = None
    """A shipped workflow, a file (a new one if it is not there), a picture; None: the start screen."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of the runs, such as the device; only those that were given."""
    out: Path = Path("outputs")
    allow_read: Sequence[Path] = ()
    node_files: Sequence[Path] = ()
    images: str = "auto"
    web: int | None = None
    """Port to serve browsers at; None draws on the terminal."""
    ascii_only: bool = False
    """For terminals and fonts that have no other characters for boxes and wires."""
