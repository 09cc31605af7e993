"""Lists written as one text, so that an input of a workflow can be one."""

from __future__ import annotations

import math
from typing import Any

from latentgraph.graph.node import node


@node(category="values")
def split_integers(text: str | None = None) -> list[int] | None:
    """Read whole numbers, such as 999, 749, 499.

    Args:
        text: Numbers with commas or blanks between; null or blank: no list.

    Example:
        assert split_integers("7, 8 9") == [7, 8, 9]
    """
    return _numbers(text, int, "a whole number")


@node(category="values")
def split_numbers(text: str | None = None) -> list[float] | None:
    """Read numbers, such as 14.6, 5.2, 0.1.

    Args:
        text: Numbers with commas or blanks between; null or blank: no list.

    Example:
        assert split_numbers("0, 0.5 1") == [0.0, 0.5, 1.0]
    """
    return _numbers(text, float, "a number")


@node(category="values")
def split_lines(text: str) -> list[str]:
    """Take each line of a text for a text of its own.

    Args:
        text: An empty one is one empty line; line ends at its end do not count.

    Example:
        assert split_lines("a red circle\\na tree") == ["a red circle", "a tree"]
    """
    return text.rstrip("\n").split("\n")


def _numbers(text: str | None, kind: Any, what: str) -> list[Any] | None:
    read = []
    for word in (text or "").replace(",", " ").split():
        try:
            number = kind(word)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValueError(f"{word!r} is not {what}; write numbers with commas between")
        read.append(number)
    return read or None
