"""Edits of a workflow as a whole: its description, the values of its inputs, and another version of all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from latentgraph.graph.boxes import INPUTS
from latentgraph.graph.canonical import canonical_data
from latentgraph.graph.edit.draft import Draft, plain
from latentgraph.graph.edit.edit import Data, Edit
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.edit.interface import set_input
from latentgraph.graph.workflow import Workflow


def describe_workflow(graph: Graph, text: str) -> Edit:
    """Write what the workflow is about; an empty text takes the description away."""
    draft = graph.draft()
    draft.write_text(("description",), text)
    return draft.edit("describe the workflow", (), (INPUTS,), "describe the workflow")


def take_values(graph: Graph, values: Mapping[str, Any]) -> Edit:
    """Make values the defaults of the inputs of their names.

    Raises:
        EditError: There is no such input, or it does not take the value.
    """
    edit = Edit("take the values of a run", (), scope=(), boxes=(INPUTS,))
    for name, value in values.items():
        edit = edit.then(set_input(graph.after(edit), name, default=plain(value)))
    return Edit("take the values of a run", edit.changes, scope=(), boxes=(INPUTS,))


def replaced(data: Data, workflow: Workflow, label: str) -> Edit:
    """Put another version in the place of all that is there."""
    draft = Draft(data)
    wanted = canonical_data(workflow)
    for key in [key for key in data if key not in wanted]:
        draft.remove((key,))
    for key, value in wanted.items():
        draft.set((key,), value)
    return draft.edit(label)
