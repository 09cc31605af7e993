"""A picture as a widget: by the terminal's protocol, or in cells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from latentgraph.tui.editor.pictures.cells import fitted, paint
from latentgraph.tui.editor.pictures.protocol import Mode

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP")
"""Of the pictures that are looked at."""


class CellPicture(Widget):
    """A picture in cells, in the middle of its room and as large as fits."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._picture: Image | None = None
        self._strips: list[Strip] = []
        self._painted: Size | None = None

    def show(self, picture: Image | None) -> None:
        """Show a picture, or none."""
        self._picture = picture
        self._painted = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """A row of it."""
        size = self.size
        self._paint(size)
        blank = Strip.blank(size.width, self.rich_style)
        row = y - (size.height - len(self._strips)) // 2
        if not 0 <= row < len(self._strips):
            return blank
        strip = self._strips[row]
        left = (size.width - strip.cell_length) // 2
        return Strip.join([blank.crop(0, left), strip, blank.crop(0, size.width - left - strip.cell_length)])

    def _paint(self, size: Size) -> None:
        if self._painted == size:
            return
        self._painted = size
        picture = self._picture
        self._strips = []
        if picture is not None:
            self._strips = paint(picture, *fitted(picture.width, picture.height, size.width, size.height))


def open_picture(path: Path) -> Image | None:
    """The picture in a file; None where there is none."""
    import PIL.Image

    try:
        # Of the formats that the library knows, some start other programs.
        with PIL.Image.open(path, formats=FORMATS) as picture:
            return picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError):
        return None


class PictureView(Widget):
    """A finished picture, drawn as the terminal can."""

    class Clicked(Message):
        """Somebody clicked on it."""

    def __init__(self, mode: Mode = "blocks", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.mode = mode
        self.picture: Image | None = None
        self._drawn: Any = None

    def compose(self) -> ComposeResult:
        """Put the widget that draws into it."""
        self._drawn = _drawing(self.mode)
        if self._drawn is not None:
            yield self._drawn

    def show(self, picture: Image | Path | None) -> None:
        """Show a picture, that in a file, or none."""
        self.picture = open_picture(picture) if isinstance(picture, Path) else picture
        if self.is_mounted:
            self._draw()

    def on_mount(self) -> None:
        """Draw what was shown before there was a place."""
        if self.mode == "kitty":
            from latentgraph.tui.editor.pictures.kitty import send_through

            send_through(self.app)
        self._draw()

    def on_click(self) -> None:
        """Tell it."""
        self.post_message(self.Clicked())

    def on_resize(self) -> None:
        """Fit the picture into its new room."""
        self._draw()

    def _draw(self) -> None:
        if isinstance(self._drawn, CellPicture):
            if self._drawn._picture is not self.picture:
                self._drawn.show(self.picture)
        elif self._drawn is not None and self.size:
            self._fit_drawn()

    def _fit_drawn(self) -> None:
        """Give the library's widget the room that the picture fills, in cells of this terminal's own shape."""
        from textual_image._terminal import get_cell_size

        cell = get_cell_size()
        picture = self.picture
        if picture is None:
            self._drawn.image = None
            return
        # `fitted` takes cells for twice as high as wide.
        height = picture.height * 2 * cell.width / cell.height
        columns, rows = fitted(picture.width, max(1, round(height)), self.size.width, self.size.height)
        self._drawn.styles.width, self._drawn.styles.height = columns, rows
        if self._drawn.image is not picture:
            self._drawn.image = picture


def _drawing(mode: Mode) -> Widget | None:
    """The widget that draws; of the library one by name, for what it chooses by itself depends on when it is asked."""
    if mode == "blocks":
        return CellPicture()
    if mode == "none":
        return None
    from textual_image.widget import SixelImage, TGPImage

    return TGPImage() if mode == "kitty" else SixelImage()
