from __future__ import annotations

import pytest
from tests.graph.edit.examples import FLAT, NESTED, after, codes, graph

from latentgraph.graph.boxes import End
from latentgraph.graph.edit.links import add_after, connect, disconnect, insert_between, insert_on
from latentgraph.graph.errors import EditError

HOURS = ("days", "hours")


def test_connecting_replaces_what_was_linked_and_keeps_the_place_of_the_port() -> None:
    at = graph(FLAT)
    edit = connect(at, ("m", "dough"), ("b", "dough"))
    data = after(at, edit)
    assert data["nodes"]["b"]["inputs"] == {"dough": {"from": "m.dough"}, "crust": {"from": "inputs.crust"}}
    assert list(data["nodes"]["b"]["inputs"]) == ["dough", "crust"]
    assert (edit.label, edit.boxes) == ("connect 'm.dough' to 'b.dough'", ("b",))


def test_connecting_what_is_connected_changes_nothing() -> None:
    assert connect(graph(FLAT), ("m", "dough"), ("k", "dough")).changes == ()


def test_an_output_of_the_workflow_keeps_its_description_when_it_is_linked_anew() -> None:
    at = graph(FLAT)
    data = after(at, connect(at, ("k", "dough"), (">outputs", "bread")))
    assert data["outputs"]["bread"] == {"from": "k.dough", "description": "Warm."}


@pytest.mark.parametrize(
    ("source", "target", "message", "bridge"),
    [
        (("k", "dough"), ("b", "crust"), '\'k.dough\' gives Dough; \'b.crust\' takes one of "soft", "dark".', ()),
        (("b", "bread"), ("k", "dough"), "'b' waits for 'k' already: they would wait for each other.", ()),
        (("k", "dough"), ("k", "dough"), "'k' would wait for itself.", ()),
        (("k", "bread"), ("b", "dough"), "There is no output 'k.bread'.", ()),
        (("x", "dough"), ("b", "dough"), "There is no output 'x.dough'.", ()),
        (("k", "dough"), ("b", "oven"), "There is no input 'b.oven'.", ()),
        (("k", "dough"), (">outputs", "oven"), "There is no input 'outputs.oven'.", ()),
        (("loop", "index"), ("b", "dough"), "There is no output 'loop.index'.", ()),
        (("inputs", "+input"), (">outputs", "+output"),
         "An input of the workflow cannot be declared for 'outputs.+output'.", ()),
    ],
)  # fmt: skip
def test_a_link_that_cannot_be_is_refused_in_a_sentence(
    source: End, target: End, message: str, bridge: tuple[str, ...]
) -> None:
    with pytest.raises(EditError) as refused:
        connect(graph(FLAT), source, target)
    assert (str(refused.value), refused.value.bridge) == (message, bridge)


def test_a_refused_link_names_the_nodes_that_would_go_between_and_they_can_be_put_there() -> None:
    at = graph({**FLAT, "nodes": {**FLAT["nodes"], "s": {"type": "sell"}}})
    with pytest.raises(EditError) as refused:
        connect(at, ("j", "dough"), ("s", "bread"))
    assert str(refused.value) == "'j.dough' gives Dough; 's.bread' takes Bread."
    assert refused.value.bridge == ("bake",)
    edit = insert_between(at, ("j", "dough"), ("s", "bread"), refused.value.bridge)
    data = after(at, edit)
    assert data["nodes"]["bake"]["inputs"] == {"dough": {"from": "j.dough"}}
    assert data["nodes"]["s"]["inputs"] == {"bread": {"from": "bake.bread"}}
    assert edit.boxes == ("bake",)


def test_nodes_that_lead_nowhere_are_not_put_between() -> None:
    with pytest.raises(EditError, match="takes nothing that"):
        insert_between(graph(FLAT), ("m", "dough"), ("b", "dough"), ["square"])
    with pytest.raises(EditError, match="does not fit there"):
        insert_between(graph(FLAT), ("m", "dough"), ("k", "dough"), ["bake"])


def test_a_growing_port_makes_an_entry_named_after_what_is_linked() -> None:
    at = graph(FLAT)
    assert after(at, connect(at, ("k", "dough"), (">outputs", "+output")))["outputs"]["dough_2"] == {"from": "k.dough"}
    at = graph(NESTED)
    days = after(at, connect(at, ("c", "value"), ("days", "+each")))["nodes"]["days"]
    assert days["each"]["value"] == {"from": "c.value"}
    days = after(at, connect(at, ("m", "dough"), ("days", "+carry")))["nodes"]["days"]
    assert days["carry"]["dough_2"] == {"from": "m.dough", "next": "loop.dough_2"}
    days = after(at, connect(at, ("inputs", "n"), ("days", "+input")))["nodes"]["days"]
    assert days["inputs"]["n"] == {"from": "inputs.n"}
    at = graph(NESTED, HOURS)
    hours = after(at, connect(at, ("k", "dough"), (">next", "+collect")))["nodes"]["days"]["nodes"]["hours"]
    assert hours["collect"]["dough_2"] == {"from": "k.dough"}, "'dough' is an output of the loop already"


