from __future__ import annotations

import json

from tests.graph.edit.examples import FLAT, REGISTRY, history, workflow

from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.edit.edit import ABSENT, Change, Edit, Rename
from latentgraph.graph.edit.graph import Graph
from latentgraph.graph.edit.history import History
from latentgraph.graph.edit.nodes import add_node, rename
from latentgraph.graph.edit.placing import move
from latentgraph.graph.edit.values import set_value, unset_value


def graph(of: History) -> Graph:
    return Graph.of(of.workflow, REGISTRY)


def test_an_edit_changes_nothing_that_it_was_given() -> None:
    data = Graph.of(workflow(FLAT), REGISTRY).data
    before = json.dumps(data)
    edit = Edit("x", (Rename(("nodes",), "m", "n"), Change(("nodes", "n", "inputs", "water"), 300, ABSENT, 1)))
    after = edit.apply(data)
    assert json.dumps(data) == before
    assert after["nodes"]["n"]["inputs"] == {"flour": {"from": "inputs.flour"}}
    assert after["nodes"]["b"] is data["nodes"]["b"], "what it does not touch is shared"
    assert json.dumps(edit.inverse().apply(after)) == before


def test_a_key_that_comes_back_comes_back_to_its_place() -> None:
    data = {"a": 1, "b": 2, "c": 3}
    edit = Edit("x", (Change(("a",), 1, ABSENT, 0), Change(("b",), 2, ABSENT, 0), Change(("d",), ABSENT, 4, 1)))
    assert edit.apply(data) == {"c": 3, "d": 4}
    assert list(edit.inverse().apply(edit.apply(data))) == ["a", "b", "c"]


def test_an_edit_is_the_same_after_it_was_written_down() -> None:
    changes = (Change(("a", "b"), None, ABSENT, 3), Change(("a",), ABSENT, None), Rename(("n",), "x", "y"))
    edit = Edit("label", changes, "merge", ("s",), ("box",))
    assert Edit.from_json(json.loads(json.dumps(edit.to_json()))) == edit


def test_undo_and_redo_say_what_they_would_do() -> None:
    of = history(FLAT)
    assert (of.undo(), of.redo(), of.can_undo, of.can_redo) == (None, None, False, False)
    of.do(rename(graph(of), "m", "mixed"))
    of.do(rename(graph(of), "b", "baked"))
    assert (of.undo_label, of.redo_label, of.steps) == ("rename b to baked", "", 2)
    undone = of.undo()
    assert undone is not None
    assert (of.undo_label, of.redo_label, undone.boxes) == ("rename m to mixed", "rename b to baked", ("baked",))
    of.do(rename(graph(of), "k", "kneaded"))
    assert not of.can_redo, "another way was taken"


def test_typing_is_one_step_until_it_is_sealed() -> None:
    of = history(FLAT)
    for value in (3, 30, 300, 3000):
        of.do(set_value(graph(of), "m", "water", value))
    assert of.steps == 1
    assert of.done[0].changes == (Change(("nodes", "m", "inputs", "water"), 300, 3000, 1),)
    of.seal()
    of.do(set_value(graph(of), "m", "water", 1))
    assert of.steps == 2
    of.do(set_value(graph(of), "k", "minutes", 1.0))
    of.do(set_value(graph(of), "m", "water", 2))
    assert of.steps == 4, "something else came between"


def test_typing_what_was_there_leaves_no_step() -> None:
    of = history(FLAT)
    for value in (3, 300):
        of.do(set_value(graph(of), "m", "water", value))
    assert (of.steps, of.modified) == (0, False)


def test_a_merged_step_is_taken_back_and_done_again_as_a_whole() -> None:
    of = history({**FLAT, "layout": {}})
    start = canonical_text(of.workflow)
    for column in range(5):
        of.do(move(graph(of), {"m": (column, 0), "k": (column, 9), "h": (0, column)}))
    end = canonical_text(of.workflow)
    assert of.steps == 1
    of.undo()
    assert canonical_text(of.workflow) == start
    of.redo()
    assert canonical_text(of.workflow) == end


def test_modified_is_whether_another_text_was_saved() -> None:
    of = history(FLAT)
    assert not of.modified
    of.do(unset_value(graph(of), "m", "water"))
    assert of.modified
    of.do(set_value(graph(of), "m", "water", 300))
    assert not of.modified, "by another way it is what it was"
    of.do(add_node(graph(of), "mix"))
    of.mark_saved()
    assert not of.modified
    of.undo()
    assert of.modified
    of.redo()
    assert not of.modified
    of.mark_unsaved()
    assert of.modified


def test_the_workflow_is_made_when_asked_for_and_kept() -> None:
    of = history(FLAT)
    assert of.workflow is of.workflow
    before = of.workflow
    of.do(add_node(graph(of), "mix"))
    assert of.workflow is of.workflow is not before
    assert list(of.workflow.nodes) == [*before.nodes, "mix"]
