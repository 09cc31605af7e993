from __future__ import annotations

import json

import pytest
from tests.graph.edit.examples import FLAT, NESTED, after, codes, graph

from latentgraph.graph.document import parse_document
from latentgraph.graph.edit.clipboard import copy, duplicate, paste
from latentgraph.graph.errors import EditError


def test_what_is_copied_is_a_workflow() -> None:
    text = copy(graph(NESTED), ["days", "c"])
    document = parse_document(text.encode(), "clipboard")
    assert list(document.workflow.nodes) == ["days", "c"]
    assert document.workflow.layout == {"days": [3, 3], "days/hours": [1, -2], "days/hours/k": [5, 5]}
    inside = json.loads(copy(graph(NESTED, ("days",)), ["hours"]))
    assert inside["layout"] == {"hours": [1, -2], "hours/k": [5, 5]}, "counted from where it was copied"


def test_links_among_what_is_pasted_lead_to_the_copies_and_others_are_cut() -> None:
    at = graph(FLAT)
    edit = paste(at, copy(at, ["k", "h"]))
    data = after(at, edit)
    assert edit.boxes == ("k_2", "h_2")
    assert data["nodes"]["k_2"]["inputs"] == {"minutes": 5.5}
    assert data["nodes"]["h_2"]["inputs"] == {"dough": {"from": "k_2.dough"}}
    assert data["layout"]["k_2"] == [24, 6], "beside the original"


def test_links_to_what_was_not_copied_are_kept_on_demand_where_they_lead_somewhere() -> None:
    at = graph(FLAT)
    data = after(at, duplicate(at, ["k"]))
    assert data["nodes"]["k_2"]["inputs"] == {"dough": {"from": "m.dough"}, "minutes": 5.5}
    other = graph({"nodes": {"x": {"type": "mix"}}})
    data = after(other, paste(other, copy(at, ["b"]), keep_links=True))
    assert data["nodes"]["b"] == {"type": "bake"}


def test_a_loop_is_pasted_with_its_body_and_its_entries() -> None:
    at = graph(NESTED)
    edit = paste(at, copy(at, ["c", "days"]))
    data = after(at, edit)
    pasted = data["nodes"]["days_2"]
    assert pasted["each"] == {"day": {"from": "c_2.value"}}
    assert pasted["carry"]["dough"] == {"from": "m.dough", "next": "hours.dough"}
    assert pasted["nodes"] == at.data["nodes"]["days"]["nodes"]
    assert data["layout"]["days_2"] == [7, 5]
    assert data["layout"]["days_2/hours"] == [1, -2], "inside nothing moves"
    assert [code for code in codes(data) if code[0][0] == "E"] == [("E103", "c_2", "to")]


def test_names_that_are_taken_or_none_are_made_new() -> None:
    at = graph(FLAT)
    text = json.dumps(
        {"latentgraph": 1, "nodes": {"k": {"type": "mix"}, "a.b": {"type": "mix"}, "loop": {"type": "x"}}}
    )
    assert paste(at, text).boxes == ("k_2", "node", "loop_2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The clipboard holds no nodes: the file is empty."),
        ("a red circle", "The clipboard holds no nodes: this is no JSON."),
        ("[1]", "The clipboard holds no nodes: the file holds a list; a workflow is one JSON object."),
        ('{"latentgraph": 1, "nodes": {}}', "The clipboard holds no nodes."),
        ("\ud800", None),
    ],
)
def test_what_is_no_workflow_is_refused(text: str, message: str | None) -> None:
    with pytest.raises(EditError) as refused:
        paste(graph(FLAT), text)
    assert message is None or str(refused.value) == message
