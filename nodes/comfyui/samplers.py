"""ComfyUI's samplers and schedulers, and what each becomes here.

`equal`: the same numbers as k-diffusion's formulas, but for rounding; a test holds it against them. `close`: the same
method with other noise, another order or another last step, so that the picture differs in details. `missing`:
diffusers has nothing like it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Literal

Likeness = Literal["equal", "close", "missing"]


@dataclass(frozen=True, slots=True)
class Sampler:
    """A sampler of ComfyUI."""

    class_name: str
    """The scheduler class of diffusers; of a missing one, empty."""
    likeness: Likeness
    remark: str
    """A sentence without a full stop: what differs, or what it is."""
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Of the class."""
    noisy: bool = False
    """Whether its steps add noise, drawn by a generator of their own."""
    seeded: bool = False
    """Whether its noise is that of a Brownian motion with a seed of its own."""
    nearest: str = ""
    """Of a missing one: the sampler to take instead."""


def _of(class_name: str, likeness: Likeness, remark: str, *, noisy: bool = False, **options: Any) -> Sampler:
    return Sampler(class_name, likeness, remark, MappingProxyType(options), noisy)


def _missing(nearest: str, remark: str) -> Sampler:
    return Sampler("", "missing", remark, nearest=nearest)


_MULTISTEP: Final = "DPMSolverMultistepScheduler"
_SDE: Final[Mapping[str, Any]] = {"algorithm_type": "sde-dpmsolver++", "lower_order_final": False}
_BROWNIAN: Final = Sampler(
    "DPMSolverSDEScheduler", "equal", "DPM-Solver++ with noise of a Brownian tree, two calls a step", seeded=True
)
_CFG_PP: Final = "CFG++ steps by the unguided prediction, which no scheduler of diffusers is given"


def _multistep_sde(solver_type: str) -> Sampler:
    options = {"algorithm_type": "sde-dpmsolver++", "lower_order_final": False, "solver_type": solver_type}
    remark = "DPM-Solver++ of order 2 with noise of a Brownian tree"
    return Sampler(_MULTISTEP, "equal", remark, MappingProxyType(options), seeded=True)


