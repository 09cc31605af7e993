"""What an engine in a process of its own is asked to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from latentgraph.graph.access import Recorded
from latentgraph.graph.document import Document, parse_document


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A workflow, and how to run it."""

    workflow: str
    """The text of its file."""
    name: str
    """How messages call it."""
    path: Path | None = None
    """Its file, which its relative paths count from; None where it has none yet."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """Values of its inputs; the others are as they stand in the workflow. Plain data."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of the run, such as the device; the others are as their declaration says."""
    until: str | None = None
    """Path of a node to stop at; None: the workflow's own outputs."""
    out: Path | None = None
    """Folder for the files that the run makes; None makes none."""
    overwrite: bool = False
    """Whether files are numbered from 1 and replace what is there."""
    metadata: bool = True
    """Whether files carry the record of how they were made."""
    sidecar: bool = False
    """Whether the record is written beside each file, too."""
    allow_read: tuple[Path, ...] = ()
    """Folders that it may read beside its own."""
    embedded: Mapping[str, str] = field(default_factory=dict)
    """Texts of sub-workflows that came with it in a picture, by the path of their node."""
    previews: bool = True
    """Whether to show what is on its way."""
    download: bool = False
    """Whether what is not on this machine may be downloaded; else such a run is refused."""
    recorded: Recorded | None = None
    """Of a workflow out of a picture: what its record says of the files that were read."""

    def document(self) -> Document:
        """The workflow, read.

        Raises:
            WorkflowError: It is none.
        """
        raw = self.workflow.encode("utf-8", "surrogatepass")
        read = parse_document(raw, self.name, self.path)
        return replace(read, embedded=self.embedded, recorded=self.recorded)

    def to_json(self) -> dict[str, Any]:
        """The request as plain data."""
        return {
            "workflow": self.workflow,
            "name": self.name,
            "path": None if self.path is None else str(self.path),
            "given": dict(self.given),
            "settings": dict(self.settings),
            "until": self.until,
            "out": None if self.out is None else str(self.out),
            "overwrite": self.overwrite,
            "metadata": self.metadata,
            "sidecar": self.sidecar,
            "allow_read": [str(folder) for folder in self.allow_read],
            "embedded": dict(self.embedded),
            "recorded": None if self.recorded is None else self.recorded.to_json(),
            "previews": self.previews,
            "download": self.download,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunRequest:
        """The request that `to_json` wrote."""
        paths = {name: None if data[name] is None else Path(data[name]) for name in ("path", "out")}
        recorded = data.get("recorded")
        more = {
            "allow_read": tuple([Path(folder) for folder in data["allow_read"]]),
            "recorded": None if recorded is None else Recorded.from_json(recorded),
        }
        return cls(**{**data, **paths, **more})
