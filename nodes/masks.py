"""Masks: where a picture is to be made anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from latentgraph.graph.access import ReadsFile
from latentgraph.graph.node import node
from latentgraph.nodes.image import PICTURE_SUFFIXES, opened_picture, read_image
from latentgraph.nodes.pixels import to_pil
from latentgraph.nodes.resize import interpolated
from latentgraph.nodes.values import Image, Mask

if TYPE_CHECKING:
    import PIL.Image
    from torch import Tensor


Channel = Literal["lightness", "red", "green", "blue"]
FileChannel = Literal["lightness", "red", "green", "blue", "alpha"]


@node(category="image")
def load_mask(path: Annotated[str, ReadsFile(PICTURE_SUFFIXES)], channel: FileChannel = "lightness") -> Mask:
    """Read a mask from a picture file: white is made anew, black is kept.

    Args:
        path: Of a PNG, JPEG, WebP, BMP, GIF or TIFF file.
        channel: Which of its channels counts. Of alpha what is transparent is made anew, and of a picture without
            alpha nothing is.

    Example:
        mask = load_mask("./mask.png")
        assert mask.samples.shape[:2] == (1, 1)
    """
    if channel == "alpha":
        return Mask(transparency(Path(path)).unsqueeze(0))
    return image_to_mask(read_image(Path(path)), channel)


@node(category="image")
def image_to_mask(image: Image, channel: Channel = "lightness") -> Mask:
    """Take a mask from pictures.

    Args:
        image: One or more.
        channel: Which of their channels counts.

    Example:
        mask = image_to_mask(load_image("./photo.png"), channel="red")
    """
    import torch

    if channel == "lightness":
        return Mask(torch.stack([from_gray(to_pil(one)) for one in image.samples]))
    number = ("red", "green", "blue").index(channel)
    return Mask(image.samples[:, number : number + 1].clone())


@node(category="image")
def mask_to_image(mask: Mask) -> Image:
    """Show masks as pictures: white where they apply.

    Args:
        mask: One or more.

    Example:
        picture = mask_to_image(load_mask("./mask.png"))
    """
    return Image(mask.samples.expand(-1, 3, -1, -1).contiguous())


@node(category="image")
def invert_mask(mask: Mask) -> Mask:
    """Turn a mask round: what was kept is made anew.

    Args:
        mask: One or more.

    Example:
        around = invert_mask(load_mask("./mask.png"))
    """
    return Mask(1 - mask.samples)


@node(category="image")
def resize_mask(mask: Mask, like: Image) -> Mask:
    """Give a mask the size of a picture (bilinear).

    Args:
        mask: One or more, of any size.
        like: Of the size that is wanted.

    Example:
        larger = resize_image(load_image("./photo.png"), height=128, width=128)
        mask = resize_mask(load_mask("./mask.png"), larger)
    """
    return Mask(interpolated(mask.samples, like.samples.shape[-2], like.samples.shape[-1], "bilinear"))


@node(category="image")
def grow_mask(mask: Mask, pixels: Annotated[int, Field(ge=0, le=1024)] = 6) -> Mask:
    """Let a mask reach further, so that what is made anew has room for its seam.

    Args:
        mask: One or more; half and more counts as masked, and all of what comes out of it is 0 or 1.
        pixels: Edge of the square that each masked pixel becomes; 0 and 1 make it no larger.

    Example:
        larger = grow_mask(load_mask("./mask.png"), pixels=6)
    """
    import torch

    hard = mask.samples.round()
    if pixels > 1:
        # Of an even square one row and one column more lie to the right and below.
        before, after = pixels // 2, (pixels - 1) // 2
        padded = torch.nn.functional.pad(hard, (before, after, before, after))
        hard = torch.nn.functional.max_pool2d(padded, pixels, stride=1)
    return Mask(hard)


@node(category="image")
def blur_mask(mask: Mask, blur_factor: Annotated[float, Field(ge=0)] = 4.0) -> Mask:
    """Soften the edge of a mask (Gaussian).

    Where a mask is applied, half and more counts as masked: a blur rounds its corners, and makes the seam soft where
    what was made is laid over the picture.

    Args:
        mask: One or more.
        blur_factor: Radius in pixels; 0 leaves it as it is.

    Example:
        soft = blur_mask(load_mask("./mask.png"), blur_factor=4.0)
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

    Example:
        kept = mask_image(load_image("./photo.png"), load_mask("./mask.png"))
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


def soft_latent_mask(mask: Mask, like: Tensor) -> Tensor:
    """A mask for latents as soft as it is: bilinear, (B, 1, h, w) in [0, 1], of the type and on the device of `like`.

    Args:
        mask: In pixels, of any size.
        like: Latents (B, C, h, w).
    """
    small = interpolated(mask.samples, like.shape[-2], like.shape[-1], "bilinear").to(like)
    return small.repeat(-(-len(like) // len(small)), 1, 1, 1)[: len(like)] if len(small) != len(like) else small


def transparency(path: Path) -> Tensor:
    """float32 (1, H, W): 1 where the picture in a file is transparent; 0 everywhere in one without alpha.

    Raises:
        ValueError: It is no picture, or a damaged one.
    """
    import numpy
    import torch

    with opened_picture(path) as picture:
        clear = picture.convert("RGBA") if "transparency" in picture.info else picture
        if "A" not in clear.getbands():
            return torch.zeros(1, picture.height, picture.width)
        alpha = numpy.array(clear.getchannel("A"), dtype="float32") / 255
    return 1 - torch.from_numpy(alpha).unsqueeze(0)


def to_gray(samples: Tensor) -> PIL.Image.Image:
    """A mask (1, H, W) as a Pillow picture of 8 bits."""
    import PIL.Image

    return PIL.Image.fromarray((samples[0].numpy() * 255).round().astype("uint8"))


def from_gray(picture: PIL.Image.Image) -> Tensor:
    """float32 (1, H, W) in [0, 1] of the lightness of a Pillow picture."""
    import numpy
    import torch

    return torch.from_numpy(numpy.array(picture.convert("L"), dtype="float32") / 255).unsqueeze(0)
