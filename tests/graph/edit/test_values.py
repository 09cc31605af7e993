from __future__ import annotations

from typing import Any

import pytest
from tests.graph.edit.examples import FLAT, NESTED, after, graph

from latentgraph.graph.edit.values import set_value, unset_value
from latentgraph.graph.errors import EditError


def test_a_value_is_written_in_its_place() -> None:
    at = graph(FLAT)
    data = after(at, set_value(at, "m", "flour", 250))
    assert data["nodes"]["m"]["inputs"] == {"flour": 250, "water": 300}
    assert list(data["nodes"]["m"]["inputs"]) == ["flour", "water"]
    data = after(at, set_value(at, "b", "crust", "dark"))
    assert data["nodes"]["b"]["inputs"]["crust"] == "dark"


def test_one_and_true_and_one_point_nought_are_three_values() -> None:
    at = graph({"nodes": {"a": {"type": "add", "inputs": {"a": 1}}}})
    data = after(at, set_value(at, "a", "a", 1.0))
    assert repr(data["nodes"]["a"]["inputs"]["a"]) == "1.0"
    assert set_value(at, "a", "a", 1).changes == ()


@pytest.mark.parametrize(
    ("node", "port", "value", "message"),
    [
        ("m", "flour", 7, "7 is not a multiple of 5."),
        ("m", "flour", "x", '"x" is a string; takes integer.'),
        ("k", "dough", 3, "3 is an integer; takes Dough, by a link."),
        ("k", "salt", 3, "'k' has no input 'salt'."),
        ("k", "minutes", float("nan"), "That is no value that a file can hold."),
        ("k", "minutes", {1}, "That is no value that a file can hold."),
        ("b", "crust", "\ud800", "The text holds half a character, which no file can."),
        ("x", "crust", 1, "There is no node 'x'."),
        ("inputs", "flour", 1, "That box is no node: it stands for what is around it."),
    ],
)
def test_a_value_that_the_port_does_not_take_is_refused(node: str, port: str, value: Any, message: str) -> None:
    with pytest.raises(EditError) as refused:
        set_value(graph(FLAT), node, port, value)
    assert str(refused.value) == message


def test_a_loop_takes_values_for_what_its_body_reads_and_for_nothing_else() -> None:
    at = graph(NESTED)
    assert after(at, set_value(at, "days", "to", 7))["nodes"]["days"]["inputs"]["to"] == 7
    for port in ("day", "dough", "more"):
        with pytest.raises(EditError, match=rf"'days.{port}' takes its value by a link."):
            set_value(at, "days", port, 1)
    with pytest.raises(EditError, match="remove the entry"):
        unset_value(at, "days", "to")


def test_unsetting_leaves_no_empty_object_behind() -> None:
    at = graph(FLAT)
    once = at.after(unset_value(at, "m", "flour"))
    assert once.nodes["m"]["inputs"] == {"water": 300}
    assert after(once, unset_value(once, "m", "water"))["nodes"]["m"] == {"type": "mix"}
    assert unset_value(at, "h", "left").changes == ()


def test_a_value_of_an_unknown_type_may_be_anything() -> None:
    at = graph({"nodes": {"a": {"type": "unheard_of", "inputs": {"x": 1}}}})
    assert after(at, set_value(at, "a", "x", [1, {"a": None}]))["nodes"]["a"]["inputs"]["x"] == [1, {"a": None}]
    deep: Any = 0
    for _ in range(200):
        deep = [deep]
    with pytest.raises(EditError, match="nested more deeply"):
        set_value(at, "a", "x", deep)
