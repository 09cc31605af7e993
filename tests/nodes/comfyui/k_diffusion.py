"""k-diffusion's samplers, written anew from the papers for the tests: in float64, of any denoiser of x and sigma.

Each takes the noise levels of a run, rising in number from the noise to the picture, and steps from `x` on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from scipy import integrate
from torch import Tensor

Denoiser = Callable[[Tensor, float], Tensor]
Noise = Callable[[], Tensor]
Between = Callable[[float, float], Tensor]
"""Noise of deviation 1 for the step from one level to another."""


def gaussian(deviation: float) -> Denoiser:
    """The perfect denoiser of data of mean 0 and this deviation."""
    return lambda x, sigma: x * deviation**2 / (deviation**2 + sigma**2)


def ancestral(before: float, after: float) -> tuple[float, float]:
    """How far a step goes down and how much noise it adds (Song et al. 2020, ancestral sampling)."""
    up = after * math.sqrt(before**2 - after**2) / before
    return math.sqrt(max(after**2 - up**2, 0.0)), up


def pairs(sigmas: Sequence[float]) -> list[tuple[float, float]]:
    return list(pairwise(sigmas))


def euler(x: Tensor, sigmas: Sequence[float], denoiser: Denoiser, noise: Noise) -> Tensor:
    """Karras et al. 2022, algorithm 1 without its second half."""
    for before, after in pairs(sigmas):
        x = x + (x - denoiser(x, before)) / before * (after - before)
    return x


def euler_ancestral(x: Tensor, sigmas: Sequence[float], denoiser: Denoiser, noise: Noise) -> Tensor:
    for before, after in pairs(sigmas):
        down, up = ancestral(before, after)
        x = x + (x - denoiser(x, before)) / before * (down - before)
        if after > 0:
            x = x + noise() * up
    return x


def ddpm(x: Tensor, sigmas: Sequence[float], denoiser: Denoiser, noise: Noise) -> Tensor:
    """Ho et al. 2020, algorithm 2, in latents of deviation 1; between levels that may lie anywhere."""
    for before, after in pairs(sigmas):
        left, next_left = 1 / (1 + before**2), 1 / (1 + after**2)
        alpha = left / next_left
        predicted = (x - denoiser(x, before)) / before
        scaled = x * math.sqrt(left)
        mean = (scaled - (1 - alpha) / math.sqrt(1 - left) * predicted) / math.sqrt(alpha)
        if after > 0:
            mean = mean + noise() * math.sqrt((1 - alpha) * (1 - next_left) / (1 - left))
        x = mean / math.sqrt(next_left)
    return x


def heun(x: Tensor, sigmas: Sequence[float], denoiser: Denoiser, noise: Noise) -> Tensor:
    """Karras et al. 2022, algorithm 1."""
    for before, after in pairs(sigmas):
        slope = (x - denoiser(x, before)) / before
        ahead = x + slope * (after - before)
        if after > 0:
            slope = (slope + (ahead - denoiser(ahead, after)) / after) / 2
        x = x + slope * (after - before)
    return x


def dpm_2(x: Tensor, sigmas: Sequence[float], denoiser: Denoiser, noise: Noise) -> Tensor:
    """Lu et al. 2022, DPM-Solver-2, with the level between halfway by logarithms."""
    for before, after in pairs(sigmas):
        x = _midpoint(x, before, after, denoiser)
    return x


def dpm_2_ancestral(x: Tensor, sigmas: Sequence[float], denoiser: Denoiser, noise: Noise) -> Tensor:
    for before, after in pairs(sigmas):
        down, up = ancestral(before, after)
        x = _midpoint(x, before, down, denoiser)
        if after > 0:
            x = x + noise() * up
    return x


def _midpoint(x: Tensor, before: float, after: float, denoiser: Denoiser) -> Tensor:
    slope = (x - denoiser(x, before)) / before
    if after > 0:
        between = math.sqrt(before * after)
        middle = x + slope * (between - before)
        slope = (middle - denoiser(middle, between)) / between
    return x + slope * (after - before)


def lms(x: Tensor, sigmas: Sequence[float], denoiser: Denoiser, noise: Noise) -> Tensor:
    """A linear multistep method: the slopes of up to four steps as a polynomial, integrated."""
    slopes: list[Tensor] = []
    for place, (before, after) in enumerate(pairs(sigmas)):
        slopes.append((x - denoiser(x, before)) / before)
        order = min(place + 1, 4)
        for one in range(order):
            others = [other for other in range(order) if other != one]

            def basis(level: float, one: int = one, others: list[int] = others, place: int = place) -> float:
                ends = [(level - sigmas[place - k]) / (sigmas[place - one] - sigmas[place - k]) for k in others]
                return math.prod(ends)

            x = x + integrate.quad(basis, before, after, epsrel=1e-4)[0] * slopes[place - one]
    return x


def dpmpp_2m(x: Tensor, sigmas: Sequence[float], denoiser: Denoiser, noise: Noise) -> Tensor:
    """Lu et al. 2022, DPM-Solver++ (2M), algorithm 2."""
    return _exponential(x, sigmas, denoiser, lambda h, r: -math.expm1(-h) / (2 * r))


def res_multistep(x: Tensor, sigmas: Sequence[float], denoiser: Denoiser, noise: Noise) -> Tensor:
    """Zhang et al. 2023, Improved order analysis (RES), the multistep method of order 2 with data prediction."""

    def weight(h: float, r: float) -> float:
        second = (math.exp(-h) - 1 + h) / h**2  # phi_2(-h)
        return h * second / r

    return _exponential(x, sigmas, denoiser, weight)


def _exponential(
    x: Tensor, sigmas: Sequence[float], denoiser: Denoiser, weight: Callable[[float, float], float]
) -> Tensor:
    """x_next = e^-h x + (1 - e^-h) D + weight(h, r) (D - D_before), with h and r of the levels' logarithms."""
    earlier: Tensor | None = None
    for place, (before, after) in enumerate(pairs(sigmas)):
        clean = denoiser(x, before)
        if after == 0:
            return clean
        h = math.log(before / after)
        x_next = after / before * x - math.expm1(-h) * clean
        if earlier is not None:
            x_next = x_next + weight(h, math.log(sigmas[place - 1] / before) / h) * (clean - earlier)
        x, earlier = x_next, clean
    return x


