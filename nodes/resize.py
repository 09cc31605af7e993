"""Pictures of another size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Final, Literal, NamedTuple

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.pixels import from_pil, to_pil
from latentgraph.nodes.values import Image, Latents

if TYPE_CHECKING:
    import PIL.Image
    from torch import Tensor

Pixels = Annotated[int, Field(ge=1, le=32768)]
Fit = Literal["stretch", "fill", "crop"]
Method = Literal["lanczos", "nearest-exact", "bilinear", "area", "bicubic"]
MEGA = 1024 * 1024
"""Pixels of a megapixel, as people who resize pictures for a model count them."""
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

    Example:
        height, width = image_size(load_image("./photo.png"))
    """
    height, width = image.samples.shape[-2:]
    return Size(height, width)


@node(category="image")
def resize_image(
    image: Image,
    height: Pixels | None = None,
    width: Pixels | None = None,
    fit: Fit = "stretch",
    method: Method = "lanczos",
    factor: Annotated[float, Field(gt=0, le=64)] | None = None,
    megapixels: Annotated[float, Field(gt=0, le=1024)] | None = None,
    like: Latents | None = None,
) -> Image:
    """Make pictures larger or smaller.

    Args:
        image: One or more.
        height: In pixels; null: as it is.
        width: In pixels; null: as it is.
        fit: Where the shape is another: stretch, fill what is left over with the colours of the edge, or crop what is
            too much.
        method: lanczos works in 8 bits as diffusers does it; the others in floating point, as torch does them.
        factor: Of both edges, in place of height and width.
        megapixels: How many 1024 × 1024 pixels the picture is to have, in its own shape, in place of height and width.
        like: The picture is to be as large as the one these latents stand for, in place of height and width.

    Example:
        thumbnail = resize_image(load_image("./photo.png"), height=32, width=32, fit="crop")
        assert thumbnail.samples.shape[2:] == (32, 32)
    """
    rows, columns = image.samples.shape[-2:]
    if sum(one is not None for one in (height if height is not None else width, factor, megapixels, like)) > 1:
        raise ValueError("give height and width, or factor, or megapixels, or like: one of the four")
    if megapixels is not None:
        factor = math.sqrt(megapixels * MEGA / (rows * columns))
    if factor is not None:
        height, width = max(1, round(rows * factor)), max(1, round(columns * factor))
    if like is not None:
        height, width = like.height, like.width
    size = (height or rows, width or columns)
    if method == "lanczos":
        return Image(resized(image.samples, *size, fit))
    if fit == "fill":
        raise ValueError(f"fill works with lanczos only, and method is {method!r}; take stretch or crop")
    return Image(interpolated(image.samples, *size, method, crop=fit == "crop"))


def interpolated(samples: Tensor, height: int, width: int, method: str, *, crop: bool = False) -> Tensor:
    """Numbers (B, C, H, W) of another size, by torch without antialiasing; for pictures and for latents.

    Args:
        samples: Of any range.
        height: Rows to make.
        width: Columns to make.
        method: As torch's interpolate calls it.
        crop: Cut them first, about the middle, to the shape that is wanted.
    """
    import torch.nn.functional as F

    if crop:
        samples = cut_to_shape(samples, height, width)
    if tuple(samples.shape[-2:]) == (height, width):
        return samples
    return F.interpolate(samples, size=(height, width), mode=method)


def cut_to_shape(samples: Tensor, height: int, width: int) -> Tensor:
    """The middle of (B, C, H, W) in the proportions of `height` and `width`."""
    rows, columns = samples.shape[-2:]
    given, wanted = columns / rows, width / height
    left = round((columns - columns * (wanted / given)) / 2) if given > wanted else 0
    top = round((rows - rows * (given / wanted)) / 2) if given < wanted else 0
    return samples[..., top : rows - top, left : columns - left]


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
