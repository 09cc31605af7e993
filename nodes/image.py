"""Pictures from files and to files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from latentgraph.graph.access import ReadsFile
from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.pixels import from_pil
from latentgraph.nodes.values import Image

if TYPE_CHECKING:
    import PIL.Image

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]([A-Za-z0-9_ .-]*[A-Za-z0-9_])?$", max_length=100)]
"""What a file may be called: no separators, so that it stays in the output folder."""


@node(category="image")
def load_image(path: Annotated[str, ReadsFile(PICTURE_SUFFIXES)]) -> Image:
    """Read a picture from a file, turned upright as its camera says.

    Args:
        path: Of a PNG, JPEG, WebP, BMP, GIF or TIFF file; of an animation the first picture is taken.

    Example:
        photo = load_image("./photo.png")
        assert photo.samples.shape[:2] == (1, 3)
    """
    return read_image(Path(path))


@node(category="image", effect=True)
def save_image(image: Image, name: FileName = "image", *, context: RunContext = ALONE) -> Image:
    """Save pictures as PNG files in the output folder, and hand them on.

    Args:
        image: One file is written for each picture of the batch.
        name: Beginning of the file's name; a number and .png follow.

    Example:
        photo = save_image(load_image("./photo.png"), "copy")  # in a run: copy-1.png
    """
    context.save(image, name)
    return image


def read_image(path: Path) -> Image:
    """The picture in a file.

    Raises:
        ValueError: It is no picture, or a damaged one.
    """
    with opened_picture(path) as picture:
        return Image(from_pil(picture).unsqueeze(0))


@contextmanager
def opened_picture(path: Path) -> Iterator[PIL.Image.Image]:
    """The picture in a file as Pillow has it, turned upright.

    Raises:
        ValueError: It is no picture, or a damaged one.
    """
    import PIL.Image
    from PIL import ImageOps

    try:
        with PIL.Image.open(path) as picture:
            yield ImageOps.exif_transpose(picture)
    except (PIL.UnidentifiedImageError, PIL.Image.DecompressionBombError, SyntaxError, OSError) as error:
        raise ValueError(f"{path.name} is no picture that can be read: {error}") from error
