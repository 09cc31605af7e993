"""What is coming, while it is made: a small picture and how far it is, a few times a second."""

from __future__ import annotations

import io
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from latentgraph.tui.editor.pictures.view import CellPicture

if TYPE_CHECKING:
    from PIL.Image import Image

INTERVAL = 0.25
"""Seconds between two pictures at least: more is not seen, and costs the run."""


class LivePreview(Widget):
    """The picture on its way; in cells, for those are the cheapest to send over and over."""

    def __init__(
        self, *, id: str | None = None, classes: str | None = None, clock: Callable[[], float] = monotonic
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._clock = clock
        self._shown = float("-inf")
        self._waiting: tuple[bytes | Image, str] | None = None
        self._timer: Timer | None = None
        self._caption = Static("", classes="caption")
        self._cells = CellPicture()

    def compose(self) -> ComposeResult:
        """A line of text above the picture."""
        yield self._caption
        yield self._cells

    def offer(self, picture: bytes | Image, caption: str = "") -> None:
        """Show a picture (or a PNG file's bytes) soon; of several in a short time the last.

        Args:
            picture: A small one.
            caption: Such as `denoise  step 18/28`.
        """
        self._waiting = (picture, caption)
        left = self._shown + INTERVAL - self._clock()
        if left <= 0:
            self._show_waiting()
        elif self._timer is None:
            self._timer = self.set_timer(left, self._show_waiting)

    def clear(self) -> None:
        """Show nothing."""
        self._waiting = None
        self._cells.show(None)
        self._caption.update("")

    def _show_waiting(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._waiting is None:
            return
        picture, caption = self._waiting
        self._waiting = None
        self._shown = self._clock()
        self._caption.update(Content.assemble((" LIVE ", "bold $accent"), caption), layout=False)
        self._cells.show(_opened(picture) if isinstance(picture, bytes) else picture)


def _opened(data: bytes) -> Image | None:
    import PIL.Image

    try:
        with PIL.Image.open(io.BytesIO(data)) as picture:
            return picture.convert("RGB")
    except (OSError, ValueError, SyntaxError):
        return None
