"""Weights in prompts: `(word:1.3)`, `(word)`, `[word]` and BREAK, as other Stable Diffusion programs know them.

The notation is that of AUTOMATIC1111's web UI, which is how shared prompts are written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

UP: Final = 1.1
"""What round brackets multiply the weight by where they name none; square ones divide by it."""
_PIECES: Final = re.compile(
    r"""
    \\[()\[\]\\]                        # an escaped bracket or backslash
    | (?P<closing>:\s*(?P<weight>[+-]?(?:\d+\.?\d*|\.\d+))\s*\))
    | \bBREAK\b
    | [()\[\]]
    | (?:(?!\bBREAK\b)[^\\()\[\]:])+
    | [:\\]
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class WeightedText:
    """A piece of a prompt."""

    text: str
    weight: float = 1.0
    """1 as it is; more draws attention to it, less takes it away."""


def parse_weights(prompt: str) -> list[list[WeightedText]]:
    """The parts of a prompt between its BREAKs, each as pieces of one weight.

    Brackets nest, and their weights multiply. A backslash takes a bracket literally. A bracket that nobody closes
    counts up to the end; one that nobody opened is text.

    Args:
        prompt: As a user writes it, such as `a (red:1.3) circle, [blurred]`.
    """
    parts: list[list[WeightedText]] = [[]]
    opened: list[tuple[str, int, int]] = []
    """Each bracket with the part and the piece that it begins at."""

    def add(text: str) -> None:
        parts[-1].append(WeightedText(text))

    for found in _PIECES.finditer(prompt):
        piece = found[0]
        if piece == "BREAK":
            parts.append([])
        elif piece in ("(", "["):
            opened.append((piece, len(parts) - 1, len(parts[-1])))
        elif found["closing"] and opened and opened[-1][0] == "(":
            _multiply(parts, opened.pop(), float(found["weight"]))
        elif piece in (")", "]") and opened and opened[-1][0] == {")": "(", "]": "["}[piece]:
            _multiply(parts, opened.pop(), UP if piece == ")" else 1 / UP)
        else:
            add(piece[1:] if len(piece) == 2 and piece[0] == "\\" else piece)
    for bracket in reversed(opened):
        _multiply(parts, bracket, UP if bracket[0] == "(" else 1 / UP)
    return [_joined(part) for part in parts]


def _multiply(parts: list[list[WeightedText]], bracket: tuple[str, int, int], factor: float) -> None:
    _, first_part, first_piece = bracket
    for index in range(first_part, len(parts)):
        start = first_piece if index == first_part else 0
        for place in range(start, len(parts[index])):
            piece = parts[index][place]
            parts[index][place] = WeightedText(piece.text, piece.weight * factor)


def _joined(pieces: list[WeightedText]) -> list[WeightedText]:
    """Neighbours of one weight as one piece, so that their words are cut into tokens together."""
    joined: list[WeightedText] = []
    for piece in pieces:
        if joined and joined[-1].weight == piece.weight:
            joined[-1] = WeightedText(joined[-1].text + piece.text, piece.weight)
        else:
            joined.append(piece)
    return joined
