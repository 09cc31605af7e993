"""Lists written as one text."""

from __future__ import annotations

import pytest

from latentgraph.nodes import split_integers, split_lines, split_numbers


def test_numbers_are_read_with_commas_or_blanks() -> None:
    assert split_integers("999, 749 1") == [999, 749, 1]
    assert split_numbers("14.6,0.1, 0") == [14.6, 0.1, 0.0]
    assert split_integers(None) is split_integers(" ") is split_numbers("") is None


def test_lines_keep_an_empty_one() -> None:
    assert split_lines("a\nb\n") == ["a", "b"]
    assert split_lines("") == [""]
    assert split_lines("\nb") == ["", "b"]


@pytest.mark.parametrize("text", ["1.5", "one"])
def test_what_is_no_whole_number_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' is not a whole number; write numbers with commas between"):
        split_integers(text)


def test_what_is_not_finite_is_told() -> None:
    with pytest.raises(ValueError, match="'nan' is not a number"):
        split_numbers("1 nan")
