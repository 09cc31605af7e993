"""Workflows to edit, out of the toy nodes: one flat, one with a loop in a loop, groups, layout and a sub-workflow."""

from __future__ import annotations

from typing import Any

from tests.graph.toys import toy_document, toy_registry

from latentgraph.graph.boxes import Scope
from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.check import check
from latentgraph.graph.document import Document
from latentgraph.graph.edit.edit import Edit
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.edit.history import History
from latentgraph.graph.workflow import Workflow

Data = dict[str, Any]
REGISTRY = toy_registry()

FLAT: Data = {
    "description": "A loaf.",
    "inputs": {
        "flour": {"type": "integer", "default": 500, "minimum": 5, "multiple_of": 5, "description": "Grams."},
        "crust": {"type": "string", "default": "soft", "choices": ["soft", "dark"]},
    },
    "nodes": {
        "m": {"type": "mix", "inputs": {"flour": {"from": "inputs.flour"}, "water": 300}},
        "k": {"type": "knead", "inputs": {"dough": {"from": "m.dough"}, "minutes": 5.5}},
        "h": {"type": "halve", "inputs": {"dough": {"from": "k.dough"}}},
        "j": {"type": "join", "inputs": {"first": {"from": "h.left"}, "second": {"from": "h.right"}}},
        "b": {"type": "bake", "inputs": {"dough": {"from": "j.dough"}, "crust": {"from": "inputs.crust"}}},
    },
    "outputs": {"bread": {"from": "b.bread", "description": "Warm."}, "dough": {"from": "k.dough"}},
    "groups": {"hands": {"nodes": ["k", "h"]}},
    "layout": {"m": [0, 0], "k": [20, 4]},
}
NESTED: Data = {
    "inputs": {"n": {"type": "integer", "default": 3, "minimum": 0}, "kneading": {"type": "number", "default": 2.0}},
    "nodes": {
        "c": {"type": "count", "inputs": {"to": {"from": "inputs.n"}}},
        "m": {"type": "mix", "inputs": {"flour": 500}},
        "days": {
            "type": "loop",
            "each": {"day": {"from": "c.value"}},
            "carry": {"dough": {"from": "m.dough", "next": "hours.dough"}},
            "inputs": {"minutes": {"from": "inputs.kneading"}, "to": 4},
            "nodes": {
                "c": {"type": "count", "inputs": {"to": {"from": "loop.to"}}},
                "hours": {
                    "type": "loop",
                    "each": {"hour": {"from": "c.value"}},
                    "carry": {"dough": {"from": "loop.dough", "next": "k.dough"}},
                    "inputs": {"minutes": {"from": "loop.minutes"}, "day": {"from": "loop.day"}},
                    "nodes": {
                        "k": {
                            "type": "knead",
                            "inputs": {"dough": {"from": "loop.dough"}, "minutes": {"from": "loop.minutes"}},
                        },
                        "q": {"type": "square", "inputs": {"number": {"from": "loop.hour"}}},
                    },
                    "collect": {"squares": {"from": "q.value"}},
                },
            },
            "collect": {"all": {"from": "hours.squares"}},
        },
        "b": {"type": "bake", "inputs": {"dough": {"from": "days.dough"}}},
    },
    "outputs": {"bread": {"from": "b.bread"}, "squares": {"from": "days.all"}},
    "groups": {"deep": {"nodes": ["days/hours/k", "c"]}},
    "layout": {"days": [3, 3], "days/hours": [1, -2], "days/hours/k": [5, 5]},
}


def workflow(data: Data) -> Workflow:
    return toy_document(data).workflow


def graph(data: Data, scope: Scope = ()) -> Graph:
    return Graph.of(workflow(data), REGISTRY, scope=scope)


def after(at: Graph, edit: Edit) -> Data:
    """The data that an edit leaves; it is a workflow, and taking the edit back gives the start to the byte."""
    data = edit.apply(at.data)
    text = canonical_text(Workflow.model_validate(data, by_alias=True, by_name=False))
    assert list(data) == list(Graph.of(Workflow.model_validate(data, by_alias=True, by_name=False), REGISTRY).data)
    back = edit.inverse().apply(data)
    assert canonical_text(Workflow.model_validate(back)) == canonical_text(Workflow.model_validate(at.data))
    again = Edit.from_json(edit.to_json())
    assert canonical_text(Workflow.model_validate(again.apply(at.data), by_alias=True, by_name=False)) == text
    return data


def codes(data: Data) -> list[tuple[str, str, str]]:
    """What the check says of edited data."""
    problems = check(Document(Workflow.model_validate(data, by_alias=True, by_name=False)), REGISTRY).problems
    return [(one.code, one.node, one.port) for one in problems]


def history(data: Data) -> History:
    return History(workflow(data))


def at(history: History, scope: Scope = ()) -> Graph:
    return Graph.of(history.workflow, REGISTRY, scope=scope)
