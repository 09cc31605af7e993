from __future__ import annotations

import pytest

from latentgraph.graph.parse import parse
from latentgraph.graph.problem import Place, Problem

TEXT = '{"a": [1, {"b": 2}, "c"],\r\n\t"é": {"\\u0064": [[], {}, 3]}, "x": -1.5e3}'


@pytest.mark.parametrize(
    ("path", "key", "place"),
    [
        ([], False, Place(1, 1)),
        (["a"], True, Place(1, 2)),
        (["a"], False, Place(1, 7)),
        (["a", 0], False, Place(1, 8)),
        (["a", 1], False, Place(1, 11)),
        (["a", 1, "b"], True, Place(1, 12)),
        (["a", 1, "b"], False, Place(1, 17)),
        (["a", 2], False, Place(1, 21)),
        (["é"], True, Place(2, 2)),
        (["é", "d"], True, Place(2, 8)),
        (["é", "d", 2], False, Place(2, 27)),
        (["x"], False, Place(2, 37)),
        (["a", 7], False, Place(1, 7)),
        (["a", "b"], True, Place(1, 2)),
        (["none", "such"], True, Place(1, 1)),
    ],
)
def test_a_place_is_where_the_key_or_the_value_starts(path: list[str | int], key: bool, place: Place) -> None:
    """What is missing is at the nearest thing around it; a tab is one column, and so is a letter with an accent."""
    _, source = parse(TEXT.encode(), "w.json")
    assert source.place(path, key=key) == place


def test_a_byte_order_mark_takes_no_column() -> None:
    _, source = parse(b"\xef\xbb\xbf" + TEXT.encode(), "w.json")
    assert source.place(["a"], key=True) == Place(1, 2)


def test_a_problem_shows_nothing_that_steers_a_terminal() -> None:
    shown = str(Problem("E008", "'\x1b[2J\n\u202e'", node="a\tb"))
    assert shown == "E008 a\\tb: '\\x1b[2J\\n\\u202e'"


def test_a_problem_is_of_bounded_length() -> None:
    assert len(str(Problem("E105", "x" * 1_000_000))) < 700
