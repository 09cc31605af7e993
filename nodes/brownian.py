"""Noise that is the difference of one Brownian motion between two noise levels, as k-diffusion's SDE samplers take it.

However a run is cut into steps, it sees the same motion: with more steps the picture changes little (Li et al. 2020,
"Scalable gradients for stochastic differential equations", the virtual Brownian tree).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from torch import Tensor

SEED: Final = "brownian_seed"
"""Attribute of a scheduler whose steps take their noise from a Brownian motion with this seed."""


def step_noise(scheduler: Any, like: Tensor) -> Tensor:
    """The noise of deviation 1 for the step that a scheduler is at; zeros for one that ends at 0.

    Args:
        scheduler: A live one with `sigmas` and the attribute `SEED`.
        like: Latents (B, C, h, w), on whose device the motion is.
    """
    import torch

    sigmas: Tensor = scheduler.sigmas
    place = scheduler.step_index if scheduler.step_index is not None else scheduler.begin_index
    before, after = float(sigmas[place]), float(sigmas[place + 1])
    if after == 0:
        return torch.zeros_like(like)
    ends = float(sigmas[sigmas > 0].min()), float(sigmas.max())
    return difference(getattr(scheduler, SEED), ends, (before, after), like)


def difference(seed: int, ends: Sequence[float], levels: Sequence[float], like: Tensor) -> Tensor:
    """The motion between two levels, from the first to the second, divided by the root of their distance.

    Args:
        seed: Of the motion.
        ends: The lowest and the highest level that it is known between.
        levels: Falling.
        like: Whose shape, type and device it has.
    """
    import torchsde

    low, high = ends
    motion = torchsde.BrownianInterval(
        low, high, size=like.shape, dtype=like.dtype, device=like.device, entropy=seed, tol=1e-6, pool_size=24,
        halfway_tree=True,
    )  # fmt: skip
    before, after = (min(max(one, low), high) for one in levels)
    drawn: Tensor = motion(after, before)
    return -drawn / math.sqrt(before - after)
