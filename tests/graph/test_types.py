from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field
from tests.graph.toys import Bread, Dough

from latentgraph.graph.types import PortType, ValueFaultError, list_of


class Sourdough(Dough):
    """A dough of its own."""


ACCEPTED: list[tuple[Any, Any]] = [
    (Dough, Dough),
    (Dough, Sourdough),
    (Dough | None, Dough),
    (Dough | Bread, Bread),
    (float, int),
    (int | None, int),
    (Any, Dough),
    (Any, int | None),
    (str, Literal["soft", "dark"]),
    (Literal["soft", "dark"], str),
    (Literal["soft", "dark"], Literal["dark", "burnt"]),
    (list[float], list[int]),
    (Sequence[int], list[int]),
    (tuple[int, ...], list[int]),
    (list, list[int]),
    (list[Dough | None], list[Dough]),
    (dict, dict[str, int]),
    (Annotated[int, Field(ge=1)], int),
]  # fmt: skip
REFUSED: list[tuple[Any, Any]] = [
    (Dough, Bread),
    (Sourdough, Dough),
    (Dough, Dough | None),
    (int, float),
    (int, bool),
    (bool, int),
    (float, bool),
    (str, int),
    (int, Any),
    (Literal["soft"], Literal["dark"]),
    (Literal["soft"], int),
    (list[int], list[float]),
    (list[int], int),
    (int, list[int]),
    (int, int | str),
]


@pytest.mark.parametrize(("target", "source"), ACCEPTED)
def test_every_value_of_the_source_may_flow_into_the_target(target: Any, source: Any) -> None:
    assert PortType(target).accepts(PortType(source))


@pytest.mark.parametrize(("target", "source"), REFUSED)
def test_a_source_with_values_that_the_target_does_not_take_is_refused(target: Any, source: Any) -> None:
    assert not PortType(target).accepts(PortType(source))


PARSED: list[tuple[Any, Any, Any]] = [
    (float, 3, 3.0),
    (int | None, None, None),
    (tuple[int, ...], [1, 2], (1, 2)),
    (list[int], (1, 2), [1, 2]),
    (Literal[1.5, 2.0], 2, 2.0),
    (Dough | str, "flour", "flour"),
    (Dough | None, None, None),
]


@pytest.mark.parametrize(("annotation", "value", "parsed"), PARSED)
def test_a_literal_becomes_what_the_node_declares(annotation: Any, value: Any, parsed: Any) -> None:
    result = PortType(annotation).parse(value)
    assert (type(result), result) == (type(parsed), parsed)


def test_a_value_of_a_class_needs_no_parsing_even_beside_a_literal_type() -> None:
    dough = Dough(1, 2)
    assert PortType(Dough | str).parse(dough) is dough


FAULTS: list[tuple[Any, Any, str, str]] = [
    (int, 3.7, "3.7 is a number; takes integer", ""),
    (int, 3.0, "3.0 is a number; takes integer", "write 3"),
    (int, "5", '"5" is a string; takes integer', "write 5 without quotes"),
    (int, "abc", '"abc" is a string; takes integer', ""),
    (int, True, "true is a boolean; takes integer", ""),
    (int, None, "takes integer, not null", ""),
    (str, 7, "7 is an integer; takes string", 'write "7"'),
    (bool, "false", '"false" is a string; takes boolean', "write false without quotes"),
    (bool, 1, "1 is an integer; takes boolean", ""),
    (float, float("nan"), "NaN is not a finite number", ""),
    (Annotated[float, Field(ge=0, le=1)], float("nan"), "NaN is not a finite number", ""),
    (Annotated[float, Field(ge=0, le=1)], 7, "7 is above the maximum 1", ""),
    (Annotated[int, Field(ge=1)] | None, 0, "0 is below the minimum 1", ""),
    (Literal["apple", "pear"], "aple", '"aple" is not one of "apple", "pear"', "did you mean 'apple'?"),
    (Literal[1, 2], True, "true is a boolean; takes one of 1, 2", ""),
    (Literal[True], 1, "1 is an integer; takes one of true", ""),
    (int | str, 2.5, "2.5 is a number; takes integer or string", 'write "2.5"'),
    (list[int], [1, "a"], '"a" in the list is a string; takes list[integer]', ""),
    (dict, 5, "5 is an integer; takes object", ""),
    (Dough, 5, "5 is an integer; takes Dough, by a link", ""),
    (Dough, "mix.dough", '"mix.dough" is a string; takes Dough, by a link', 'write {"from": "mix.dough"}'),
]


@pytest.mark.parametrize(("annotation", "value", "message", "hint"), FAULTS)
def test_a_wrong_literal_is_told_in_words_of_the_file(annotation: Any, value: Any, message: str, hint: str) -> None:
    with pytest.raises(ValueFaultError) as caught:
        PortType(annotation).parse(value)
    assert (str(caught.value), caught.value.hint) == (message, hint)


def test_an_integer_beyond_every_number_is_no_number() -> None:
    with pytest.raises(ValueFaultError, match="is larger than a number goes"):
        PortType(float).parse(10**400)


def test_a_fault_inside_a_list_says_where() -> None:
    with pytest.raises(ValueFaultError) as caught:
        PortType(list[Annotated[int, Field(ge=1)]]).parse([1, 0])
    assert caught.value.path == (1,)


def test_a_list_of_bounded_items_is_parsed_when_it_arrives() -> None:
    assert PortType(list[Annotated[int, Field(ge=1)]]).constrained
    assert not PortType(list[int]).constrained


@pytest.mark.parametrize(
    ("annotation", "value", "belongs"),
    [(float, 1, True), (int, True, False), (bool, 1, False), (Literal[1], True, False), (list[int], [1, "a"], False),
     (Dough | None, None, True), (Dough, Sourdough(1, 2), True), (int, "three", False)],
)  # fmt: skip
def test_a_computed_value_belongs_to_a_type_or_not(annotation: Any, value: Any, belongs: bool) -> None:
    assert PortType(annotation).holds(value) is belongs


def test_types_are_called_as_in_json() -> None:
    names = [int | None, list_of(PortType(float)).annotation, Literal["a", 1], Dough, Any, dict[str, int]]
    assert [PortType(one).name for one in names] == [
        "integer or null", "list[number]", 'one of "a", 1', "Dough", "anything", "object",
    ]  # fmt: skip
