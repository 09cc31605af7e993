"""The file of a part: how a workflow writes its path, and what it holds."""

from __future__ import annotations

import os
from pathlib import Path

from latentgraph.graph.access import FileAccess
from latentgraph.graph.document import read_document
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.errors import EditError
from latentgraph.graph.workflow import SUBWORKFLOW, Workflow


def written_path(path: Path, folder: Path) -> str:
    """A path as a workflow in a folder writes it; what lies outside begins with `../`."""
    relative = Path(os.path.relpath(path.parent.resolve() / path.name, folder.resolve())).as_posix()
    return relative if relative.startswith("../") else f"./{relative}"


def read_part(graph: Graph, name: str) -> Workflow:
    """What the file of a sub-workflow holds, read as a run may.

    Raises:
        EditError: The node is no sub-workflow, or names no file.
        WorkflowError: The file cannot be read.
        AccessError: It may not be.
    """
    if graph.node(name)["type"] != SUBWORKFLOW:
        raise EditError(f"'{name}' is no sub-workflow.")
    written = graph.node(name).get("file")
    if not written:
        raise EditError(f"'{name}' has no file yet.")
    file = graph.signatures.file
    access = FileAccess(file.resolve().parent if file else None, graph.signatures.allowed)
    return read_document(access.path(str(written), given=False), str(written)).workflow
