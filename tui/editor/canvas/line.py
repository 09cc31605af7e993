"""A row of cells being painted: characters and styles, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, repeat

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from latentgraph.tui.editor.canvas.cells import whole

Cells = tuple[list[str], list[Style]]
"""Characters and their styles, one a cell."""


class Line:
    """So many cells, painted from back to front."""

    __slots__ = ("characters", "styles", "width")

    def __init__(self, width: int, style: Style) -> None:
        """Begin with blanks."""
        self.width = width
        self.characters: list[str] = [" "] * width
        self.styles: list[Style] = [style] * width

    def put(self, x: int, cells: Sequence[str], style: Style) -> None:
        """Lay cells of one style over the row; what lies outside is cut off."""
        start, end = max(0, x), min(self.width, x + len(cells))
        if start >= end:
            return
        part = cells if start == x and end == x + len(cells) else whole(list(cells[start - x : end - x]))
        self.characters[start:end] = part
        self.styles[start:end] = repeat(style, end - start)

    def lay(self, x: int, painted: Cells) -> None:
        """Lay painted cells over the row; what lies outside is cut off."""
        characters, styles = painted
        start, end = max(0, x), min(self.width, x + len(characters))
        if start >= end:
            return
        if start == x and end == x + len(characters):
            self.characters[start:end] = characters
            self.styles[start:end] = styles
            return
        self.characters[start:end] = whole(characters[start - x : end - x])
        self.styles[start:end] = styles[start - x : end - x]

    def fill(self, x1: int, x2: int, character: str, style: Style) -> None:
        """Fill the cells from `x1` to `x2`, both included, with one character."""
        start, end = max(0, x1), min(self.width, x2 + 1)
        if start < end:
            self.characters[start:end] = repeat(character, end - start)
            self.styles[start:end] = repeat(style, end - start)

    def restyle(self, x: int, style: Style) -> None:
        """Give one cell another style."""
        if 0 <= x < self.width:
            self.styles[x] = style

    def set(self, x: int, character: str, style: Style) -> None:
        """Paint one cell."""
        if 0 <= x < self.width:
            self.characters[x] = character
            self.styles[x] = style

    def copy(self) -> Line:
        """One to be painted over while this one stays."""
        twin = Line.__new__(Line)
        twin.width, twin.characters, twin.styles = self.width, self.characters.copy(), self.styles.copy()
        return twin

    @property
    def cells(self) -> Cells:
        """What was painted."""
        return self.characters, self.styles

    def strip(self) -> Strip:
        """The row as Textual takes it: neighbours of one style in one segment."""
        characters, styles = self.characters, self.styles
        segments: list[Segment] = []
        start = 0
        for _, same in groupby(styles, id):
            end = start + len(list(same))
            segments.append(Segment("".join(characters[start:end]), styles[start]))
            start = end
        return Strip(segments, self.width)
