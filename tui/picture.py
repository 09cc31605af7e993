"""Pictures in the terminal: by the kitty or sixel protocol where it has one, else as half blocks, else not at all."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentgraph.tui.messages import console

if TYPE_CHECKING:
    from PIL.Image import Image
    from rich.console import RenderableType

MODES = ("auto", "none", "kitty", "sixel", "blocks")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
MOST = 9
"""Pictures of a batch that are shown, on one sheet."""
SHEET_CELLS = (80, 32)
"""Columns and rows that a sheet may fill in the largest terminal: 64 × 64 pixels fit into it as they are."""
GAP = 2
LARGEST_FACTOR = 6


def show_pictures(files: Sequence[Path], mode: str) -> None:
    """Show the pictures among `files`; what cannot be shown is left out, for the files are named all the same."""
    pictures = [file for file in files if file.suffix.lower() in SUFFIXES][:MOST]
    if not pictures or mode == "none" or (mode == "auto" and not _shows_colours()):
        return
    try:
        print_sheet(_sheet(pictures), mode)
    except BrokenPipeError:
        raise
    except Exception:  # a terminal that answers nonsense is no reason to fail: the files are named all the same
        return


def _shows_colours() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and "NO_COLOR" not in os.environ


def _sheet(files: Sequence[Path]) -> Image:
    """All pictures side by side, in about as many rows as columns."""
    import PIL.Image

    pictures = [PIL.Image.open(file).convert("RGB") for file in files]
    if len(pictures) == 1:
        return pictures[0]
    columns = math.ceil(math.sqrt(len(pictures)))
    width = max(picture.width for picture in pictures) + GAP
    height = max(picture.height for picture in pictures) + GAP
    sheet = PIL.Image.new("RGB", (columns * width - GAP, math.ceil(len(pictures) / columns) * height - GAP))
    for index, picture in enumerate(pictures):
        sheet.paste(picture, (index % columns * width, index // columns * height))
    return sheet


def print_sheet(sheet: Image, mode: str) -> None:
    """Print a picture as large as is sensible for the terminal."""
    out = console(sys.stdout)
    # A pipe has no rows, and the picture is asked for all the same.
    columns, rows = (min(out.width, SHEET_CELLS[0]), SHEET_CELLS[1])
    if sys.stdout.isatty():
        rows = max(4, min(out.height - 6, rows))
    try:
        renderable = _by_protocol(sheet, mode, columns, rows) or half_blocks(sheet, columns, rows)
    except Exception:  # a terminal that does not say how large its cells are still has cells
        renderable = half_blocks(sheet, columns, rows)
    out.print(renderable, soft_wrap=False)


def _by_protocol(sheet: Image, mode: str, columns: int, rows: int) -> RenderableType | None:
    """The picture for a terminal that draws pixels; None where half blocks are all there is."""
    if mode == "blocks" or not (sys.stdin.isatty() and sys.stdout.isatty()):
        # The terminal is asked what it can do over standard input, which a pipe has taken.
        return None
    from textual_image import renderable
    from textual_image._terminal import get_cell_size

    kinds: dict[str, Any] = {"kitty": renderable.TGPImage, "sixel": renderable.SixelImage, "auto": renderable.Image}
    kind = kinds[mode]
    if kind not in (renderable.TGPImage, renderable.SixelImage):
        return None
    cell = get_cell_size()
    factor = _whole(min(columns * cell.width / sheet.width, rows * cell.height / sheet.height))
    width, height = round(sheet.width * factor), round(sheet.height * factor)
    scaled = sheet.resize((width, height), _filter(factor))
    made: RenderableType = kind(
        scaled, width=max(1, round(width / cell.width)), height=max(1, round(height / cell.height))
    )
    return made


def half_blocks(sheet: Image, columns: int, rows: int) -> RenderableType:
    """The picture in blocks of half a character, each one colour."""
    from rich.color import Color
    from rich.console import Group
    from rich.style import Style
    from rich.text import Text

    factor = _whole(min(columns / sheet.width, rows * 2 / sheet.height))
    width, height = max(1, round(sheet.width * factor)), max(2, round(sheet.height * factor / 2) * 2)
    pixels: Any = sheet.resize((width, height), _filter(factor)).load()
    lines = []
    for y in range(0, height, 2):
        line = Text()
        for x in range(width):
            upper, lower = Color.from_rgb(*pixels[x, y]), Color.from_rgb(*pixels[x, y + 1])
            line.append("▀", Style(color=upper, bgcolor=lower))
        lines.append(line)
    return Group(*lines)


def _whole(factor: float) -> float:
    """How much to enlarge: a whole number of times, so that the edges of a small picture's pixels stay crisp."""
    return min(math.floor(factor), LARGEST_FACTOR) if factor >= 1 else factor


def _filter(factor: float) -> Any:
    from PIL.Image import Resampling

    return Resampling.NEAREST if factor >= 1 else Resampling.LANCZOS
