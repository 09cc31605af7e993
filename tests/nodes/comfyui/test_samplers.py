"""The samplers of ComfyUI against k-diffusion's formulas, by the perfect denoiser of Gaussian data."""

from __future__ import annotations

import math
from typing import Any

import diffusers
import pytest
import torch
from tests.nodes.comfyui import k_diffusion

from latentgraph.nodes.comfyui.samplers import SAMPLERS, SCHEDULERS, SKIPPING
from latentgraph.nodes.handles import Scheduler
from latentgraph.nodes.latent_starts import leftover_latents, measure, start_latents
from latentgraph.nodes.latents import make_latents
from latentgraph.nodes.random_state import random_state
from latentgraph.nodes.schedule import Schedule, configure_scheduler
from latentgraph.nodes.schedule_sigmas import schedule_sigmas
from latentgraph.nodes.scheduler_state import copied, scaled_input, stepped
from latentgraph.nodes.storing import dump, load
from latentgraph.nodes.values import Latents, Noise, SchedulerState

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Should have t:UserWarning"),  # torchsde rounds the ends of its motion.
]
library: Any = diffusers
SHAPE = (2, 4, 4, 4)
DEVIATION = 0.7
THERE = [name for name, one in SAMPLERS.items() if one.class_name and name != "lcm"]
"""All but the one that is for distilled models, goes all the way in every step, and is no solver of the equation."""
EQUAL = [name for name, one in SAMPLERS.items() if one.likeness == "equal"]


@pytest.fixture(scope="module")
def own() -> Scheduler:
    """Of Stable Diffusion 1.5."""
    return Scheduler.of(
        library.PNDMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
        ),
        family="sd1",
    )


def set_up(own: Scheduler, sampler: str, **sigmas: Any) -> Schedule:
    known = SAMPLERS[sampler]
    configured = configure_scheduler(own, known.class_name, dict(known.options))
    return schedule_sigmas(configured, noise_seed=2 if known.seeded else None, **sigmas)


def sampled(made: Schedule, latents: Latents, seed: int = 1) -> tuple[torch.Tensor, SchedulerState]:
    """Step from `latents` on with the perfect denoiser."""
    scheduler, samples, random = copied(made.state), latents.samples, random_state(seed)
    clean = k_diffusion.gaussian(DEVIATION)
    for turn in made.timesteps:
        model_input = scaled_input(scheduler, samples, turn)
        # What the latents were divided by tells the level, and so what the denoiser would say of them.
        sigma = level_of(scheduler)
        grown = model_input * math.hypot(sigma, 1)
        noise = (grown - clean(grown, sigma)) / sigma
        samples, random = stepped(scheduler, noise, turn, samples, random, 0.0)
    return samples, SchedulerState(scheduler)


def level_of(scheduler: Any) -> float:
    """Sigma at the turn that a scheduler is at."""
    name, place = type(scheduler).__name__, scheduler.step_index or 0
    if name == "LCMScheduler":
        left = float(scheduler.alphas_cumprod[int(scheduler.timesteps[place])])
        return math.sqrt((1 - left) / left)
    if name == "DPMSolverSDEScheduler" and not scheduler.state_in_first_order:
        return float(scheduler.mid_point_sigma)
    if name.startswith("KDPM2") and not scheduler.state_in_first_order:
        return float(scheduler.sigmas_interpol[place - ("Ancestral" in name)])
    return float(scheduler.sigmas[place])


def levels_of(own: Scheduler, **sigmas: Any) -> list[float]:
    return [float(one) for one in copied(set_up(own, "euler", **sigmas).state).sigmas]


def noise_of(seed: int = 1) -> Noise:
    return Noise(torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed)), 32, 32, "sd1")


