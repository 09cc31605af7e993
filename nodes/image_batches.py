"""Several pictures as one batch, and parts of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.values import Image


@node(category="image")
def join_images(first: Image, second: Image) -> Image:
    """Put pictures of one size together into one batch.

    Args:
        first: One or more.
        second: What comes behind them, of the same size.

    Example:
        photo = load_image("./photo.png")
        both = join_images(photo, invert_image(photo))
        assert len(both.samples) == 2
    """
    import torch

    sizes = [one.samples.shape[-2:] for one in (first, second)]
    if sizes[0] != sizes[1]:
        (rows, columns), (other_rows, other_columns) = sizes
        raise ValueError(
            f"the first are {columns} × {rows} pixels, the second {other_columns} × {other_rows}; "
            "bring them to one size by resize_image"
        )
    return Image(torch.cat([first.samples, second.samples]))


@node(category="image")
def repeat_images(image: Image, amount: Annotated[int, Field(ge=1, le=4096)] = 1) -> Image:
    """Repeat a batch of pictures: all of them, and then all of them again.

    Args:
        image: One or more.
        amount: How often they are there.

    Example:
        four = repeat_images(load_image("./photo.png"), amount=4)
        assert len(four.samples) == 4
    """
    return Image(image.samples.repeat(amount, 1, 1, 1))


@node(category="image")
def pick_images(image: Image, first: Annotated[int, Field(ge=0)] = 0, count: Annotated[int, Field(ge=1)] = 1) -> Image:
    """Take a part of a batch of pictures.

    Args:
        image: Several.
        first: The place of the first one to take, counted from 0; one past the end takes the last.
        count: How many; where there are fewer, those that there are.

    Example:
        last = pick_images(load_images("./photos"), first=1)
        assert len(last.samples) == 1
    """
    begin = min(first, len(image.samples) - 1)
    return Image(image.samples[begin : begin + count].clone())
