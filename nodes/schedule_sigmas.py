"""Schedules of noise levels as k-diffusion and ComfyUI compute them, for the schedulers of diffusers."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field

from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.node import node
from latentgraph.nodes.brownian import SEED
from latentgraph.nodes.handles import Scheduler
from latentgraph.nodes.random_state import Seed
from latentgraph.nodes.schedule import Schedule, numbered, refuse_hidden_randomness, unset
from latentgraph.nodes.settings import device_of
from latentgraph.nodes.sigmas import RHO, TURBO_LEVELS, Kind, TrainedLevels, levels
from latentgraph.nodes.values import SchedulerState

if TYPE_CHECKING:
    from torch import Tensor

Step = Annotated[int, Field(ge=0)]
Level = Annotated[float, Field(gt=0)]
GROWING: Final = ("Euler", "EulerAncestral", "Heun", "KDPM2", "KDPM2Ancestral", "LMS", "DPMSolverSDE")
"""Schedulers whose latents grow with the noise (variance exploding), without the ending `DiscreteScheduler`."""
KEEPING: Final = ("DPMSolverMultistep", "DPMSolverSinglestep", "DEISMultistep", "UniPCMultistep", "SASolver")
"""Schedulers whose latents keep their deviation, and whose levels may be any, without `Scheduler`."""
TRAINED: Final = ("LCM",)
"""Schedulers that know trained timesteps only, without `Scheduler`."""
BEFORE_ZERO: Final = ("DEISMultistep", "UniPCMultistep", "SASolver")
"""Schedulers that cannot step to 0, where their variable has no end."""
LAST: Final = 0.001
"""Where they step to instead, which nobody sees; ComfyUI's UniPC stops there as well."""
_SPACINGS: Final = ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "use_lu_lambdas")


@node(category="schedule", settings=("device",))
def schedule_sigmas(
    scheduler: Scheduler,
    kind: Kind = "normal",
    num_inference_steps: Annotated[int, Field(ge=1, le=10000)] = 20,
    denoise: Annotated[float, Field(gt=0, le=1)] = 1.0,
    start_at_step: Step = 0,
    end_at_step: Step | None = None,
    leftover_noise: bool = False,
    skip_penultimate: bool = False,
    sigma_max: Level | None = None,
    sigma_min: Level | None = None,
    rho: Annotated[float, Field(gt=0)] = RHO,
    noise_seed: Seed | None = None,
    *,
    context: RunContext = ALONE,
) -> Schedule:
    """Choose the noise levels to go through as k-diffusion and ComfyUI do, whatever the scheduler's own spacing.

    At each level the denoiser is told the trained timestep whose level is nearest.

    Args:
        scheduler: A configured one: Euler, EulerAncestral, Heun, KDPM2, KDPM2Ancestral, LMS, DPMSolverSDE,
            DPMSolverMultistep, DPMSolverSinglestep, DEISMultistep, UniPCMultistep, SASolver or LCM.
        kind: How the levels are spread; `turbo` is for models distilled to a few of ten levels.
        num_inference_steps: How many steps are taken, before some are left out at either end.
        denoise: Less than 1 begins at a picture: that many steps are the last of a schedule of more.
        start_at_step: The step to begin at, counted from 0.
        end_at_step: The step to stop before; null: the end.
        leftover_noise: Whether stopping earlier leaves the noise in that is still to be taken out; else the last step
            takes all of it.
        skip_penultimate: Go from the last level but two straight to 0, as is usual with KDPM2 and UniPC.
        sigma_max: The level to begin at, for karras, exponential and kl_optimal; null: the model's highest.
        sigma_min: The level to end at before 0, for the same; null: the model's lowest.
        rho: Of karras.
        noise_seed: The seed of a Brownian motion that DPMSolverSDE takes its noise from, and DPMSolverMultistep where
            it is one of an SDE; null: DPMSolverMultistep draws from the run's stream.

    Example:
        scheduler = configure_scheduler(load_model().scheduler, "EulerDiscreteScheduler")
        timesteps, state = schedule_sigmas(scheduler, "karras", 20)
    """
    live = unset(scheduler, context)
    if noise_seed is not None:
        seed_noise(live, noise_seed)
    refuse_hidden_randomness(live)
    if not hasattr(live, "betas"):
        raise ValueError(f"{scheduler.class_name} knows no noise levels of this kind; take schedule or schedule_flow")
    trained = TrainedLevels.of(live)
    if kind == "turbo":
        left_out = TURBO_LEVELS - int(TURBO_LEVELS * denoise)
        sigmas = levels(kind, trained, num_inference_steps, turbo_start=left_out)
    else:
        more = num_inference_steps if denoise == 1 else int(num_inference_steps / denoise)
        sigmas = levels(kind, trained, more + skip_penultimate, highest=sigma_max, lowest=sigma_min, rho=rho)
    if skip_penultimate:
        sigmas = without_penultimate(sigmas)
    if denoise < 1 and kind != "turbo":
        sigmas = sigmas[-(num_inference_steps + 1) :]
    sigmas = part(sigmas, start_at_step, end_at_step, leftover_noise=leftover_noise)
    set_levels(live, sigmas, trained, device_of(context))
    return Schedule(numbered(live.timesteps.unbind()), SchedulerState(live))


