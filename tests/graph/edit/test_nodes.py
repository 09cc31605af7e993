from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.graph.edit.examples import FLAT, NESTED, after, codes, graph

from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.document import parse_document
from latentgraph.graph.edit.delete import delete
from latentgraph.graph.edit.edit import Edit
from latentgraph.graph.edit.nodes import add_loop, add_node, describe, disable, rename, retype, set_file
from latentgraph.graph.edit.whole import describe_workflow
from latentgraph.graph.errors import EditError

HOURS = ("days", "hours")


def test_a_node_is_named_after_its_type_with_a_number_where_that_is_taken() -> None:
    at = graph(FLAT)
    edit = add_node(at, "mix")
    assert edit.boxes == ("mix",)
    again = add_node(at.after(edit), "mix", inputs={"flour": 5})
    assert again.boxes == ("mix_2",)
    assert after(at.after(edit), again)["nodes"]["mix_2"]["inputs"] == {"flour": 5}
    assert add_loop(at).boxes == ("repeat",)
    assert add_node(at, "workflow", file="./my bread.json").boxes == ("my_bread",)


def test_a_name_that_is_none_is_refused() -> None:
    for name, message in (
        ("k", "The name 'k' is taken."),
        ("loop", "'loop' is a reserved word."),
        ("a.b", "'a.b' is no name: letters, digits, '_' and '-', not starting with a digit or '-'."),
    ):
        with pytest.raises(EditError) as refused:
            add_node(graph(FLAT), "mix", name)
        assert str(refused.value) == message
        with pytest.raises(EditError) as refused:
            rename(graph(FLAT), "m", name)
        assert str(refused.value) == message


def test_a_node_is_added_behind_an_output_and_before_an_input() -> None:
    at = graph(FLAT)
    data = after(at, add_node(at, "join", source=("h", "left")))
    assert data["nodes"]["join"]["inputs"] == {"first": {"from": "h.left"}}
    data = after(at, add_node(at, "halve", target=("b", "dough")))
    assert data["nodes"]["b"]["inputs"]["dough"] == {"from": "halve.left"}
    with pytest.raises(EditError, match="they would wait for each other"):
        add_node(at, "knead", source=("j", "dough"), target=("k", "dough"))
    with pytest.raises(EditError, match=r"'bake' gives nothing that 'k.dough' takes."):
        add_node(at, "bake", target=("k", "dough"))
    with pytest.raises(EditError, match="add the node first"):
        add_node(at, "knead", source=("inputs", "+input"))


def test_renaming_follows_links_groups_and_layout() -> None:
    at = graph(FLAT)
    data = after(at, rename(at, "k", "kneaded"))
    assert list(data["nodes"]) == ["m", "kneaded", "h", "j", "b"]
    assert data["nodes"]["h"]["inputs"]["dough"] == {"from": "kneaded.dough"}
    assert data["outputs"]["dough"] == {"from": "kneaded.dough"}
    assert data["groups"]["hands"]["nodes"] == ["kneaded", "h"]
    assert data["layout"] == {"m": [0, 0], "kneaded": [20, 4]}
    assert codes(data) == codes(at.data)


def test_renaming_a_loop_follows_what_is_inside_it() -> None:
    at = graph(NESTED)
    data = after(at, rename(at, "days", "weeks"))
    assert data["groups"]["deep"]["nodes"] == ["weeks/hours/k", "c"]
    assert list(data["layout"]) == ["weeks", "weeks/hours", "weeks/hours/k"]
    assert data["outputs"]["squares"] == {"from": "weeks.all"}
    assert data["nodes"]["weeks"]["nodes"] == at.data["nodes"]["days"]["nodes"]


def test_renaming_in_a_body_follows_what_leads_out_of_it() -> None:
    at = graph(NESTED, HOURS)
    data = after(at, rename(at, "k", "knead"))
    hours = data["nodes"]["days"]["nodes"]["hours"]
    assert hours["carry"]["dough"] == {"from": "loop.dough", "next": "knead.dough"}
    assert data["groups"]["deep"]["nodes"] == ["days/hours/knead", "c"]
    assert data["layout"]["days/hours/knead"] == [5, 5]
    assert data["nodes"]["days"]["carry"] == at.data["nodes"]["days"]["carry"], "of another scope"


def test_readers_of_a_deleted_node_read_through_it() -> None:
    at = graph(FLAT)
    data = after(at, delete(at, ["k"]))
    assert data["nodes"]["h"]["inputs"] == {"dough": {"from": "m.dough"}}
    assert data["outputs"]["dough"] == {"from": "m.dough"}
    assert (data["groups"], data["layout"]) == ({"hands": {"nodes": ["h"]}}, {"m": [0, 0]})
    data = after(at, delete(at, ["k", "h", "j"]))
    assert data["nodes"]["b"]["inputs"]["dough"] == {"from": "m.dough"}, "through a row of them"
    assert "groups" not in data


