from __future__ import annotations

import pytest
from tests.graph.edit.examples import FLAT, NESTED, after, graph

from latentgraph.graph.edit.placing import group, move, rename_group, ungroup, unpin
from latentgraph.graph.errors import EditError


def test_only_what_was_moved_has_a_place_in_the_file() -> None:
    at = graph(FLAT)
    edit = move(at, {"h": (4, -5), "m": (1, 1), "inputs": (0, 0), ">outputs": (9, 9)})
    assert after(at, edit)["layout"] == {"m": [1, 1], "k": [20, 4], "h": [4, -5]}
    assert edit.label == "move 2 nodes"
    assert move(at, {"inputs": (0, 0)}).changes == ()
    at = graph(NESTED, ("days", "hours"))
    assert after(at, move(at, {"q": (2, 2)}))["layout"]["days/hours/q"] == [2, 2]


def test_unpinning_some_or_all_of_a_scope() -> None:
    at = graph(FLAT)
    assert after(at, unpin(at, ["m"]))["layout"] == {"k": [20, 4]}
    assert "layout" not in after(at, unpin(at))
    at = graph(NESTED, ("days",))
    assert list(after(at, unpin(at))["layout"]) == ["days", "days/hours/k"]


def test_grouping_and_ungrouping() -> None:
    at = graph(NESTED, ("days", "hours"))
    edit = group(at, ["k", "q"], "deep")
    data = after(at, edit)
    assert data["groups"]["deep_2"] == {"nodes": ["days/hours/k", "days/hours/q"]}
    at = at.after(edit)
    data = after(at, ungroup(at, ["k", "q"]))
    assert data["groups"] == {"deep": {"nodes": ["c"]}}, "it goes with the last of its nodes"
    with pytest.raises(EditError, match=r"Select the nodes of the group first\."):
        group(at, [])


def test_a_group_gets_another_title() -> None:
    at = graph(FLAT)
    assert list(after(at, rename_group(at, "hands", "By hand"))["groups"]) == ["By hand"]
    for old, new, message in (
        ("x", "y", "There is no group 'x'."),
        ("hands", "", "A group needs a title."),
    ):
        with pytest.raises(EditError, match=message):
            rename_group(at, old, new)
