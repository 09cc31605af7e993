"""Masks: where a picture is to be made anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from latentgraph.graph.access import ReadsFile
from latentgraph.graph.node import node
from latentgraph.nodes.image import PICTURE_SUFFIXES, read_image
from latentgraph.nodes.pixels import to_pil
from latentgraph.nodes.values import Image, Mask

if TYPE_CHECKING:
    import PIL.Image
    from torch import Tensor


@node(category="image")
def load_mask(path: Annotated[str, ReadsFile(PICTURE_SUFFIXES)]) -> Mask:
    """Read a mask from a picture file: white is made anew, black is kept.

    Args:
        path: Of a PNG, JPEG, WebP, BMP, GIF or TIFF file; of colours only the lightness counts.
    """
    picture = read_image(Path(path))
    return Mask(from_gray(to_pil(picture.samples[0])).unsqueeze(0))


@node(category="image")
def blur_mask(mask: Mask, blur_factor: Annotated[float, Field(ge=0)] = 4.0) -> Mask:
    """Soften the edge of a mask (Gaussian).

    Where a mask is applied, half and more counts as masked: a blur rounds its corners, and makes the seam soft where
    what was made is laid over the picture.

    Args:
        mask: One or more.
        blur_factor: Radius in pixels; 0 leaves it as it is.
    """
    if not blur_factor:
        return mask
    import torch
    from diffusers.image_processor import VaeImageProcessor

    soft = [VaeImageProcessor.blur(to_gray(one), blur_factor) for one in mask.samples]
    return Mask(torch.stack([from_gray(one) for one in soft]))


@node(category="image")
def mask_image(image: Image, mask: Mask) -> Image:
    """Paint over what is masked, in the gray that is nothing to the VAE.

    Args:
        image: One or more.
        mask: Of the same size.
    """
    import torch

    same_size(mask, *image.samples.shape[-2:])
    gray = torch.full_like(image.samples, 0.5)
    return Image(torch.where(mask.samples < 0.5, image.samples, gray))


def latent_mask(mask: Mask, like: Tensor, height: int, width: int) -> Tensor:
    """A mask for latents: 1 where masked and else 0, (B, 1, h, w), of the type and on the device of `like`.

    Args:
        mask: In pixels.
        like: Latents (B, C, h, w).
        height: Of the picture that the latents stand for, in pixels.
        width: Of the same.
    """
    import torch

    same_size(mask, height, width)
    hard = (mask.samples >= 0.5).float()
    small = torch.nn.functional.interpolate(hard, size=like.shape[-2:]).to(device=like.device, dtype=like.dtype)
    return small.repeat(len(like) // len(small), 1, 1, 1) if len(small) < len(like) else small


def same_size(mask: Mask, height: int, width: int) -> None:
    """Hold that a mask is as large as its picture.

    Raises:
        ValueError: It is not.
    """
    rows, columns = mask.samples.shape[-2:]
    if (rows, columns) != (height, width):
        raise ValueError(
            f"the mask is {columns} × {rows} pixels, the picture {width} × {height}; "
            "give a mask of the picture's size, and resize both by inpaint_area"
        )


def to_gray(samples: Tensor) -> PIL.Image.Image:
    """A mask (1, H, W) as a Pillow picture of 8 bits."""
    import PIL.Image

    return PIL.Image.fromarray((samples[0].numpy() * 255).round().astype("uint8"))


def from_gray(picture: PIL.Image.Image) -> Tensor:
    """float32 (1, H, W) in [0, 1] of the lightness of a Pillow picture."""
    import numpy
    import torch

    return torch.from_numpy(numpy.array(picture.convert("L"), dtype="float32") / 255).unsqueeze(0)