def test_without_rewiring_an_input_is_left_open_and_an_output_keeps_its_name() -> None:
    at = graph(FLAT)
    data = after(at, delete(at, ["k"], rewire=False))
    assert "inputs" not in data["nodes"]["h"]
    assert data["outputs"]["dough"] == {"from": "k.dough"}
    assert ("E105", "outputs", "dough") in codes(data)


def test_what_passes_through_a_deleted_node_has_to_fit() -> None:
    at = graph(FLAT)
    data = after(at, delete(at, ["m"]))
    assert data["nodes"]["k"]["inputs"] == {"minutes": 5.5}, "flour is no dough"


def test_deleting_a_loop_passes_its_carries_on_and_all_inside_it_goes() -> None:
    at = graph(NESTED)
    data = after(at, delete(at, ["days"]))
    assert data["nodes"]["b"]["inputs"]["dough"] == {"from": "m.dough"}
    assert data["outputs"]["squares"] == {"from": "days.all"}
    assert "layout" not in data
    assert data["groups"]["deep"]["nodes"] == ["c"]


def test_a_loop_without_what_it_read_keeps_its_entries() -> None:
    at = graph(NESTED)
    data = after(at, delete(at, ["c", "m"]))
    assert data["nodes"]["days"]["each"] == {"day": {"from": "c.value"}}
    assert data["nodes"]["days"]["carry"] == at.data["nodes"]["days"]["carry"]
    at = graph(NESTED, HOURS)
    hours = after(at, delete(at, ["k"], rewire=False))["nodes"]["days"]["nodes"]["hours"]
    assert hours["carry"]["dough"]["next"] == "loop.dough"


def test_a_box_at_the_border_is_no_node() -> None:
    acts: list[Callable[[], Edit]] = [
        lambda: delete(graph(FLAT), ["inputs"]),
        lambda: rename(graph(FLAT), ">outputs", "x"),
        lambda: disable(graph(NESTED, HOURS), ["loop"], "mute"),
    ]
    for act in acts:
        with pytest.raises(EditError, match=r"That box is no node: it stands for what is around it\."):
            act()
    with pytest.raises(EditError, match=r"There is no node 'x'."):
        delete(graph(FLAT), ["x"])


def test_muting_bypassing_and_waking_up() -> None:
    at = graph(FLAT)
    edit = disable(at, ["k", "h"], "bypass")
    assert edit.label == "bypass 2 nodes"
    data = after(at, edit)
    assert [data["nodes"][name]["disabled"] for name in ("k", "h")] == ["bypass", "bypass"]
    assert list(data["nodes"]["k"]) == ["type", "disabled", "inputs"]
    woken = disable(at.after(edit), ["k", "h"], None)
    assert after(at.after(edit), woken) == at.data
    assert disable(at, ["k"], None).changes == ()


def test_describing_and_another_type_and_another_file() -> None:
    at = graph(FLAT)
    data = after(at, describe(at, "k", "With both hands."))
    assert list(data["nodes"]["k"]) == ["type", "description", "inputs"]
    described = describe_workflow(at, "A bread.")
    assert after(at, described)["description"] == "A bread."
    assert after(at.after(described), describe_workflow(at.after(described), "")).get("description") is None
    with pytest.raises(EditError, match="half a character"):
        describe_workflow(at, "\ud800")
    data = after(at, retype(at, "k", "halve"))
    assert data["nodes"]["k"]["type"] == "halve"
    nested = graph(NESTED)
    with pytest.raises(EditError, match=r"'days' is a loop with a body: add another node in its place\."):
        retype(nested, "days", "halve")
    with pytest.raises(EditError, match=r"There is no node type 'halv'; did you mean 'halve'\?$"):
        retype(at, "k", "halv")
    with pytest.raises(EditError, match=r"'k' is no sub-workflow."):
        set_file(at, "k", "x.json")
    added = at.after(add_node(at, "workflow", "sub", file="a.json"))
    assert after(added, set_file(added, "sub", "b.json"))["nodes"]["sub"] == {"type": "workflow", "file": "b.json"}
    assert after(added, retype(added, "sub", "mix"))["nodes"]["sub"] == {"type": "mix", "package": "toys"}


def test_loops_are_not_nested_more_deeply_than_a_file_may_be() -> None:
    at = graph(FLAT)
    for _ in range(49):
        edit = add_loop(at)
        at = at.after(edit).at((*at.scope, edit.boxes[0]))
    parse_document(canonical_text(at.signatures.workflow).encode(), "as deep as it goes")
    with pytest.raises(EditError, match=r"That would be nested more deeply than a file may be\."):
        add_loop(at)
