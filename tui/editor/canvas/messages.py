"""What the canvas tells: past events, for a screen to turn into edits. Handle them with `@on(CursorMoved)`."""

from __future__ import annotations

from collections.abc import Mapping

from textual.message import Message

from latentgraph.tui.editor.canvas.geometry import End, Position
from latentgraph.tui.editor.views import Side


class CursorMoved(Message):
    """Another box is the current one, or none is."""

    def __init__(self, key: str | None) -> None:
        super().__init__()
        self.key = key


class SelectionChanged(Message):
    """Other boxes are selected: the marked ones, or the current one where none is marked."""

    def __init__(self, selected: frozenset[str]) -> None:
        super().__init__()
        self.selected = selected


class BoxOpened(Message):
    """Someone wants to see inside: double click, or enter."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


class BoxesMoved(Message):
    """Boxes were put elsewhere, by dragging or by keys."""

    def __init__(self, positions: Mapping[str, Position], *, merge: str = "") -> None:
        """Say where they are now.

        Args:
            positions: Upper left corners by box, in cells at full zoom.
            merge: Moves with the same non-empty text are one step for undo.
        """
        super().__init__()
        self.positions = positions
        self.merge = merge


class PortChosen(Message):
    """A port was chosen by its label after `choose_port`."""

    def __init__(self, end: End, side: Side, purpose: str) -> None:
        super().__init__()
        self.end = end
        self.side = side
        self.purpose = purpose
        """As it was given to `choose_port`."""


class BoxChosen(Message):
    """A box was chosen by its label after `choose_box` with a purpose."""

    def __init__(self, key: str, purpose: str) -> None:
        super().__init__()
        self.key = key
        self.purpose = purpose


class LinkDropped(Message):
    """A link was drawn, by mouse or by labels."""

    def __init__(self, source: End | None, target: End | None, at: Position) -> None:
        """Say between what.

        Args:
            source: An output; None where the link was drawn from an input and ended on nothing that fits.
            target: An input; None where the link was drawn from an output and ended on nothing that fits.
            at: Where it ended, in cells at full zoom: the place for a new box.
        """
        super().__init__()
        self.source = source
        self.target = target
        self.at = at


class LinkRefused(Message):
    """A link was dropped on a port that does not fit it."""

    def __init__(self, source: End, target: End) -> None:
        super().__init__()
        self.source = source
        self.target = target


class MenuWanted(Message):
    """A right click, on a box or on the empty canvas."""

    def __init__(self, key: str | None, at: Position, screen: Position) -> None:
        """Say where.

        Args:
            key: The box under the pointer.
            at: The place in cells at full zoom, for a new box.
            screen: The place on the screen, for the menu.
        """
        super().__init__()
        self.key = key
        self.at = at
        self.screen = screen


class ScrolledByUser(Message):
    """The view was moved by hand, so that it should not follow a run for a while."""


class ModeChanged(Message):
    """Labels are shown and take the keys, or no more."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        self.mode = mode
        """`box`, `port`, `link`; empty where keys do what the table says."""


class LeaveWanted(Message):
    """Escape was pressed while the canvas was in no mode."""
