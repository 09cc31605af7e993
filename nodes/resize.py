"""Pictures of another size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, NamedTuple

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.pixels import from_pil, to_pil
from latentgraph.nodes.values import Image

if TYPE_CHECKING:
    import PIL.Image
    from torch import Tensor

Pixels = Annotated[int, Field(ge=1, le=32768)]
Fit = Literal["stretch", "fill", "crop"]
MODES: Final = {"stretch": "default", "fill": "fill", "crop": "crop"}
"""What diffusers calls them."""


class Size(NamedTuple):
    """How large pictures are.

    Attributes:
        height: In pixels.
        width: In pixels.
    """

    height: int
    width: int


@node(category="image")
def image_size(image: Image) -> Size:
    """Tell how large pictures are, for whoever makes others like them.

    Args:
        image: One or more.
    """
    height, width = image.samples.shape[-2:]
    return Size(height, width)


@node(category="image")
def resize_image(
    image: Image, height: Pixels | None = None, width: Pixels | None = None, fit: Fit = "stretch"
) -> Image:
    """Make pictures larger or smaller (Lanczos).

    Args:
        image: One or more.
        height: In pixels; null: as it is.
        width: In pixels; null: as it is.
        fit: Where the shape is another: stretch, fill what is left over with the colours of the edge, or crop what is
            too much.
    """
    rows, columns = image.samples.shape[-2:]
    return Image(resized(image.samples, height or rows, width or columns, fit))


def resized(samples: Tensor, height: int, width: int, fit: Fit = "stretch") -> Tensor:
    """Pictures of another size, by Pillow in 8 bits as in diffusers' image processor; the same where the size is.

    Args:
        samples: float32 (B, 3, H, W) in [0, 1], on the CPU.
        height: In pixels.
        width: In pixels.
        fit: What to do where the shape is another.
    """
    import torch

    if samples.shape[-2:] == (height, width):
        return samples
    return torch.stack([from_pil(resized_picture(to_pil(one), height, width, fit)) for one in samples])


def resized_picture(picture: PIL.Image.Image, height: int, width: int, fit: Fit) -> PIL.Image.Image:
    """A Pillow picture of another size, as diffusers' image processor makes it."""
    from diffusers.image_processor import VaeImageProcessor

    made: PIL.Image.Image = VaeImageProcessor().resize(picture, height, width, MODES[fit])
    return made