def dpmpp_2m_sde(x: Tensor, sigmas: Sequence[float], denoiser: Denoiser, noise: Between) -> Tensor:
    """Lu et al. 2022, SDE-DPM-Solver++ (2M), eq. 18, by its midpoint."""
    return _multistep_sde(x, sigmas, denoiser, noise, lambda h: -math.expm1(-2 * h) / 2)


def dpmpp_2m_sde_heun(x: Tensor, sigmas: Sequence[float], denoiser: Denoiser, noise: Between) -> Tensor:
    """The same with the exact weight of a slope that is a straight line."""
    return _multistep_sde(x, sigmas, denoiser, noise, lambda h: 1 + math.expm1(-2 * h) / (2 * h))


def _multistep_sde(
    x: Tensor, sigmas: Sequence[float], denoiser: Denoiser, noise: Between, weight: Callable[[float], float]
) -> Tensor:
    earlier: Tensor | None = None
    for place, (before, after) in enumerate(pairs(sigmas)):
        clean = denoiser(x, before)
        if after == 0:
            return clean
        h = math.log(before / after)
        share = -math.expm1(-2 * h)
        x_next = after / before * math.exp(-h) * x + share * clean
        if earlier is not None:
            x_next = x_next + weight(h) / (math.log(sigmas[place - 1] / before) / h) * (clean - earlier)
        x, earlier = x_next + after * math.sqrt(share) * noise(before, after), clean
    return x


def dpmpp_sde(x: Tensor, sigmas: Sequence[float], denoiser: Denoiser, noise: Between) -> Tensor:
    """Lu et al. 2022, DPM-Solver++ (2S), its steps ancestral, with the level between halfway by logarithms."""
    for before, after in pairs(sigmas):
        clean = denoiser(x, before)
        if after == 0:
            return clean
        between = math.sqrt(before * after)
        middle = _exponential_ancestral(x, clean, before, between, noise)
        x = _exponential_ancestral(x, denoiser(middle, between), before, after, noise)
    return x


def _exponential_ancestral(x: Tensor, clean: Tensor, before: float, after: float, noise: Between) -> Tensor:
    down, up = ancestral(before, after)
    return down / before * x + (1 - down / before) * clean + up * noise(before, after)


def lcm(x: Tensor, sigmas: Sequence[float], denoiser: Denoiser, noise: Noise) -> Tensor:
    """Luo et al. 2023, multistep sampling of a consistency function."""
    for before, after in pairs(sigmas):
        x = denoiser(x, before)
        if after > 0:
            x = x + after * noise()
    return x


def generator(seed: int, shape: Sequence[int]) -> Noise:
    """Noise as a generator of the CPU gives it."""
    source = torch.Generator("cpu").manual_seed(seed)
    return lambda: torch.randn(tuple(shape), generator=source).double()


def brownian(seed: int, shape: Sequence[int], sigmas: Sequence[float]) -> Between:
    """Noise as the differences of a Brownian motion over the levels, one motion for a whole run."""
    import torchsde

    ends = min(one for one in sigmas if one > 0), max(sigmas)
    motion = torchsde.BrownianInterval(
        *ends, size=tuple(shape), dtype=torch.float32, entropy=seed, tol=1e-6, pool_size=24, halfway_tree=True
    )

    def between(before: float, after: float) -> Tensor:
        drawn: Tensor = motion(*(min(max(one, ends[0]), ends[1]) for one in (after, before)))
        return drawn.double() / math.sqrt(before - after) * -1

    return between