def test_a_new_input_of_the_workflow_is_declared_as_the_port_it_is_linked_to() -> None:
    at = graph(FLAT)
    data = after(at, connect(at, ("inputs", "+input"), ("k", "minutes")))
    assert data["inputs"]["minutes"] == {"type": "number", "default": 5.5, "minimum": 0, "maximum": 60}
    assert data["nodes"]["k"]["inputs"]["minutes"] == {"from": "inputs.minutes"}
    assert codes(data) == codes(at.data)


def test_what_a_loop_takes_has_to_fit_those_that_read_it_inside() -> None:
    at = graph(NESTED)
    with pytest.raises(EditError, match=r"'m.dough' gives Dough; 'days.minutes' takes number."):
        connect(at, ("m", "dough"), ("days", "minutes"))
    with pytest.raises(EditError, match=r"'inputs.n' gives integer; 'days.day' takes list\[anything\]."):
        connect(at, ("inputs", "n"), ("days", "day"))
    assert connect(at, ("inputs", "n"), ("days", "minutes")).changes
    assert not connect(at, ("c", "value"), ("days", "day")).changes


def test_disconnecting_leaves_what_is_sound() -> None:
    at = graph(FLAT)
    assert "inputs" not in after(at, disconnect(at, ("h", "dough")))["nodes"]["h"]
    assert list(after(at, disconnect(at, (">outputs", "dough")))["outputs"]) == ["bread"]
    at = graph(NESTED, HOURS)
    hours = after(at, disconnect(at, (">next", "dough")))["nodes"]["days"]["nodes"]["hours"]
    assert hours["carry"]["dough"] == {"from": "loop.dough", "next": "loop.dough"}
    data = after(at, disconnect(at, (">next", "squares")))
    assert "collect" not in data["nodes"]["days"]["nodes"]["hours"]
    assert data["nodes"]["days"]["collect"] == {"all": {"from": "hours.squares"}}, "the check tells what it misses"
    at = graph(NESTED)
    days = after(at, disconnect(at, ("days", "minutes")))["nodes"]["days"]
    assert days["inputs"] == {"to": 4}


def test_a_node_goes_into_a_link() -> None:
    at = graph(FLAT)
    edit = insert_on(at, ("b", "dough"), "knead", position=(7, 8))
    data = after(at, edit)
    assert edit.boxes == ("knead",)
    assert data["nodes"]["knead"] == {"type": "knead", "package": "toys", "inputs": {"dough": {"from": "j.dough"}}}
    assert data["nodes"]["b"]["inputs"]["dough"] == {"from": "knead.dough"}
    assert data["layout"]["knead"] == [7, 8]
    with pytest.raises(EditError, match=r"Nothing is linked to 'm.water'."):
        insert_on(at, ("m", "water"), "add")
    with pytest.raises(EditError, match=r"'square' takes nothing that 'j.dough' gives."):
        insert_on(at, ("b", "dough"), "square")


def test_a_node_that_is_added_behind_a_box_reads_what_fits_as_one_edit() -> None:
    at = graph(FLAT)
    edit = add_after(at, "knead", "m")
    assert after(at, edit)["nodes"]["knead"]["inputs"] == {"dough": {"from": "m.dough"}}
    assert (edit.label, edit.boxes) == ("add knead", ("knead",))


def test_what_could_read_several_outputs_of_the_box_reads_none() -> None:
    at = graph(FLAT)
    assert "inputs" not in after(at, add_after(at, "join", "h"))["nodes"]["join"]


@pytest.mark.parametrize("box", ["inputs", ">outputs", "c"])
def test_a_value_that_can_be_written_is_not_linked_by_adding(box: str) -> None:
    at = graph(NESTED)
    assert "inputs" not in after(at, add_after(at, "knead", box))["nodes"]["knead"]


def test_in_a_body_what_the_loop_hands_in_is_read() -> None:
    at = graph(NESTED, ("days", "hours"))
    added = after(at, add_after(at, "knead", "loop"))["nodes"]["days"]["nodes"]["hours"]["nodes"]["knead"]
    assert added["inputs"] == {"dough": {"from": "loop.dough"}}
