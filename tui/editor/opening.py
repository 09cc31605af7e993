"""From what somebody wants to open to a workflow, and to the file that saving it would write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from latentgraph.graph.document import Document
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.problem import Problem
from latentgraph.graph.registry import Registry
from latentgraph.graph.workflow import VERSION, Workflow
from latentgraph.tui.find import STANDARD_INPUT, find_workflow, shipped_names

SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Opened:
    """A workflow to be edited."""

    document: Document
    """Its `path` is what relative paths in it count from."""
    path: Path | None = None
    """The file that saving writes; None while it has no name."""
    title: str = "untitled"

    @property
    def is_new(self) -> bool:
        """Whether its file is not there yet."""
        return self.path is not None and self.document.source is None


def empty_document() -> Document:
    """A workflow without anything in it."""
    return Document(Workflow(latentgraph=VERSION, nodes={}))


def open_argument(argument: str, registry: Registry) -> Opened:
    """What the argument of `latentgraph edit` means.

    A shipped workflow, and one that a picture carries, opens as a copy without a name. A JSON file that is not there
    yet begins empty.

    Raises:
        WorkflowError: It cannot be read.
    """
    if argument == STANDARD_INPUT:
        hint = "name a file, or save the pipe to one first"
        raise WorkflowError([Problem("E001", "the editor reads keys from standard input, not a workflow", hint)])
    path = Path(argument)
    if argument not in shipped_names() and path.suffix == SUFFIX and not path.exists() and path.parent.is_dir():
        return Opened(empty_document(), path, path.name)
    found = find_workflow(argument, registry)
    if argument in shipped_names():
        return Opened(found.document, None, f"{argument} (copy)")
    if found.picture:
        return Opened(found.document, None, f"{path.name} (copy)")
    return Opened(found.document, path, path.name)
