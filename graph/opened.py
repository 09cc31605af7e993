"""A sub-workflow after it was opened up: which of the nodes inside it make what it gives."""

from __future__ import annotations

import json
from collections.abc import Mapping

from latentgraph.graph.typed import Wire
from latentgraph.graph.workflow import Link, Workflow


def outputs_of_subworkflow(embedded: Mapping[str, str], path: str) -> dict[str, Wire]:
    """For each output of a sub-workflow the node inside that makes it, by its whole path, and that node's output.

    Args:
        embedded: The text of every sub-workflow, by the path of its node.
        path: Of the sub-workflow's node. Outputs that hand on what goes in are left out.
    """
    workflow = Workflow.model_validate(json.loads(embedded[path]), by_alias=True, by_name=False)
    made: dict[str, Wire] = {}
    for name, output in workflow.outputs.items():
        link = Link.parse(output.source)
        if link is None or link.node not in workflow.nodes:
            continue
        inner = f"{path}/{link.node}"
        wire = outputs_of_subworkflow(embedded, inner).get(link.port) if inner in embedded else Wire(inner, link.port)
        if wire is not None:
            made[name] = wire
    return made
