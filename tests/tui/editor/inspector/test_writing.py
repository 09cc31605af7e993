from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field
from tests.graph.toys import Dough

from latentgraph.graph.access import ReadsFile
from latentgraph.graph.node import REQUIRED
from latentgraph.graph.types import PortType, ValueFaultError
from latentgraph.tui.editor.inspector.bounds import bounds_of
from latentgraph.tui.editor.inspector.subject import ABSENT, FieldSpec
from latentgraph.tui.editor.inspector.writing import is_seed, kind_of_field, text_of, value_of, without_controls

EDGE = Annotated[int, Field(ge=8, multiple_of=8)]


def _spec(annotation: Any, name: str = "x", **rest: Any) -> FieldSpec:
    return FieldSpec(name, PortType(annotation), **rest)


def _value(annotation: Any, text: str, **rest: Any) -> Any:
    spec = _spec(annotation, **rest)
    return value_of(spec, kind_of_field(spec), text)


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        (_spec(int), "integer"),
        (_spec(EDGE | None), "integer"),
        (_spec(float), "number"),
        (_spec(int | float), "number"),
        (_spec(bool), "boolean"),
        (_spec(bool | None), "choice"),
        (_spec(Literal["a", "b"]), "choice"),
        (_spec(Literal["a"] | None), "choice"),
        (_spec(str), "string"),
        (_spec(str, "prompt"), "text"),
        (_spec(str, "negative_prompt"), "text"),
        (_spec(str, "texture"), "string"),
        (_spec(str, value="two\nlines"), "text"),
        (_spec(str, value="long " * 20), "text"),
        (_spec(str, value="\x1b[31mred"), "json"),
        (_spec(str, value="wide\u00a0space and \u3000"), "string"),
        (_spec(Annotated[str, ReadsFile((".png",))]), "file"),
        (_spec(list[int]), "json"),
        (_spec(dict[str, Any] | None), "json"),
        (_spec(int | str), "json"),
        (_spec(Dough), "link"),
        (_spec(int, link="a.b"), "link"),
        (_spec(Any, value=3), "json"),
    ],
)
def test_a_field_is_edited_by_its_type(spec: FieldSpec, kind: str) -> None:
    assert kind_of_field(spec) == kind


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, 7),
        (float, 7.5),
        (float, 7),
        (str, "a 'b' \"c\""),
        (Literal["soft", 3, True], True),
        (list[float], [1.0, 0.25]),
        (dict[str, Any], {"a": [None, "ü"]}),
    ],
)
def test_the_text_of_a_value_writes_the_value(annotation: Any, value: Any) -> None:
    spec = _spec(annotation)
    kind = kind_of_field(spec)
    written = value_of(spec, kind, text_of(kind, value))
    assert (written, type(written)) == (value, type(value))


@pytest.mark.parametrize(
    ("annotation", "text", "sentence"),
    [
        (int, "3.7", "3.7 is a number; takes integer"),
        (int, "abc", '"abc" is not an integer'),
        (EDGE, "65", "65 is not a multiple of 8"),
        (EDGE, "0", "0 is below the minimum 8"),
        (float, "1e999", "1e999 is larger than a number goes"),
        (int, "9" * 5000, "the number is too long"),
        (list[int], "[1, 2", "this is no JSON: a ',' is missing at column 6"),
        (list[int], "[1] 2", "this is no JSON: more follows where it should end, at column 5"),
        (list[int], '{"a": 1}', "an object; takes list[integer]"),
        (list[int], "[" * 100_000, "nested too deeply"),
        (dict[str, Any], "[NaN]", "NaN is no number that a file can hold"),
    ],
)
def test_what_is_wrong_is_a_sentence(annotation: Any, text: str, sentence: str) -> None:
    with pytest.raises(ValueFaultError) as caught:
        _value(annotation, text)
    assert str(caught.value).endswith(sentence)


@pytest.mark.parametrize(
    ("text", "value"), [(".5", 0.5), ("5.", 5.0), ("+3", 3), ("007", 7), ("-0.50", -0.5), (" 4 ", 4), ("1e3", 1000.0)]
)
def test_numbers_are_read_as_people_write_them(text: str, value: float) -> None:
    assert _value(float, text) == value


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        (_spec(int, default=3), ABSENT),
        (_spec(int, default=REQUIRED), ABSENT),
        (_spec(int | None, default=None), ABSENT),
        (_spec(int | None, role="declared", nullable=True), None),
        (_spec(str, default=REQUIRED), ""),
        (_spec(str, default="loaf"), ABSENT),
        (_spec(str, role="declared"), ""),
        (_spec(str | None, role="declared", nullable=True), None),
        (_spec(list[int] | None, default=None), ABSENT),
    ],
)
def test_an_empty_editor_means_what_the_field_can_do_without(spec: FieldSpec, value: Any) -> None:
    assert value_of(spec, kind_of_field(spec), "") == value


def test_emptying_an_input_of_the_workflow_does_not_make_it_one_that_every_caller_must_set() -> None:
    with pytest.raises(ValueFaultError, match="there is nothing here; takes integer"):
        _value(int, "", role="declared")


def test_spaces_are_a_text() -> None:
    assert _value(str, "  ", default="loaf") == "  "


def test_what_would_steer_the_terminal_is_not_pasted() -> None:
    assert without_controls("a\x1b[31mb\r\nc\td\x07") == "a[31mb\nc\td"


def test_seeds_are_known_by_name_and_type() -> None:
    assert is_seed(_spec(int, "seed"))
    assert is_seed(_spec(int, "noise_seed"))
    assert not is_seed(_spec(int, "seedling"))
    assert not is_seed(_spec(str, "seed"))


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (Annotated[int, Field(ge=1, le=150)], "1 to 150"),
        (EDGE, "8 or more, in steps of 8"),
        (EDGE | None, "8 or more, in steps of 8"),
        (Annotated[float, Field(gt=0, lt=1)], "above 0 to below 1"),
        (Annotated[float, Field(le=1)], "up to 1"),
        (Annotated[str, Field(max_length=9)], "at most 9 long"),
        (int, ""),
    ],
)
def test_bounds_are_told_in_words(annotation: Any, words: str) -> None:
    assert bounds_of(PortType(annotation)).words == words


@pytest.mark.parametrize(
    ("annotation", "value", "steps", "there"),
    [
        (Annotated[int, Field(ge=1, le=150)], 149, 10, 150),
        (Annotated[int, Field(ge=1, le=150)], 1, -1, 1),
        (Annotated[int, Field(ge=1, le=150)], 900, -1, 150),
        (EDGE, 64, 1, 72),
        (EDGE, 65, 1, 72),
        (EDGE, 8, -1, 8),
        (Annotated[float, Field(ge=0, le=1)], 0.2, 1, 0.3),
        (Annotated[float, Field(ge=0, le=1)], 0.95, 1, 1.0),
        (Annotated[float, Field(gt=0)], 0.1, -1, 0.1),
        (float, 7.5, -10, 6.5),
    ],
)
def test_steps_stay_inside_the_bounds(annotation: Any, value: float, steps: int, there: float) -> None:
    port_type = PortType(annotation)
    assert bounds_of(port_type).stepped(value, steps, whole=int in port_type.members) == there


def test_what_is_drawn_is_taken() -> None:
    port_type = PortType(Annotated[int, Field(gt=3, le=40, multiple_of=8)])
    drawn = {bounds_of(port_type).drawn() for _ in range(200)}
    assert drawn == {8, 16, 24, 32, 40}
