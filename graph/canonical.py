"""The one way a workflow is written, so that an edit is a small diff.

Keys stand in the order of the model, names in the order in which their author wrote them. What has a name of its own
(a node, a port, an output, a position) has a line of its own; what it holds stays on that line while it fits.
"""

from __future__ import annotations

import json
from typing import Any

from latentgraph.graph.workflow import Workflow

WIDTH = 110
"""Columns that an object or a list may fill before it is broken up."""
_plain = json.JSONEncoder(ensure_ascii=False).encode
"""A value in one line."""
_NAMED = frozenset({"inputs", "nodes", "outputs", "each", "carry", "collect", "groups", "layout"})
"""Keys whose objects hold named things, one a line."""


def canonical_text(workflow: Workflow) -> str:
    """The file of a workflow; reading it gives the workflow back, and writing that gives the same text."""
    return text_of(canonical_data(workflow))


def text_of(data: dict[str, Any]) -> str:
    """The file of canonical data."""
    return _expanded(data, 0) + "\n"


def canonical_data(workflow: Workflow) -> dict[str, Any]:
    """A workflow as plain JSON data, keys in canonical order and what was not written left out."""
    data: dict[str, Any] = workflow.model_dump(by_alias=True, exclude_unset=True)
    return data


def _written(value: Any, indent: int, room: int, *, named: bool) -> str:
    if not isinstance(value, (dict, list)) or not value:
        return _plain(value)
    if not named and not _holds_names(value):
        line = _plain(value)
        if len(line) <= room:
            return line
    return _expanded(value, indent)


def _expanded(value: dict[str, Any] | list[Any], indent: int) -> str:
    if not value:
        return _plain(value)
    inner = indent + 2
    margin = " " * inner
    lines = []
    if isinstance(value, dict):
        for key, item in value.items():
            start = f"{margin}{_plain(key)}: "
            lines.append(start + _written(item, inner, WIDTH - len(start) - 1, named=key in _NAMED))
        return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}"
    lines = [margin + _written(item, inner, WIDTH - inner - 1, named=False) for item in value]
    return "[\n" + ",\n".join(lines) + "\n" + " " * indent + "]"


def _holds_names(value: dict[str, Any] | list[Any]) -> bool:
    return isinstance(value, dict) and any(key in _NAMED and item for key, item in value.items())
