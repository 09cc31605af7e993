"""`latentgraph python` and `latentgraph chart`: a workflow in other words."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from latentgraph.graph.files import write_whole
from latentgraph.graph.python.mermaid import flowchart
from latentgraph.graph.python.source import python_source
from latentgraph.tui.find import find_workflow, load_registry
from latentgraph.tui.messages import not_written, write_utf8


def write_python(argument: str, out: Path | None, node_files: Iterable[Path]) -> None:
    """Print the Python that writes a workflow, or write it to `out`.

    Raises:
        WorkflowError: There is no such workflow, or it has errors.
        CommandError: The file cannot be written.
    """
    registry = load_registry(node_files)
    document = find_workflow(argument, registry).document
    text = python_source(document, registry, Path(document.name).stem)
    if out is None:
        write_utf8(text)
        return
    try:
        write_whole(out, text)
    except OSError as error:
        raise not_written(f"--out {out}:", error) from None
    print(f"wrote {out}", file=sys.stderr)


def write_chart(argument: str, node_files: Iterable[Path]) -> None:
    """Print a workflow as a Mermaid flowchart.

    Raises:
        WorkflowError: There is no such workflow.
    """
    registry = load_registry(node_files)
    write_utf8(flowchart(find_workflow(argument, registry).document.workflow))