SAMPLERS: Final[Mapping[str, Sampler]] = MappingProxyType(
    {
        "euler": _of("EulerDiscreteScheduler", "equal", "Euler's method"),
        "euler_cfg_pp": _missing("euler", _CFG_PP),
        "euler_ancestral": _of(
            "EulerAncestralDiscreteScheduler", "equal", "Euler's method with new noise at each step", noisy=True
        ),
        "euler_ancestral_cfg_pp": _missing("euler_ancestral", _CFG_PP),
        "heun": _of("HeunDiscreteScheduler", "equal", "Heun's method, two calls a step"),
        "heunpp2": _missing("heun", "it looks at a third level in each step"),
        "exp_heun_2_x0": _missing("heun", "an exponential Heun's method, two calls a step"),
        "exp_heun_2_x0_sde": _missing("dpmpp_2m_sde_heun", "an exponential Heun's method with noise, two calls a step"),
        "dpm_2": _of("KDPM2DiscreteScheduler", "equal", "DPM-Solver-2, two calls a step"),
        "dpm_2_ancestral": _of(
            "KDPM2AncestralDiscreteScheduler", "equal", "DPM-Solver-2 with new noise at each step", noisy=True
        ),
        "lms": _of("LMSDiscreteScheduler", "equal", "a linear multistep method of order 4"),
        "dpm_fast": _missing("dpmpp_2m", "it spreads its own levels by the number of calls"),
        "dpm_adaptive": _missing("dpmpp_2m", "it chooses its steps as it goes"),
        "dpmpp_2s_ancestral": _missing("dpmpp_sde", "it looks at a level between and adds noise, two calls a step"),
        "dpmpp_2s_ancestral_cfg_pp": _missing("dpmpp_sde", _CFG_PP),
        "dpmpp_sde": _BROWNIAN,
        "dpmpp_sde_gpu": _BROWNIAN,
        "dpmpp_2m": _of(_MULTISTEP, "equal", "DPM-Solver++ of order 2", algorithm_type="dpmsolver++"),
        "dpmpp_2m_cfg_pp": _missing("dpmpp_2m", _CFG_PP),
        **dict.fromkeys(("dpmpp_2m_sde", "dpmpp_2m_sde_gpu"), _multistep_sde("midpoint")),
        **dict.fromkeys(("dpmpp_2m_sde_heun", "dpmpp_2m_sde_heun_gpu"), _multistep_sde("heun")),
        **dict.fromkeys(
            ("dpmpp_3m_sde", "dpmpp_3m_sde_gpu"),
            replace(
                _multistep_sde("heun"),
                likeness="close",
                remark="of order 2, which is closer to it than diffusers' own order 3",
            ),
        ),
        "ddpm": _of(
            "EulerAncestralDiscreteScheduler",
            "equal",
            "the steps of DDPM, which are those of ancestral Euler",
            noisy=True,
        ),
        "lcm": _of("LCMScheduler", "close", "between two trained levels it takes the nearest", noisy=True),
        "ipndm": _of("LMSDiscreteScheduler", "close", "of order 4 as well, with weights for uneven steps"),
        "ipndm_v": _of("LMSDiscreteScheduler", "close", "of order 4 as well, to the very last step"),
        "deis": _of("DEISMultistepScheduler", "close", "of order 3 as well, in another variable", solver_order=3),
        "res_multistep": _of(
            _MULTISTEP,
            "equal",
            "an exponential multistep method of order 2",
            algorithm_type="dpmsolver++",
            solver_type="heun",
        ),
        "res_multistep_cfg_pp": _missing("res_multistep", _CFG_PP),
        "res_multistep_ancestral": _of(
            _MULTISTEP,
            "close",
            "as much new noise, put into the steps otherwise",
            noisy=True,
            solver_type="heun",
            **_SDE,
        ),
        "res_multistep_ancestral_cfg_pp": _missing("res_multistep_ancestral", _CFG_PP),
        "gradient_estimation": _missing("lms", "Euler's method that goes further along the change of direction"),
        "gradient_estimation_cfg_pp": _missing("lms", _CFG_PP),
        "er_sde": _missing("dpmpp_3m_sde", "an extended reverse-time SDE of order 3"),
        "seeds_2": _missing("dpmpp_sde", "an exponential SDE solver, two calls a step"),
        "seeds_3": _missing("dpmpp_3m_sde", "an exponential SDE solver, three calls a step"),
        "sa_solver": _of(
            "SASolverScheduler",
            "close",
            "its predictor and corrector of diffusers' order and share of noise",
            noisy=True,
        ),
        "sa_solver_pece": _of("SASolverScheduler", "close", "without the second call of each step", noisy=True),
        "ddim": _of("EulerDiscreteScheduler", "equal", "DDIM without noise, which is Euler's method"),
        "uni_pc": _of(
            "UniPCMultistepScheduler",
            "close",
            "the same method of order 3, of a lower one at other steps",
            solver_order=3,
            solver_type="bh1",
        ),
        "uni_pc_bh2": _of(
            "UniPCMultistepScheduler",
            "close",
            "the same method of order 3, of a lower one at other steps",
            solver_order=3,
            solver_type="bh2",
        ),
    }
)
"""By name, in ComfyUI's order."""

SKIPPING: Final = frozenset({"dpm_2", "dpm_2_ancestral", "uni_pc", "uni_pc_bh2"})
"""Samplers for which KSampler leaves out the last level but one."""

SCHEDULERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "simple": "trained levels at even distances",
        "sgm_uniform": "timesteps at even distances, without the last",
        "karras": "levels by their seventh roots",
        "exponential": "levels by their logarithms",
        "ddim_uniform": "every n-th trained level",
        "beta": "timesteps by a beta distribution",
        "normal": "timesteps at even distances",
        "linear_quadratic": "a line, then a parabola",
        "kl_optimal": "levels by their arcus tangens",
    }
)
"""By name, in ComfyUI's order; `schedule_sigmas` has a kind of the same name for each, with equal levels."""
