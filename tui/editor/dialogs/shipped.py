"""The workflows that ship, each with a sentence that says what it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from latentgraph.tui.find import shipped_folder, shipped_names


@dataclass(frozen=True, slots=True)
class Shipped:
    """A workflow that ships."""

    name: str
    path: Path
    sentence: str


def shipped_workflows() -> tuple[Shipped, ...]:
    """All of them, by name."""
    paths = [shipped_folder() / f"{name}.json" for name in shipped_names()]
    return tuple(Shipped(path.stem, path, first_sentence(_description(path))) for path in paths)


def first_sentence(text: str) -> str:
    """`text` up to its first full stop that ends a sentence."""
    return re.split(r"(?<=[.!?])\s", text.strip(), maxsplit=1)[0]


def _description(path: Path) -> str:
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    return str(data.get("description", "")) if isinstance(data, dict) else ""
