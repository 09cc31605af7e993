"""Float pictures to 8-bit pictures and back: the edge where Pillow comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import PIL.Image
    from torch import Tensor


def to_pil(samples: Tensor) -> PIL.Image.Image:
    """A picture of 8 bits a channel, each value rounded to the nearest as diffusers does it.

    Args:
        samples: float32 (3, H, W) in [0, 1], on the CPU.
    """
    import PIL.Image

    return PIL.Image.fromarray((samples.permute(1, 2, 0).numpy() * 255).round().astype("uint8"))


def from_pil(picture: PIL.Image.Image) -> Tensor:
    """float32 (3, H, W) in [0, 1] of a picture of any mode; what is transparent counts by its colour."""
    import numpy
    import torch

    return torch.from_numpy(numpy.array(picture.convert("RGB"), dtype="float32") / 255).permute(2, 0, 1).contiguous()
