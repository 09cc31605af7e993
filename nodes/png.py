"""Pictures as PNG files that say how they were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from latentgraph.graph.values import FileForm
from latentgraph.nodes.pixels import to_pil
from latentgraph.nodes.values import Image

if TYPE_CHECKING:
    from torch import Tensor

PREFIX: Final = "latentgraph."
"""Before the names of our text chunks: other programs write a `workflow` of their own into pictures."""


def pictures(image: Image) -> Iterable[Tensor]:
    """Each picture of the batch, float32 (3, H, W) in [0, 1]."""
    return image.samples.unbind()


def write_png(picture: Tensor, file: BinaryIO, record: Mapping[str, str]) -> None:
    """Write a picture, with its record in text chunks."""
    from PIL.PngImagePlugin import PngInfo

    chunks = PngInfo()
    for name, text in record.items():
        # International text (iTXt): prompts are in any script.
        chunks.add_itxt(PREFIX + name, text)
    to_pil(picture).save(file, format="PNG", pnginfo=chunks)


def read_png_record(path: Path) -> Mapping[str, str]:
    """The record that a PNG carries; empty where it carries none, or is no PNG."""
    import PIL.Image
    from PIL.PngImagePlugin import PngImageFile

    try:
        with PIL.Image.open(path, formats=("PNG",)) as picture:
            text = picture.text if isinstance(picture, PngImageFile) else {}
            return {name.removeprefix(PREFIX): str(one) for name, one in text.items() if name.startswith(PREFIX)}
    except (PIL.UnidentifiedImageError, SyntaxError, ValueError):
        return {}


PNG: Final[FileForm[Image]] = FileForm(".png", pictures, write_png, read_png_record)
