from __future__ import annotations

from typing import Any

import pytest
from tests.graph.edit.examples import FLAT, NESTED, after, codes, graph

from latentgraph.graph.edit.edit import ABSENT
from latentgraph.graph.edit.interface import (
    declare_input,
    describe_output,
    expose,
    remove_input,
    remove_output,
    rename_input,
    rename_output,
    set_input,
)
from latentgraph.graph.errors import EditError


def test_a_declaration_stands_in_the_order_of_the_file() -> None:
    at = graph(FLAT)
    data = after(at, declare_input(at, "n", "integer", description="Loaves.", maximum=9, minimum=1, default=2))
    assert list(data["inputs"]["n"].items()) == [
        ("type", "integer"), ("default", 2), ("minimum", 1), ("maximum", 9), ("description", "Loaves."),
    ]  # fmt: skip
    assert after(at, declare_input(at, "d", "Dough"))["inputs"]["d"] == {"type": "Dough"}


def test_parts_of_a_declaration_come_and_go() -> None:
    at = graph(FLAT)
    data = after(at, set_input(at, "flour", default=250, multiple_of=ABSENT, description=""))
    assert data["inputs"]["flour"] == {"type": "integer", "default": 250, "minimum": 5}
    assert after(at, set_input(at, "flour", default=None))["inputs"]["flour"]["default"] is None
    assert "default" not in after(at, set_input(at, "flour", default=ABSENT))["inputs"]["flour"]
    assert set_input(at, "flour", default=5).merge == set_input(at, "flour", default=10).merge != ""


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"default": 7}, "7 is not a multiple of 5."),
        ({"default": "x"}, '"x" is a string; takes integer or null.'),
        ({"minimum": "low"}, "A file cannot declare an input so: bounds are numbers, choices are a list."),
        ({"choices": 3}, "A file cannot declare an input so: bounds are numbers, choices are a list."),
        ({"type": "integr"}, "There is no type 'integr'; did you mean 'integer'?"),
        ({"type": "xyzzy"}, "There is no type 'xyzzy'."),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(EditError) as refused:
        set_input(graph(FLAT), "flour", **parts)
    assert str(refused.value).replace(" or null", "") == message.replace(" or null", "")
    with pytest.raises(EditError, match=r"The workflow has no input 'x'."):
        set_input(graph(FLAT), "x", **parts)


def test_links_follow_an_input_that_is_renamed() -> None:
    at = graph(NESTED)
    data = after(at, rename_input(at, "kneading", "minutes"))
    assert list(data["inputs"]) == ["n", "minutes"]
    assert data["nodes"]["days"]["inputs"]["minutes"] == {"from": "inputs.minutes"}
    with pytest.raises(EditError, match=r"The name 'n' is taken."):
        rename_input(at, "kneading", "n")


def test_who_read_a_removed_input_keeps_its_default() -> None:
    at = graph(FLAT)
    data = after(at, remove_input(at, "flour"))
    assert data["nodes"]["m"]["inputs"] == {"flour": 500, "water": 300}
    assert list(data["inputs"]) == ["crust"]
    at = graph(NESTED)
    assert after(at, remove_input(at, "kneading"))["nodes"]["days"]["inputs"]["minutes"] == 2.0
    at = at.after(set_input(at, "n", default=ABSENT))
    assert "inputs" not in after(at, remove_input(at, "n"))["nodes"]["c"]


def test_exposing_a_port_and_taking_the_input_back_leaves_the_value() -> None:
    at = graph(FLAT)
    edit = expose(at, "m", "water")
    data = after(at, edit)
    assert data["inputs"]["water"] == {"type": "integer", "default": 300, "description": "Grams of water."}
    assert data["nodes"]["m"]["inputs"]["water"] == {"from": "inputs.water"}
    assert codes(data) == codes(at.data)
    at = at.after(edit)
    assert after(at, remove_input(at, "water")) == graph(FLAT).data


def test_an_exposed_port_keeps_its_bounds_and_choices() -> None:
    at = graph({"nodes": {"m": {"type": "mix"}}})
    assert after(at, expose(at, "m", "flour"))["inputs"]["flour"] == {
        "type": "integer", "minimum": 1, "multiple_of": 5, "description": "Grams of flour.",
    }  # fmt: skip
    assert after(at, expose(at, "m", "grain", "kind"))["inputs"]["kind"] == {
        "type": "string", "default": "wheat", "choices": ["wheat", "rye"], "description": "What the flour is made of.",
    }  # fmt: skip
    at = graph(FLAT)
    assert after(at, expose(at, "k", "dough"))["inputs"]["dough"] == {"type": "Dough"}


def test_a_port_inside_loops_is_exposed_through_all_of_them() -> None:
    at = graph(NESTED, ("days", "hours"))
    data = after(at, expose(at, "q", "number"))
    assert data["inputs"]["number"] == {"type": "integer"}
    days = data["nodes"]["days"]
    assert days["inputs"]["number"] == {"from": "inputs.number"}
    assert days["nodes"]["hours"]["inputs"]["number"] == {"from": "loop.number"}
    assert days["nodes"]["hours"]["nodes"]["q"]["inputs"]["number"] == {"from": "loop.number"}
    assert [code for code in codes(data) if code[0][0] == "E"] == []


def test_a_list_is_exposed_as_a_list() -> None:
    at = graph(NESTED)
    data = after(at, expose(at, "days", "day"))
    assert data["inputs"]["day"]["type"] == "list[integer]"
    assert data["nodes"]["days"]["each"]["day"] == {"from": "inputs.day"}
    assert [code for code in codes(data) if code[0][0] == "E"] == []
    assert set_input(at, "n", type="list[list[Dough]]", default=ABSENT, minimum=ABSENT)
    with pytest.raises(EditError, match=r"There is no type 'list\[Doug\]'"):
        set_input(at, "n", type="list[Doug]")


def test_what_is_no_port_is_not_exposed() -> None:
    at = graph(NESTED)
    with pytest.raises(EditError, match=r"'c' has no input 'x'."):
        expose(at, "c", "x")


def test_outputs_are_renamed_described_and_removed() -> None:
    at = graph(FLAT)
    data = after(at, rename_output(at, "bread", "loaf"))
    assert list(data["outputs"].items()) == [
        ("loaf", {"from": "b.bread", "description": "Warm."}),
        ("dough", {"from": "k.dough"}),
    ]
    assert after(at, describe_output(at, "bread", ""))["outputs"]["bread"] == {"from": "b.bread"}
    once = at.after(remove_output(at, "bread"))
    assert "outputs" not in after(once, remove_output(once, "dough"))
    with pytest.raises(EditError, match=r"The workflow has no output 'x'."):
        remove_output(at, "x")
