"""A picture that a run made, with the values that made it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from latentgraph.graph.words import shown


@dataclass(frozen=True, slots=True)
class Made:
    """A picture of the history."""

    path: Path
    values: Mapping[str, Any] = field(default_factory=dict)
    """Of the workflow's inputs."""
    workflow: str = ""
    """Name of the workflow, as the user knows it."""
    seconds: float = 0.0
    """That the run took."""
    when: str = ""
    """Such as `14:03`."""


class Difference(NamedTuple):
    """An input whose values differ; None where there is none."""

    name: str
    older: str | None
    newer: str | None


def differences(older: Mapping[str, Any], newer: Mapping[str, Any]) -> Iterator[Difference]:
    """The inputs that have other values, in the order of the newer."""
    for name in (*newer, *(name for name in older if name not in newer)):
        before = shown(older[name]) if name in older else None
        after = shown(newer[name]) if name in newer else None
        if before != after:
            yield Difference(name, before, after)
