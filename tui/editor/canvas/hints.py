"""Labels to type: a letter or two on every box or port that can be chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Literal

from latentgraph.tui.editor.canvas.geometry import End
from latentgraph.tui.editor.canvas.painting import Label
from latentgraph.tui.editor.canvas.sheet import Sheet
from latentgraph.tui.editor.views import Side

ALPHABET = "asdfghjklqwertyuiopzxcvbnm"
"""The letters under the fingers come first."""
Mode = Literal["box", "port", "link"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A box, or a port of one."""

    key: str
    end: End | None = None
    side: Side = "input"


def letters(count: int) -> list[str]:
    """So many labels, of which none begins like another: the first ones of one letter, the others of two or more."""
    size = len(ALPHABET)
    length = 1
    while size**length < count:
        length += 1
    if length != 2:
        return ["".join(one) for one in islice(product(ALPHABET, repeat=length), count)]
    # Each letter that begins longer labels is lost for a short one.
    longer = -(-(count - size) // (size - 1))
    return [*ALPHABET[: size - longer], *map("".join, product(ALPHABET[size - longer :], ALPHABET))][:count]


class Hints:
    """Some choices with their labels, and what was typed of one."""

    def __init__(self, mode: Mode, purpose: str, choices: Sequence[Choice], prompt: str) -> None:
        """Label choices, in their order."""
        self.mode, self.purpose, self.prompt = mode, purpose, prompt
        self.choices = list(choices)
        self.labels = dict(zip(self.choices, letters(len(self.choices)), strict=True))
        self.typed = ""
        self.chosen: Choice | None = None
        """The one that enter takes."""

    def left(self) -> list[Choice]:
        """What can still be meant."""
        return [one for one in self.choices if self.labels[one].startswith(self.typed)]

    def type(self, letter: str) -> Choice | None:
        """Take a letter; returns what is meant once that is certain. A letter that leads nowhere is not taken."""
        typed = self.typed + letter.lower()
        found = [one for one in self.choices if self.labels[one].startswith(typed)]
        if found:
            self.typed, self.chosen = typed, None
        return found[0] if len(found) == 1 and self.labels[found[0]] == typed else None

    def erase(self) -> None:
        """Take the last letter back."""
        self.typed = self.typed[:-1]

    def step(self, by: int) -> Choice:
        """Go to the next choice, or the one before; for keyboards without these letters."""
        left = self.left()
        at = left.index(self.chosen) if self.chosen in left else (-1 if by > 0 else 0)
        self.chosen = left[(at + by) % len(left)]
        return self.chosen

    def placed(self, sheet: Sheet) -> Iterable[Label]:
        """The labels where they belong on a sheet."""
        hidden: dict[str, int] = {}
        for one in self.left():
            area = sheet.areas.get(one.key)
            if area is None:
                continue
            text, typed, chosen = self.labels[one], len(self.typed), one == self.chosen
            if one.end is None:
                yield Label(area.x1, area.y1, text, typed, chosen)
                continue
            if sheet.shows(one.end, one.side):
                x, y = sheet.anchor(one.end, one.side) or (0, 0)
                yield Label(x + 1 if one.side == "output" else x - len(text), y, text, typed, chosen)
                continue
            # This zoom has no row for it: its name stands beside the label, over the box.
            row = hidden.get(one.key, 0)
            hidden[one.key] = row + 1
            yield Label(area.x1 + 1, area.y1 + row, f"{text} {one.end[1]}", typed, chosen)
