"""Noise levels as k-diffusion and ComfyUI count them, against formulas and against diffusers."""

from __future__ import annotations

import math
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from scipy import stats

from latentgraph.nodes.handles import Scheduler
from latentgraph.nodes.schedule import configure_scheduler
from latentgraph.nodes.schedule_sigmas import schedule_sigmas
from latentgraph.nodes.scheduler_state import copied
from latentgraph.nodes.sigmas import TrainedLevels

# Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
library: Any = diffusers
TRAINED: dict[str, Any] = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
BETAS = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
LEFT = np.cumprod(1 - BETAS)
TABLE = np.sqrt((1 - LEFT) / LEFT)


@pytest.fixture(scope="module")
def own() -> Scheduler:
    return Scheduler.of(library.EulerDiscreteScheduler(**TRAINED), family="sd1")


def levels(own: Scheduler, **given: Any) -> list[float]:
    return [float(one) for one in copied(schedule_sigmas(own, **given).state).sigmas]


def between(timesteps: Any) -> Any:
    """Levels of timesteps with fractions: logarithms in a straight line."""
    return np.exp(np.interp(timesteps, np.arange(1000), np.log(TABLE)))


def formula(kind: str, steps: int) -> Any:
    """The levels before the last one, which is 0."""
    high, low = TABLE[-1], TABLE[0]
    return {
        "normal": between(np.linspace(999, 0, steps)),
        "sgm_uniform": between(np.linspace(999, 0, steps + 1)[:-1]),
        "simple": TABLE[[-1 - int(one * 1000 / steps) for one in range(steps)]],
        "ddim_uniform": TABLE[list(range(1, 1000, 1000 // steps))[::-1]],
        "karras": np.linspace(high ** (1 / 7), low ** (1 / 7), steps) ** 7,
        "exponential": np.exp(np.linspace(np.log(high), np.log(low), steps)),
        "kl_optimal": np.tan(np.linspace(np.arctan(high), np.arctan(low), steps)),
        "beta": TABLE[np.rint(stats.beta.ppf(1 - np.arange(steps) / steps, 0.6, 0.6) * 999).astype(int)],
    }[kind]


@pytest.mark.parametrize("steps", [1, 4, 20])
@pytest.mark.parametrize(
    "kind", ["normal", "sgm_uniform", "simple", "ddim_uniform", "karras", "exponential", "kl_optimal", "beta"]
)
def test_levels_are_those_of_the_formula(own: Scheduler, kind: str, steps: int) -> None:
    np.testing.assert_allclose(levels(own, kind=kind, num_inference_steps=steps), [*formula(kind, steps), 0], rtol=2e-6)


@pytest.mark.parametrize("steps", [4, 7, 20])
def test_linear_quadratic_is_the_schedule_of_mochi(own: Scheduler, steps: int) -> None:
    from diffusers.pipelines.mochi import pipeline_mochi

    module: Any = pipeline_mochi  # Untyped.
    shares = module.linear_quadratic_schedule(steps, 0.025)
    np.testing.assert_allclose(
        levels(own, kind="linear_quadratic", num_inference_steps=steps)[:-1], np.array(shares) * TABLE[-1], rtol=2e-6
    )


def test_ddim_uniform_takes_one_step_more_where_the_count_does_not_divide(own: Scheduler) -> None:
    assert len(levels(own, kind="ddim_uniform", num_inference_steps=30)) == 32


def test_euler_with_the_normal_schedule_is_diffusers_spacing_linspace(own: Scheduler) -> None:
    for steps in (4, 10, 28):
        live = library.EulerDiscreteScheduler(**TRAINED, timestep_spacing="linspace")
        live.set_timesteps(steps)
        # Between trained levels diffusers goes in a straight line, and k-diffusion in one of logarithms.
        np.testing.assert_allclose(levels(own, num_inference_steps=steps), live.sigmas.numpy(), rtol=3e-5)


@pytest.mark.parametrize(
    ("kind", "option"), [("karras", "use_karras_sigmas"), ("exponential", "use_exponential_sigmas")]
)
def test_karras_and_exponential_are_diffusers_options(own: Scheduler, kind: str, option: str) -> None:
    live = library.EulerDiscreteScheduler(**TRAINED, **{option: True})
    live.set_timesteps(12)
    np.testing.assert_allclose(levels(own, kind=kind, num_inference_steps=12), live.sigmas.numpy(), rtol=2e-5)


def test_turbo_takes_the_first_of_ten_levels(own: Scheduler) -> None:
    made = schedule_sigmas(own, "turbo", 3)
    assert [float(one.value) for one in made.timesteps] == [999, 899, 799]
    np.testing.assert_allclose(
        levels(own, kind="turbo", num_inference_steps=3), [*TABLE[[999, 899, 799]], 0], rtol=2e-6
    )
    later = schedule_sigmas(own, "turbo", 2, denoise=0.5)
    assert [float(one.value) for one in later.timesteps] == [499, 399]


def test_less_than_all_of_the_denoising_is_the_last_of_a_longer_schedule(own: Scheduler) -> None:
    whole = levels(own, num_inference_steps=int(20 / 0.6))
    assert levels(own, num_inference_steps=20, denoise=0.6) == whole[-21:]


def test_a_part_of_a_schedule_ends_clean_or_with_its_noise(own: Scheduler) -> None:
    whole = levels(own, num_inference_steps=10)
    assert levels(own, num_inference_steps=10, start_at_step=3) == whole[3:]
    assert levels(own, num_inference_steps=10, end_at_step=4, leftover_noise=True) == whole[:5]
    assert levels(own, num_inference_steps=10, start_at_step=1, end_at_step=4) == [*whole[1:4], 0]
    assert levels(own, num_inference_steps=10, end_at_step=10) == whole
    with pytest.raises(ValueError, match="no step is left: there are 10, and the first to take is 10"):
        schedule_sigmas(own, num_inference_steps=10, start_at_step=10)


def test_the_last_level_but_one_is_skipped_where_it_is_asked_for(own: Scheduler) -> None:
    longer = levels(own, kind="karras", num_inference_steps=11)
    assert levels(own, kind="karras", num_inference_steps=10, skip_penultimate=True) == [*longer[:10], 0]


def test_the_denoiser_is_told_the_nearest_trained_timestep(own: Scheduler) -> None:
    trained = TrainedLevels.of(library.EulerDiscreteScheduler(**TRAINED))
    asked = torch.tensor([TABLE[-1], math.sqrt(TABLE[10] * TABLE[11]) * 1.0001, TABLE[0] / 2, 1e9])
    assert trained.timesteps(asked).tolist() == [999, 11, 0, 999]


def test_noise_alone_is_spread_to_the_root_of_one_and_sigma_squared(own: Scheduler) -> None:
    """ComfyUI's scale, where diffusers' spacing linspace takes sigma itself."""
    live = copied(schedule_sigmas(own, num_inference_steps=5).state)
    assert float(live.init_noise_sigma) == pytest.approx(math.sqrt(1 + TABLE[-1] ** 2), rel=1e-6)
    part = copied(schedule_sigmas(own, num_inference_steps=5, denoise=0.5).state)
    assert float(part.init_noise_sigma) == pytest.approx(float(part.sigmas[0]))


def test_a_model_without_a_picture_at_its_end_begins_where_comfyui_does(own: Scheduler) -> None:
    zero = configure_scheduler(own, options={"rescale_betas_zero_snr": True, "prediction_type": "v_prediction"})
    assert levels(zero, num_inference_steps=4)[0] == pytest.approx(4518.76, rel=1e-4)


def test_a_scheduler_that_takes_no_levels_says_which_do(own: Scheduler) -> None:
    with pytest.raises(ValueError, match="PNDMScheduler takes no noise levels but its own; take one of Euler"):
        schedule_sigmas(configure_scheduler(own, "PNDMScheduler"))