def seed_noise(live: Any, seed: int) -> None:
    """Tell a scheduler where the Brownian motion begins that it takes noise from; one that takes none is left alone."""
    if "noise_sampler_seed" in live.config:
        live.register_to_config(noise_sampler_seed=seed)
        live.noise_sampler_seed = seed
    elif "variance_noise" in inspect.signature(live.step).parameters:
        setattr(live, SEED, seed)


def without_penultimate(sigmas: Tensor) -> Tensor:
    """The levels (n + 1,) but for the last one before 0; where there are two, they stay."""
    return sigmas if len(sigmas) <= 2 else sigmas[[*range(len(sigmas) - 2), len(sigmas) - 1]]


def part(sigmas: Tensor, start: int, end: int | None, *, leftover_noise: bool) -> Tensor:
    """The levels from step `start` to before step `end`, with that at which they stop behind them.

    Raises:
        ValueError: No step is left.
    """
    if end is not None and end < len(sigmas) - 1:
        sigmas = sigmas[: end + 1].clone()
        if not leftover_noise:
            sigmas[-1:] = 0
    if start >= len(sigmas) - 1:
        raise ValueError(f"no step is left: there are {max(len(sigmas) - 1, 0)}, and the first to take is {start}")
    return sigmas[start:]


def set_levels(live: Any, sigmas: Tensor, trained: TrainedLevels, device: str) -> None:
    """Give a diffusers scheduler these noise levels, and the timesteps that the denoiser is told at each of them.

    Args:
        live: A scheduler of its own; whatever it was set to is gone.
        sigmas: float32 (n + 1,), falling, the last one where it stops.
        trained: Those of the model.
        device: Where the timesteps go.

    Raises:
        ValueError: The scheduler takes no levels but its own.
    """
    import torch

    name = type(live).__name__.removesuffix("Scheduler").removesuffix("Discrete")
    if name not in (*GROWING, *KEEPING, *TRAINED):
        known = ", ".join((*GROWING, *KEEPING, *TRAINED))
        raise ValueError(f"{type(live).__name__} takes no noise levels but its own; take one of {known}")
    options: dict[str, Any] = {one: False for one in _SPACINGS if one in live.config}
    if name in GROWING:
        # Their `init_noise_sigma`: sqrt(sigma^2 + 1) where the noise is all there is, else sigma.
        options["timestep_spacing"] = "leading" if is_highest(float(sigmas[0]), trained) else "linspace"
    if float(sigmas[-1]) > 0 and "final_sigmas_type" in live.config:
        options |= {"final_sigmas_type": "sigma_min", "lower_order_final": False}
    live.register_to_config(**options)
    live.set_timesteps(min(len(sigmas) - 1, len(trained.sigmas) // 2), device=device)
    live.num_inference_steps = len(sigmas) - 1
    if name in BEFORE_ZERO and float(sigmas[-1]) == 0:
        sigmas = torch.cat([sigmas[:-1], torch.tensor([LAST])])
    _WRITERS.get(name, _write_plain)(live, sigmas, trained, device)
    if hasattr(live, "order_list"):
        live.order_list = live.get_order_list(len(sigmas) - 1)
    live.set_begin_index(0)  # Several levels may be nearest to one timestep, which then tells no step.


def is_highest(sigma: float, trained: TrainedLevels) -> bool:
    """Whether a level is the highest that the model knows, at which the picture counts for nothing."""
    return sigma > trained.highest or math.isclose(sigma, trained.highest, rel_tol=1e-5)


def _write_plain(live: Any, sigmas: Tensor, trained: TrainedLevels, device: str) -> None:
    live.sigmas = sigmas
    live.timesteps = trained.timesteps(sigmas[:-1]).float().to(device)


def _write_heun(live: Any, sigmas: Tensor, trained: TrainedLevels, device: str) -> None:
    """Each level but the first twice: a step looks at the level where it ends as well, except at 0."""
    import torch

    twice = torch.cat([sigmas[:1], sigmas[1:].repeat_interleave(2)])
    live.sigmas = twice[:-1] if float(sigmas[-1]) == 0 else twice
    if hasattr(live, "mid_point_sigma"):  # DPMSolverSDE, which looks at a level between, too.
        looked_at = torch.stack([sigmas[:-1], middles(sigmas[:-1], sigmas[1:])], dim=1).flatten()
        live.timesteps = told(looked_at, sigmas, trained, device)
        return
    live.timesteps = trained.timesteps(live.sigmas[:-1]).float().to(device)


def _write_midpoints(live: Any, sigmas: Tensor, trained: TrainedLevels, device: str) -> None:
    """A step looks at a level between, halfway by logarithms (Karras et al. 2022, DPM-Solver-2)."""
    import torch

    ends, none = sigmas[1:], torch.zeros(1)
    if hasattr(live, "sigmas_up"):
        ends, up = ancestral(sigmas)
        live.sigmas_up, live.sigmas_down = _twice(torch.cat([up, none])), _twice(torch.cat([ends, none]))
    between = middles(sigmas[:-1], ends)
    live.sigmas = _twice(sigmas)
    # Of a step the ancestral scheduler looks at the row where it begins, and the other one at that where it ends.
    rows = [between, none] if hasattr(live, "sigmas_up") else [sigmas[:1], between]
    live.sigmas_interpol = _twice(torch.cat(rows))
    looked_at = torch.stack([sigmas[:-1], between], dim=1).flatten()
    live.timesteps = told(looked_at, sigmas, trained, device)


def middles(before: Tensor, after: Tensor) -> Tensor:
    """The levels halfway between others by their logarithms."""
    return (before.log() + (after.log() - before.log()) / 2).exp()


def told(looked_at: Tensor, sigmas: Tensor, trained: TrainedLevels, device: str) -> Tensor:
    """The timesteps of levels that come in twos; where a step ends at 0 nothing lies between, and it has one."""
    return trained.timesteps(looked_at[:-1] if float(sigmas[-1]) == 0 else looked_at).float().to(device)


def _twice(rows: Tensor) -> Tensor:
    import torch

    return torch.cat([rows[:1], rows[1:].repeat_interleave(2), rows[-1:]])


def _write_trained(live: Any, sigmas: Tensor, trained: TrainedLevels, device: str) -> None:
    live.timesteps = trained.timesteps(sigmas[:-1]).to(device)


def ancestral(sigmas: Tensor) -> tuple[Tensor, Tensor]:
    """How far each ancestral step goes down, and how much new noise it adds: `down`^2 + `up`^2 = the next level^2."""
    before, after = sigmas[:-1], sigmas[1:]
    up = (after**2 * (before**2 - after**2) / before**2).sqrt()
    return (after**2 - up**2).clamp(min=0).sqrt(), up


_WRITERS: Final = {
    "Heun": _write_heun,
    "DPMSolverSDE": _write_heun,
    "KDPM2": _write_midpoints,
    "KDPM2Ancestral": _write_midpoints,
    "LCM": _write_trained,
}
