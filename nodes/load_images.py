"""All pictures of a folder, as one batch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from latentgraph.graph.access import AccessError, FileAccess, Resource
from latentgraph.graph.node import node
from latentgraph.nodes.image import PICTURE_SUFFIXES, read_image
from latentgraph.nodes.loading.model_folder import tree_digest
from latentgraph.nodes.resize import Fit, Pixels, resized
from latentgraph.nodes.values import Image


@dataclass(frozen=True, slots=True)
class ReadsPictures:
    """The port names a folder with pictures: `Annotated[str, ReadsPictures()]`."""

    def resolve(self, written: str, access: FileAccess, *, given: bool) -> Resource:
        """The folder, and the digest of the pictures in it.

        Raises:
            AccessError: It may not be read, is not there, or holds no pictures.
        """
        folder = access.path(written, given=given)
        if not folder.is_dir():
            raise AccessError(f"{written!r} is a file; a folder with pictures is wanted", "load_image reads one file")
        try:
            pictures = pictures_in(folder)
        except OSError as error:
            raise AccessError(f"{written!r} cannot be read: {error.strerror or error}", "look at its rights") from error
        if not pictures:
            raise AccessError(f"{written!r} holds no pictures", f"their names end in {', '.join(PICTURE_SUFFIXES)}")
        for one in pictures:
            if not given and not access.holds(one.resolve()):
                raise AccessError(
                    f"in {written!r} '{one.name}' is a link that leads outside the workflow's folder",
                    "give the folder by --set, or open the one that it leads to with --allow-read DIR",
                )
        return Resource(str(folder), lambda: tree_digest(folder, pictures))


def pictures_in(folder: Path) -> list[Path]:
    """The pictures that lie in a folder, and not in one inside it, by their names."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file())


@node(category="image")
def load_images(
    folder: Annotated[str, ReadsPictures()],
    height: Pixels | None = None,
    width: Pixels | None = None,
    fit: Fit = "stretch",
) -> Image:
    """Read every picture of a folder, in the order of their names, into one batch.

    Args:
        folder: With PNG, JPEG, WebP, BMP, GIF or TIFF files; what else lies in it is left alone.
        height: In pixels; null: as they are.
        width: In pixels; null: as they are.
        fit: Where the shape is another: stretch, fill what is left over with the colours of the edge, or crop what is
            too much.

    Example:
        photos = load_images("./photos", height=64, width=64, fit="crop")
        assert len(photos.samples) == 2
    """
    import torch

    read = [read_image(path).samples for path in pictures_in(Path(folder))]
    samples = [resized(one, height or one.shape[-2], width or one.shape[-1], fit) for one in read]
    sizes = {f"{one.shape[-1]} × {one.shape[-2]}": one for one in samples}
    if len(sizes) > 1:
        raise ValueError(f"the pictures are of different sizes, such as {' and '.join(list(sizes)[:2])}; "
                         "give height and width")  # fmt: skip
    return Image(torch.cat(samples))
