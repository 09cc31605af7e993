"""The Python that writes a workflow; running it gives the file back to the byte."""

from __future__ import annotations

from latentgraph.graph.check import check
from latentgraph.graph.document import Document
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.python.graph import LATER
from latentgraph.graph.python.source.writer import Writer
from latentgraph.graph.registry import Registry


def python_source(document: Document, registry: Registry, name: str = "") -> str:
    """The Python that writes a workflow, formatted as ruff leaves it; run, it prints the file.

    Args:
        document: The workflow.
        registry: The node types, whose functions are called.
        name: What the workflow is called, for the docstring.

    Raises:
        WorkflowError: It has errors that no Python could write.
    """
    if errors := [
        one
        for one in check(document, registry).errors
        if one.code not in (*LATER, "E114") and one.file == document.name
    ]:
        raise WorkflowError(errors)
    writer = Writer(document, registry)
    block = writer.write()
    called = f"The workflow {name}" if name.isprintable() and name and not set(name) & set("\\\"'") else "A workflow"
    lines = [
        f'"""{called}, written in Python; run, this prints its file."""',
        "",
        *writer.imports.lines(),
        *writer.files.lines,
        *(["", ""] if writer.files.lines else [""]),
        *block,
        "",
        'if __name__ == "__main__":',
        '    print(flow.text(), end="")',
    ]
    return "\n".join(lines) + "\n"
