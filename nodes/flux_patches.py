"""How Flux's transformer reads latents: in patches of 2 × 2 cells, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from torch import Tensor

PATCH: Final = 2
"""Edge of a patch in latent cells."""


def packed(latents: Tensor) -> Tensor:
    """Latents (B, C, h, w) as patches from the upper left on, row by row, (B, h/2 · w/2, 4C).

    Raises:
        ValueError: h or w is odd.
    """
    rows, channels, height, width = latents.shape
    if height % PATCH or width % PATCH:
        raise ValueError(
            f"latents are {height} × {width} cells, and Flux reads patches of {PATCH} × {PATCH}; "
            "draw the noise by draw_noise_flux, which rounds the size"
        )
    patches = latents.view(rows, channels, height // PATCH, PATCH, width // PATCH, PATCH).permute(0, 2, 4, 1, 3, 5)
    return patches.reshape(rows, (height // PATCH) * (width // PATCH), channels * PATCH * PATCH)


def unpacked(patches: Tensor, height: int, width: int) -> Tensor:
    """The way back, from (B, h/2 · w/2, 4C) to (B, C, h, w).

    Args:
        patches: As `packed` gives them.
        height: h, in cells.
        width: w, in cells.
    """
    rows, _, numbers = patches.shape
    channels = numbers // (PATCH * PATCH)
    cells = patches.view(rows, height // PATCH, width // PATCH, channels, PATCH, PATCH).permute(0, 3, 1, 4, 2, 5)
    return cells.reshape(rows, channels, height, width)


def patch_positions(height: int, width: int) -> Tensor:
    """Where each patch of latents of h × w cells lies: 0, row, column, float32 (h/2 · w/2, 3), on the CPU.

    The transformer turns its attention by them (rotary embeddings); a token of the text is at (0, 0, 0).
    """
    import torch

    rows, columns = torch.meshgrid(torch.arange(height // PATCH), torch.arange(width // PATCH), indexing="ij")
    places = torch.stack([torch.zeros_like(rows), rows, columns], dim=-1)
    return places.reshape(-1, 3).to(torch.float32)
