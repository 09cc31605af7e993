"""The pictures of a sweep on one sheet, each with the values that made it below."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from latentgraph.graph.files import write_whole

NAME: Final = "contact_sheet.png"
EDGE: Final = 256
"""Pixels that a picture has at most in width and in height."""
GAP: Final = 8
LINE: Final = 14
MOST: Final = 400
"""Pictures on a sheet: more are too small to be told apart."""


def write_sheet(folder: Path, pictures: Sequence[tuple[Path, Mapping[str, Any]]]) -> Path | None:
    """Write the sheet into `folder`, whole or not at all; None where there is no picture.

    Args:
        folder: Of the sweep.
        pictures: A file and the values that made it, in the order of the sweep; at most MOST are taken.
    """
    import PIL.Image
    from PIL import ImageDraw

    chosen = pictures[:MOST]
    if not chosen:
        return None
    lines = max([len(values) for _, values in chosen])
    columns = math.ceil(math.sqrt(len(chosen)))
    cell = (EDGE + GAP, EDGE + GAP + LINE * lines)
    size = (columns * cell[0] + GAP, math.ceil(len(chosen) / columns) * cell[1] + GAP)
    sheet = PIL.Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for index, (path, values) in enumerate(chosen):
        left, top = GAP + index % columns * cell[0], GAP + index // columns * cell[1]
        try:
            sheet.paste(_small(path), (left, top))
        except (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError):
            # It was changed since: the others are shown all the same.
            draw.text((left, top), _fitting(f"{path.name} is no picture any more", draw), fill="black")
        for line, (name, value) in enumerate(values.items()):
            text = _fitting(f"{name}={value}", draw)
            draw.text((left, top + EDGE + 1 + line * LINE), text, fill="black")
    content = BytesIO()
    sheet.save(content, format="PNG")
    write_whole(folder / NAME, content.getvalue())
    return folder / NAME


def _small(path: Path) -> Any:
    """The picture in a file, as large as a cell of the sheet."""
    import PIL.Image

    with PIL.Image.open(path) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((EDGE, EDGE))
    larger = EDGE // max(picture.size)
    if larger > 1:
        # Small pictures by whole pixels, so that each of theirs is still to be seen.
        picture = picture.resize((picture.width * larger, picture.height * larger), PIL.Image.Resampling.NEAREST)
    return picture


def _fitting(text: str, draw: Any) -> str:
    text = " ".join(text.split())  # a line
    text = text.encode("latin-1", "replace").decode("latin-1")  # what the built-in font has
    if draw.textlength(text) <= EDGE:
        return text
    while text and draw.textlength(f"{text}...") > EDGE:
        text = text[:-1]
    return f"{text}..."
