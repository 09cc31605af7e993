"""What the check suggests can be done by a key, and is right then."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.graph.edit.examples import FLAT, NESTED, REGISTRY, Data, after, graph, workflow

from latentgraph.graph.check import check
from latentgraph.graph.document import Document
from latentgraph.graph.edit.fixes import fix
from latentgraph.graph.problem import Problem, Suggestion
from latentgraph.graph.workflow import Workflow

DELETED = object()


def broken(data: Data, changes: dict[str, Any]) -> Data:
    """The example with some values written to paths of it."""
    data = copy.deepcopy(data)
    for path, value in changes.items():
        *outer, last = path.split("|")
        holder = data
        for key in outer:
            holder = holder.setdefault(key, {})
        if value is DELETED:
            del holder[last]
        else:
            holder[last] = value
    return data


def link(text: str) -> Data:
    return {"from": text}


def errors(workflow_: Workflow) -> list[Problem]:
    return [one for one in check(Document(workflow_), REGISTRY).problems if one.code[0] == "E"]


@pytest.mark.parametrize(
    ("data", "changes", "code", "suggestion"),
    [
        (FLAT, {"nodes|k|type": "kned"}, "E101", Suggestion("name", ("kned", "knead"))),
        (FLAT, {"nodes|k|inputs|minutes": DELETED, "nodes|k|inputs|minuts": 5.0}, "E102",
         Suggestion("name", ("minuts", "minutes"))),
        (FLAT, {"nodes|m|inputs|water": "300"}, "E104", Suggestion("value", ("300",))),
        (FLAT, {"nodes|m|inputs|water": 300.0}, "E104", Suggestion("value", ("300",))),
        (FLAT, {"nodes|m|inputs|grain": "weat"}, "E104", Suggestion("value", ('"wheat"',))),
        (FLAT, {"nodes|k|inputs|dough": "m.dough"}, "E104", Suggestion("value", ('{"from": "m.dough"}',))),
        (FLAT, {"inputs|flour|default": "500"}, "E116", Suggestion("value", ("500",))),
        (FLAT, {"inputs|flour|type": "intager"}, "E116", Suggestion("name", ("intager", "integer"))),
        (FLAT, {"inputs|crust|choices": DELETED, "inputs|crust|type": "strin"}, "E116",
         Suggestion("name", ("strin", "string"))),
        (FLAT, {"nodes|h|inputs|dough": link("kk.dough")}, "E105", Suggestion("name", ("kk", "k"))),
        (FLAT, {"nodes|j|inputs|first": link("h.lift")}, "E106", Suggestion("name", ("lift", "left"))),
        (FLAT, {"nodes|m|inputs|flour": link("inputs.flower")}, "E106", Suggestion("name", ("flower", "flour"))),
        (FLAT, {"outputs|bread": link("b.brad")}, "E106", Suggestion("name", ("brad", "bread"))),
        (FLAT, {"groups|hands|nodes": ["kk", "h"]}, "E105", Suggestion("name", ("kk", "k"))),
        (FLAT, {"layout|kk": [1, 1]}, "E105", Suggestion("name", ("kk", "k"))),
        (NESTED, {"layout|days/hour": [1, 1], "layout|days/hours": DELETED}, "E105",
         Suggestion("name", ("days/hour", "days/hours"))),
        (FLAT, {"nodes|b|inputs|dough": link("m.dough"), "nodes|s": {"type": "sell", "inputs": {
            "bread": link("k.dough")}}}, "E107", Suggestion("between", ("bake",))),
        (NESTED, {"nodes|days|nodes|hours|carry|dough|next": "q.value"}, "E107", None),
        (NESTED, {"nodes|days|nodes|hours|carry|dough|next": "q.valu"}, "E106", Suggestion("name", ("valu", "value"))),
        (NESTED, {"nodes|days|collect|all": link("hours.square")}, "E106", Suggestion("name", ("square", "squares"))),
        (NESTED, {"nodes|days|each|day": link("c.valve")}, "E106", Suggestion("name", ("valve", "value"))),
        (NESTED, {"nodes|days|nodes|hours|nodes|k|inputs|minutes": link("inputs.kneading")}, "E112",
         Suggestion("link", ("inputs.kneading",))),
        (NESTED, {"nodes|days|nodes|hours|nodes|q|inputs|number": 3, "nodes|days|nodes|hours|nodes|j": {
            "type": "join", "inputs": {"first": link("loop.dough"), "second": link("c.value")}}}, "E112",
         Suggestion("link", ("c.value",))),
    ],
)  # fmt: skip
def test_a_fix_does_what_the_hint_says(data: Data, changes: Data, code: str, suggestion: Suggestion | None) -> None:
    start = graph(broken(data, changes))
    (problem,) = [one for one in errors(workflow(broken(data, changes))) if one.code == code]
    assert problem.suggestion == suggestion
    edit = fix(start.at(("days",) if "days" in start.nodes else ()), problem)
    assert (edit is None) == (suggestion is None)
    if edit is not None:
        fixed = Workflow.model_validate(after(start, edit), by_alias=True, by_name=False)
        assert problem.message not in [one.message for one in errors(fixed)]
        assert not edit.merge or problem.code == "E116"


def test_the_value_of_an_input_that_comes_from_elsewhere_is_not_overwritten() -> None:
    data = broken(FLAT, {"inputs|flour|minimum": 1, "inputs|flour|multiple_of": 1, "inputs|flour|default": 7})
    (problem,) = errors(workflow(data))
    assert (problem.code, problem.node, problem.suggestion) == ("E104", "m", None)


def test_a_suggestion_that_came_too_late_is_nothing() -> None:
    (problem,) = [one for one in errors(workflow(broken(FLAT, {"nodes|k|type": "kned"}))) if one.code == "E101"]
    gone = broken(FLAT, {"nodes|k": DELETED})
    assert fix(graph(gone), problem) is None
    assert fix(graph(FLAT), Problem("E103", "the input is missing")) is None
    inside = Problem("E106", "no output", node="sub/k", port="dough", suggestion=Suggestion("name", ("a", "b")))
    assert fix(graph(FLAT), inside) is None


def test_nodes_between_two_links_are_named_and_linked() -> None:
    changes = {"nodes|s": {"type": "sell", "inputs": {"bread": link("k.dough")}}}
    start = graph(broken(FLAT, changes))
    (problem,) = [one for one in errors(start.signatures.workflow) if one.code == "E107"]
    edit = fix(start, problem)
    assert edit is not None
    data = after(start, edit)
    assert (edit.boxes, edit.label) == (("bake",), "put bake before 's.bread'")
    assert data["nodes"]["bake"]["inputs"] == {"dough": link("k.dough")}
    assert data["nodes"]["s"]["inputs"] == {"bread": link("bake.bread")}


def test_an_input_of_the_workflow_is_handed_through_all_loops() -> None:
    data = broken(NESTED, {"nodes|days|nodes|hours|nodes|k|inputs|minutes": link("inputs.kneading")})
    (problem,) = [one for one in errors(workflow(data)) if one.code == "E112"]
    start = graph(data)
    edit = fix(start, problem)
    assert edit is not None
    days = after(start, edit)["nodes"]["days"]
    # The outer loop is handed it already, under a name of its own.
    assert days["inputs"] == data["nodes"]["days"]["inputs"]
    assert days["nodes"]["hours"]["nodes"]["k"]["inputs"]["minutes"] == link("loop.minutes")
