"""Room around a picture, for inpainting to fill: outpainting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.values import Image, Mask

if TYPE_CHECKING:
    from torch import Tensor

Edge = Annotated[int, Field(ge=0, le=16384)]


class Padded(NamedTuple):
    """Pictures with room around them.

    Attributes:
        image: Gray where there is room.
        mask: Of the room, and softly of the seam inside the picture.
    """

    image: Image
    mask: Mask


@node(category="image")
def pad_image(
    image: Image, left: Edge = 0, top: Edge = 0, right: Edge = 0, bottom: Edge = 0, feathering: Edge = 40
) -> Padded:
    """Give pictures room around them, and mask it.

    Args:
        image: One or more.
        left: Pixels of room.
        top: Pixels of room.
        right: Pixels of room.
        bottom: Pixels of room.
        feathering: How far the mask reaches into the picture where there is room beside it, in pixels: from 1 at the
            edge, by the square of what is left of the way. 0, or half of the picture and more, is no feathering.

    Example:
        image, mask = pad_image(load_image("./photo.png"), right=32, feathering=8)
        assert image.samples.shape[-1] == 96
    """
    import torch

    rows, columns = image.samples.shape[-2:]
    shape = (len(image.samples), 3, rows + top + bottom, columns + left + right)
    padded = torch.full(shape, 0.5)
    padded[..., top : top + rows, left : left + columns] = image.samples
    mask = torch.ones(1, 1, *shape[-2:])
    mask[..., top : top + rows, left : left + columns] = seam((rows, columns), (left, top, right, bottom), feathering)
    return Padded(Image(padded), Mask(mask))


def seam(size: tuple[int, int], room: tuple[int, int, int, int], feathering: int) -> Tensor:
    """The mask inside the picture: ((feathering - distance) / feathering)², the distance that to an edge with room.

    Args:
        size: Rows and columns of the picture.
        room: Left, top, right and bottom.
        feathering: In pixels.

    Returns:
        float32 (rows, columns) in [0, 1].
    """
    import torch

    rows, columns = size
    if feathering <= 0 or 2 * feathering >= min(size):
        return torch.zeros(size)
    left, top, right, bottom = room
    far = torch.full((1,), float(max(size)))
    down, across = torch.arange(rows, dtype=torch.float32), torch.arange(columns, dtype=torch.float32)
    vertical = torch.minimum(down if top else far.expand(rows), rows - down if bottom else far.expand(rows))
    horizontal = torch.minimum(
        across if left else far.expand(columns), columns - across if right else far.expand(columns)
    )
    distance = torch.minimum(vertical[:, None], horizontal[None, :])
    return ((feathering - distance).clamp(min=0) / feathering) ** 2
