"""Text as a list of terminal cells: one string a cell, so that a row can be cut and laid over another cell by cell."""

from __future__ import annotations

from rich.cells import cell_len

ELLIPSIS = "…"
UNSHOWN = "?"
"""In place of what would steer the terminal: names and values come from a file, which may be a stranger's."""
_JOINING = "\u200c\u200d"
"""Python calls them unprintable; they are a part of emoji and of words."""


def to_cells(text: str) -> list[str]:
    """The cells of a text: a wide character is followed by an empty one, a combining one joins the one before."""
    text = _fit(text)
    if text.isascii():
        return list(text)
    cells: list[str] = []
    for character in text:
        width = cell_len(character)
        if width == 0:
            if cells:
                cells[-1] += character
            continue
        cells.append(character)
        if width == 2:
            cells.append("")
    return cells


def clipped(text: str, width: int, ellipsis: str = ELLIPSIS) -> list[str]:
    """At most `width` cells of a text; what is cut off is told by an ellipsis."""
    cells = to_cells(text)
    if len(cells) <= width:
        return cells
    if width <= 0:
        return []
    return [*whole(cells[: width - 1]), ellipsis]


def whole(cells: list[str]) -> list[str]:
    """Cells without half a wide character at either end; a blank stands for it."""
    if cells and cells[0] == "":
        cells = [" ", *cells[1:]]
    if cells and cell_len(cells[-1]) == 2:
        cells = [*cells[:-1], " "]
    return cells


def width_of(text: str) -> int:
    """How many cells a text takes."""
    return len(text) if text.isascii() else cell_len(_fit(text))


def _fit(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(" " if c.isspace() else c if c.isprintable() or c in _JOINING else UNSHOWN for c in text)


def wrapped(text: str, width: int, lines: int) -> list[str]:
    """A text in at most so many lines, broken between words; the last one takes all that is left."""
    found: list[str] = []
    words = text.split()
    while words and len(found) < lines - 1:
        line = words.pop(0)
        while words and width_of(line) + 1 + width_of(words[0]) <= width:
            line += " " + words.pop(0)
        found.append(line)
    if words:
        found.append(" ".join(words))
    return found
