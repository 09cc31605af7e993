"""The values of a workflow's inputs as texts that a person types."""

from __future__ import annotations

import json
from typing import Any

from latentgraph.graph.check.inputs import input_type
from latentgraph.graph.registry import Registry
from latentgraph.graph.types import ValueFaultError
from latentgraph.graph.workflow import WorkflowInput
from latentgraph.tui.values import parse_text


def shown_value(value: Any) -> str:
    """A value as it stands in a field."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def value_of(text: str, declared: WorkflowInput, registry: Registry) -> Any:
    """The value that a text writes.

    Raises:
        ValueFaultError: It writes none that the input takes.
    """
    value = parse_text(text, declared, registry)
    try:
        port_type = input_type(declared, registry)
    except TypeError:
        return value  # what is wrong with the declaration is told by the check
    return value if port_type is None else port_type.parse(value)


def fault_of(text: str, declared: WorkflowInput, registry: Registry) -> str:
    """What is wrong with a text; empty where nothing is."""
    try:
        value_of(text, declared, registry)
    except ValueFaultError as fault:
        return str(fault)
    return ""
