"""Which part of a picture inpainting works on: all of it, or only what is about the mask."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.handles import VAE, Denoiser
from latentgraph.nodes.latents import Edge, pixels_per_cell, trained_size
from latentgraph.nodes.masks import from_gray, same_size, to_gray
from latentgraph.nodes.pixels import from_pil, to_pil
from latentgraph.nodes.resize import Fit, resized_picture
from latentgraph.nodes.values import CropArea, Image, Mask


class InpaintArea(NamedTuple):
    """What is worked on.

    Attributes:
        image: The picture or a part of it, in the size that is worked in.
        mask: In the same size.
        area: Where the part lies in the picture; null where it is the whole.
    """

    image: Image
    mask: Mask
    area: CropArea | None


@node(category="image")
def inpaint_area(
    image: Image,
    mask: Mask,
    denoiser: Denoiser,
    vae: VAE,
    height: Edge | None = None,
    width: Edge | None = None,
    padding_mask_crop: Annotated[int, Field(ge=0)] | None = None,
) -> InpaintArea:
    """Bring a picture and its mask to the size that is worked in, or only the part about the mask.

    Args:
        image: Of any size.
        mask: Of the same size.
        denoiser: Of the model; tells the size it was trained on.
        vae: Of the model; tells how many pixels a latent cell is.
        height: To work in, in pixels; null: what the model was trained on.
        width: To work in, in pixels; null: what the model was trained on.
        padding_mask_crop: Work on the smallest part that holds all that is masked and this many pixels around it;
            null: on the whole picture.

    Example:
        model = load_model()
        photo, mask = load_image("./photo.png"), load_mask("./mask.png")
        image, mask, area = inpaint_area(photo, mask, model.denoiser, model.vae, padding_mask_crop=8)
    """
    import torch

    same_size(mask, *image.samples.shape[-2:])
    rows, columns = height, width
    if rows is None or columns is None:
        own = trained_size(denoiser.config, pixels_per_cell(vae.config))
        rows, columns = rows or own[0], columns or own[1]
    area = None if padding_mask_crop is None else area_of(mask, rows, columns, padding_mask_crop)
    fit: Fit = "stretch" if area is None else "fill"
    pictures, masks = [to_pil(one) for one in image.samples], [to_gray(one) for one in mask.samples]
    if area is not None:
        pictures, masks = ([one.crop(area.box) for one in several] for several in (pictures, masks))
    return InpaintArea(
        Image(torch.stack([from_pil(resized_picture(one, rows, columns, fit)) for one in pictures])),
        Mask(torch.stack([from_gray(resized_picture(one, rows, columns, fit)) for one in masks])),
        area,
    )


def area_of(mask: Mask, height: int, width: int, padding: int) -> CropArea:
    """The smallest part of a picture that holds all that is masked, of the shape that is worked in.

    Args:
        mask: Of one picture, in pixels of the picture.
        height: That is worked in, in pixels; with the width it gives the shape of the part.
        width: That is worked in, in pixels.
        padding: Around what is masked, in pixels.
    """
    from diffusers.image_processor import VaeImageProcessor

    if len(mask.samples) != 1:
        raise ValueError(f"there are {len(mask.samples)} masks; the part about the mask can be told of one only")
    if not mask.samples.any():
        raise ValueError("nothing is masked, so there is no part to work on; give a mask that is white somewhere")
    return CropArea(*VaeImageProcessor.get_crop_region(to_gray(mask.samples[0]), width, height, padding))


@node(category="image")
def overlay(image: Image, original: Image, mask: Mask, area: CropArea | None = None) -> Image:
    """Lay what was made into the picture where the mask is, and keep the picture's own pixels everywhere else.

    Args:
        image: What was made of the part.
        original: The whole picture.
        mask: Of the whole picture, before inpaint_area; where it is soft, both are mixed.
        area: Where the part lies; null: what was made is the whole, and stays as it is.

    Example:
        photo, mask = load_image("./photo.png"), load_mask("./mask.png")
        pasted = overlay(photo, photo, mask)
    """
    if area is None:
        return image
    import torch
    from diffusers.image_processor import VaeImageProcessor

    gray, whole = to_gray(mask.samples[0]), to_pil(original.samples[0])
    laid = [VaeImageProcessor().apply_overlay(gray, whole, to_pil(one), area.box) for one in image.samples]
    return Image(torch.stack([from_pil(one) for one in laid]))
