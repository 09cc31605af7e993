"""What is not masked is kept to the end, whatever the denoiser says, by every kind of scheduler and prediction."""

from __future__ import annotations

from typing import Any

import diffusers
import pytest
import torch

from latentgraph.nodes import (
    keep_prediction,
    random_state,
    restore_unmasked,
    scale_model_input,
    schedule,
    scheduler_step,
)
from latentgraph.nodes.handles import Scheduler
from latentgraph.nodes.inpaint import prediction_towards
from latentgraph.nodes.values import Latents, Mask, Noise, NoisePrediction

library: Any = diffusers  # Untyped.
SCHEDULERS = ["EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler", "HeunDiscreteScheduler", "DDIMScheduler",
              "DPMSolverMultistepScheduler", "UniPCMultistepScheduler"]  # fmt: skip


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")
@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_what_is_not_masked_comes_back_and_is_seen_with_its_own_noise(name: str, prediction_type: str) -> None:
    scheduler = getattr(library, name)(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type=prediction_type,
        **({"clip_sample": False} if name == "DDIMScheduler" else {}),
    )
    turns = schedule(Scheduler.of(scheduler), 6)
    torch.manual_seed(2)
    original = Latents(torch.randn(1, 4, 8, 8), 64, 64)
    noise = Noise(torch.randn(1, 4, 8, 8), 64, 64)
    mask = Mask(torch.zeros(1, 1, 64, 64))
    mask.samples[..., 32:] = 1
    state, random = turns.state, random_state(1)
    latents = Latents(noise.samples * float(scheduler.init_noise_sigma), 64, 64)
    first = restore_unmasked(latents, original, noise, mask, turns.timesteps[0], state)
    latents = first
    for timestep in turns.timesteps:
        seen = restore_unmasked(latents, original, noise, mask, timestep, state)
        assert torch.equal(seen.samples[..., 4:], latents.samples[..., 4:])
        asked = scale_model_input(seen, timestep, state)
        said = NoisePrediction(torch.randn(1, 4, 8, 8))
        kept = keep_prediction(said, latents, original, mask, timestep, asked.state)
        assert torch.equal(kept.samples[..., 4:], said.samples[..., 4:])
        latents, state, random = scheduler_step(latents, kept, timestep, asked.state, random)
    # The last of the noise levels of some schedulers is not quite 0.
    torch.testing.assert_close(latents.samples[..., :4], original.samples[..., :4], atol=0.06, rtol=0)


def test_a_prediction_towards_the_picture_is_the_noise_that_is_in_it() -> None:
    scheduler = library.DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    turns = schedule(Scheduler.of(scheduler), 4)
    clean, noise = torch.randn(1, 4, 4, 4), torch.randn(1, 4, 4, 4)
    at = turns.timesteps[1]
    noisy = scheduler.add_noise(clean, noise, at.value.reshape(1))
    torch.testing.assert_close(prediction_towards(clean, noisy, at, turns.state), noise)
    velocity = schedule(
        Scheduler.of(library.DDIMScheduler.from_config(scheduler.config, prediction_type="v_prediction")), 4
    )
    wanted = scheduler.get_velocity(clean, noise, at.value.reshape(1))
    torch.testing.assert_close(prediction_towards(clean, noisy, at, velocity.state), wanted)
