"""Noise levels as k-diffusion counts them: sigma, the deviation of the noise in latents whose picture keeps its size.

Each of the rules here gives the levels of a run from the table of those that the model was trained on, falling and
with 0 at the end. Sources stand with each; all computing is in float64, and the result is rounded once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from torch import Tensor

Kind = Literal[
    "normal",
    "simple",
    "sgm_uniform",
    "karras",
    "exponential",
    "ddim_uniform",
    "beta",
    "linear_quadratic",
    "kl_optimal",
    "turbo",
]
RHO: Final = 7.0
"""Karras et al. 2022, section 3."""
LAST_SHARE: Final = 4.8973451890853435e-08
"""Of the picture, at the last timestep of a model that was trained without any there (Lin et al. 2023)."""
TURBO_LEVELS: Final = 10
"""SDXL Turbo and SD Turbo were distilled on every hundredth timestep (Sauer et al. 2023)."""


@dataclass(frozen=True)
class TrainedLevels:
    """The noise levels that a model was trained on."""

    sigmas: Tensor
    """Float64 (N,), rising; one for each timestep from 0 on."""

    @classmethod
    def of(cls, scheduler: Any) -> TrainedLevels:
        """Those of a diffusers scheduler, from its betas."""
        import torch

        left: Tensor = torch.cumprod(1.0 - scheduler.betas.double(), dim=0)  # Of the picture, squared.
        left = left.clamp(min=LAST_SHARE)
        return cls(((1 - left) / left).sqrt())

    @property
    def lowest(self) -> float:
        """That of timestep 0."""
        return float(self.sigmas[0])

    @property
    def highest(self) -> float:
        """That of the last timestep."""
        return float(self.sigmas[-1])

    def at(self, timesteps: Tensor) -> Tensor:
        """The levels of timesteps, between two trained ones by their logarithms."""
        logs, last = self.sigmas.log(), len(self.sigmas) - 1
        below = timesteps.double().clamp(0, last).floor().long()
        above = (below + 1).clamp(max=last)
        share = timesteps.double().clamp(0, last) - below
        return ((1 - share) * logs[below] + share * logs[above]).exp()

    def timesteps(self, sigmas: Tensor) -> Tensor:
        """The trained timestep whose level is nearest to each, by their logarithms; int64."""
        logs = sigmas.double().clamp(min=1e-10).log()
        nearest: Tensor = (logs[:, None] - self.sigmas.log()[None, :]).abs().argmin(dim=1)
        return nearest


def levels(
    kind: Kind,
    trained: TrainedLevels,
    steps: int,
    *,
    highest: float | None = None,
    lowest: float | None = None,
    rho: float = RHO,
    turbo_start: int = 0,
) -> Tensor:
    """The noise levels of a run: float32, `steps` + 1 as a rule, falling, the last one 0.

    Args:
        kind: Which rule.
        trained: Those of the model.
        steps: How many.
        highest: To begin at, for the rules that only know an interval; None: the highest of the model.
        lowest: To end at before 0; None: the lowest of the model.
        rho: Of `karras`: the greater, the more steps near the picture.
        turbo_start: Of `turbo`: how many of its ten levels to leave out at the beginning.
    """
    import torch

    if kind == "turbo":
        made = turbo(trained, steps, turbo_start)
    elif kind in INTERVALS:
        ends = (trained.highest if highest is None else highest, trained.lowest if lowest is None else lowest)
        made = karras(*ends, steps, rho) if kind == "karras" else INTERVALS[kind](*ends, steps)
    else:
        made = TABLES[kind](trained, steps)
    return torch.cat([made.double(), torch.zeros(1, dtype=torch.float64)]).float()


def normal(trained: TrainedLevels, steps: int) -> Tensor:
    """Timesteps at even distances, from the last to the first (diffusers' spacing `linspace`)."""
    import torch

    return trained.at(torch.linspace(len(trained.sigmas) - 1, 0, steps, dtype=torch.float64))


def sgm_uniform(trained: TrainedLevels, steps: int) -> Tensor:
    """Timesteps at even distances, the last of which would be the first of the training (Stability's own code)."""
    import torch

    return trained.at(torch.linspace(len(trained.sigmas) - 1, 0, steps + 1, dtype=torch.float64)[:-1])


def simple(trained: TrainedLevels, steps: int) -> Tensor:
    """Trained levels at even distances of their numbers, from the last on."""
    import torch

    count = len(trained.sigmas)
    return trained.sigmas[torch.tensor([count - 1 - int(step * count / steps) for step in range(steps)])]


def ddim_uniform(trained: TrainedLevels, steps: int) -> Tensor:
    """Every n-th trained level from the second on (Song et al. 2020, DDIM); often one more than was asked for."""
    return trained.sigmas[1 :: max(len(trained.sigmas) // steps, 1)].flip(0)


def beta(trained: TrainedLevels, steps: int) -> Tensor:
    """Timesteps by the quantiles of a beta distribution, more at both ends (Lee et al. 2024, alpha = beta = 0.6)."""
    import numpy
    import torch
    from scipy import stats

    shares = 1 - numpy.linspace(0, 1, steps, endpoint=False)
    numbers = numpy.rint(stats.beta.ppf(shares, 0.6, 0.6) * (len(trained.sigmas) - 1)).astype(int)
    once = [int(one) for place, one in enumerate(numbers) if place == 0 or one != numbers[place - 1]]
    return trained.sigmas[torch.tensor(once)]


def linear_quadratic(trained: TrainedLevels, steps: int, threshold: float = 0.025) -> Tensor:
    """Falling in a straight line over the first half, and by a parabola that joins it smoothly over the second.

    In shares of the highest level, of which the line takes `threshold` (Polyak et al. 2024, Movie Gen, section 3.4).
    """
    import torch

    if steps == 1:
        return torch.tensor([trained.highest])
    line = steps // 2
    slope, left = threshold / line, steps - line
    bend = (line - threshold * steps) / (line * left**2)
    taken = [
        slope * step if step < line else bend * (step**2 + line**2) + (slope - 2 * bend * line) * step
        for step in range(steps)
    ]
    return (1 - torch.tensor(taken, dtype=torch.float64)) * trained.highest


def karras(highest: float, lowest: float, steps: int, rho: float = RHO) -> Tensor:
    """Even distances of the levels' `rho`-th roots (Karras et al. 2022, eq. 5)."""
    import torch

    return torch.linspace(highest ** (1 / rho), lowest ** (1 / rho), steps, dtype=torch.float64) ** rho


def exponential(highest: float, lowest: float, steps: int) -> Tensor:
    """Even distances of the levels' logarithms."""
    import torch

    return torch.linspace(math.log(highest), math.log(lowest), steps, dtype=torch.float64).exp()


def kl_optimal(highest: float, lowest: float, steps: int) -> Tensor:
    """Even distances of the levels' arcus tangens (Sabour et al. 2024, Align Your Steps, eq. 30)."""
    import torch

    return torch.linspace(math.atan(highest), math.atan(lowest), steps, dtype=torch.float64).tan()


def turbo(trained: TrainedLevels, steps: int, start: int = 0) -> Tensor:
    """The first of ten trained levels at even distances."""
    import torch

    distance = len(trained.sigmas) // TURBO_LEVELS
    chosen = torch.arange(TURBO_LEVELS, 0, -1)[start : start + steps] * distance - 1
    return trained.sigmas[chosen]


TABLES: Final[Mapping[str, Callable[[TrainedLevels, int], Tensor]]] = {
    "normal": normal,
    "simple": simple,
    "sgm_uniform": sgm_uniform,
    "ddim_uniform": ddim_uniform,
    "beta": beta,
    "linear_quadratic": linear_quadratic,
}
"""Rules that choose among the trained levels."""
INTERVALS: Final[Mapping[str, Callable[[float, float, int], Tensor]]] = {
    "karras": karras,
    "exponential": exponential,
    "kl_optimal": kl_optimal,
}
"""Rules that only know the highest and the lowest level."""