@pytest.mark.parametrize("kind", ["normal", "karras", "beta"])
@pytest.mark.parametrize("sampler", EQUAL)
def test_a_sampler_called_equal_gives_what_the_formula_gives(own: Scheduler, sampler: str, kind: str) -> None:
    options = {"kind": kind, "num_inference_steps": 9, "skip_penultimate": sampler in SKIPPING}
    noise, sigmas = noise_of(), levels_of(own, **options)
    made = set_up(own, sampler, **options)
    samples, _ = sampled(made, make_latents(noise, made.state), seed=2)
    begin = noise.samples.double() * math.hypot(sigmas[0], 1)
    formula = {"ddim": "euler"}.get(sampler, sampler).removesuffix("_gpu")
    drawn: Any = k_diffusion.generator(2, SHAPE)
    if SAMPLERS[sampler].seeded:
        drawn = k_diffusion.brownian(2, SHAPE, sigmas)
    exact = getattr(k_diffusion, formula)(begin, sigmas, k_diffusion.gaussian(DEVIATION), drawn)
    # float32, where numbers of a deviation of 14 cancel out to those of 0.7.
    torch.testing.assert_close(samples.double(), exact, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("sampler", ["lcm"])
def test_a_close_one_with_the_noise_of_the_formula_gives_what_it_gives(own: Scheduler, sampler: str) -> None:
    options = {"kind": "simple", "num_inference_steps": 6}
    noise, sigmas = noise_of(), levels_of(own, **options)
    made = set_up(own, sampler, **options)
    samples, _ = sampled(made, make_latents(noise, made.state), seed=2)
    begin = noise.samples.double() * math.hypot(sigmas[0], 1)
    drawn = k_diffusion.generator(2, SHAPE)
    exact = getattr(k_diffusion, sampler)(begin, sigmas, k_diffusion.gaussian(DEVIATION), drawn)
    torch.testing.assert_close(samples.double(), exact, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("sampler", THERE)
def test_every_sampler_that_there_is_nears_the_exact_answer(own: Scheduler, sampler: str) -> None:
    made = set_up(own, sampler, kind="karras", num_inference_steps=30, skip_penultimate=sampler in SKIPPING)
    samples, _ = sampled(made, make_latents(noise_of(), made.state))
    if SAMPLERS[sampler].noisy or SAMPLERS[sampler].seeded:
        assert samples.std() == pytest.approx(DEVIATION, rel=0.25)
    else:
        highest = levels_of(own, kind="karras", num_inference_steps=30)[0]
        exact = noise_of().samples * math.hypot(highest, 1) * DEVIATION / math.hypot(DEVIATION, highest)
        torch.testing.assert_close(samples, exact, rtol=0.05, atol=0.02)


@pytest.mark.parametrize("sampler", THERE)
def test_a_run_in_two_parts_goes_on_with_the_noise_that_the_first_left(own: Scheduler, sampler: str) -> None:
    first = set_up(own, sampler, num_inference_steps=12, end_at_step=5, leftover_noise=True)
    second = set_up(own, "euler", num_inference_steps=12, start_at_step=5)
    noise = noise_of()
    samples, state = sampled(first, make_latents(noise, first.state))
    left = leftover_latents(Latents(samples, 32, 32), state)
    stop = levels_of(own, num_inference_steps=12)[5]
    assert left.samples.std() == pytest.approx(math.hypot(stop, DEVIATION), rel=0.3)
    assert torch.equal(start_latents(left, second.state).samples, left.samples)
    assert len(first.timesteps) in (5, 10)
    assert len(second.timesteps) == 7


def test_the_tables_name_every_sampler_and_scheduler_of_comfyui() -> None:
    assert len(SAMPLERS) == 44
    assert len(SCHEDULERS) == 9
    for name, one in SAMPLERS.items():
        assert bool(one.class_name) == (one.likeness != "missing"), name
        assert (one.nearest in SAMPLERS and SAMPLERS[one.nearest].class_name) or one.class_name, name
        assert one.remark, name


@pytest.mark.parametrize("sampler", ["euler", "dpmpp_2m", "uni_pc", "lcm"])
def test_noise_is_added_to_a_picture_by_sigma_and_at_the_highest_level_by_more(own: Scheduler, sampler: str) -> None:
    clean = Latents(torch.randn(SHAPE, generator=torch.Generator().manual_seed(3)), 32, 32)
    for denoise, spread in ((0.5, lambda sigma: sigma), (1.0, lambda sigma: math.hypot(sigma, 1))):
        made = set_up(own, sampler, kind="simple", num_inference_steps=4, denoise=denoise)
        sigma = levels_of(own, kind="simple", num_inference_steps=4, denoise=denoise)[0]
        started = start_latents(clean, made.state, noise_of()).samples
        exact = (clean.samples + noise_of().samples * spread(sigma)) / measure(copied(made.state), sigma)
        torch.testing.assert_close(started, exact, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("sampler", ["dpmpp_sde", "dpmpp_2m_sde"])
def test_a_scheduler_in_the_middle_of_a_brownian_motion_can_be_written_down(own: Scheduler, sampler: str) -> None:
    made = set_up(own, sampler, num_inference_steps=4)
    scheduler, turns = copied(made.state), made.timesteps
    samples, random = make_latents(noise_of(), made.state).samples, random_state(1)
    for turn in turns[:2]:
        scaled_input(scheduler, samples, turn)
        samples, random = stepped(scheduler, samples, turn, samples, random, 0.0)
    (again,) = load(dump((SchedulerState(scheduler),)))
    exact, _ = stepped(scheduler, samples, turns[2], samples, random, 0.0)
    assert torch.equal(stepped(copied(again), samples, turns[2], samples, random, 0.0)[0], exact)
