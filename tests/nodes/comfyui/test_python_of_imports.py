"""What is imported of other people's workflows comes back from the Python that writes it, muted nodes and all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.nodes.comfyui.templates import template_workflows

from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.document import Document
from latentgraph.graph.foreign import ImportOptions
from latentgraph.graph.python.source import python_source
from latentgraph.graph.registry import Registry


def written_back(paths: list[Path], folder: Path) -> int:
    registry = Registry.load()
    for path in paths:
        workflow = registry.formats["comfyui"].translate(
            path.read_bytes(), path.name, ImportOptions(folder, registry)
        ).workflow  # fmt: skip
        scope: dict[str, Any] = {"__name__": "written"}
        exec(compile(python_source(Document(workflow), registry), path.name, "exec"), scope)
        assert scope["flow"].text() == canonical_text(workflow), path.name
    return len(paths)


def test_some_imported_workflows_come_back_from_their_python(tmp_path: Path) -> None:
    assert written_back(template_workflows()[5::29], tmp_path) >= 5


@pytest.mark.exhaustive
def test_every_imported_workflow_comes_back_from_its_python(tmp_path: Path) -> None:
    assert written_back(template_workflows(), tmp_path) >= 150
