"""A scheduler stepped as a value takes the same steps as a live one, and no step touches what it was given."""

from __future__ import annotations

from typing import Any

import diffusers
import pytest
import torch

from latentgraph.nodes.digesting import value_digest
from latentgraph.nodes.scheduler_state import copied, initial_deviation, scaled_input, step_arguments, stepped
from latentgraph.nodes.values import RandomState, SchedulerState, Timestep

# Some of them hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")

SCHEDULERS: list[tuple[str, dict[str, Any]]] = [
    ("CMStochasticIterativeScheduler", {}),
    ("DDIMInverseScheduler", {}),
    ("DDIMParallelScheduler", {}),
    ("DDIMScheduler", {}),
    ("DDPMParallelScheduler", {}),
    ("DDPMScheduler", {}),
    ("DEISMultistepScheduler", {}),
    ("DPMSolverMultistepInverseScheduler", {}),
    ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
    ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    ("DPMSolverMultistepScheduler", {"solver_order": 3, "use_lu_lambdas": True}),
    ("DPMSolverSinglestepScheduler", {"lower_order_final": True}),
    ("EDMDPMSolverMultistepScheduler", {}),
    ("EDMEulerScheduler", {}),
    ("EulerAncestralDiscreteScheduler", {}),
    ("EulerDiscreteScheduler", {}),
    ("EulerDiscreteScheduler", {"use_beta_sigmas": True}),
    ("HeunDiscreteScheduler", {}),
    ("IPNDMScheduler", {}),
    ("KDPM2AncestralDiscreteScheduler", {}),
    ("KDPM2DiscreteScheduler", {}),
    ("LCMScheduler", {}),
    ("LMSDiscreteScheduler", {}),
    ("PNDMScheduler", {"skip_prk_steps": True}),
    ("PNDMScheduler", {"skip_prk_steps": False}),
    ("SASolverScheduler", {}),
    ("TCDScheduler", {}),
    ("UniPCMultistepScheduler", {}),
]
STEPS = 8
ETA = 0.3


def scheduler(class_name: str, options: dict[str, Any]) -> Any:
    """As it is configured from the scheduler of Stable Diffusion 1.5, and set to a few steps."""
    library: Any = diffusers
    base = library.PNDMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
    )
    live = getattr(library, class_name).from_config(base.config, **options)
    live.set_timesteps(STEPS)
    return live


@pytest.mark.parametrize(("class_name", "options"), SCHEDULERS, ids=str)
def test_steps_on_copies_equal_steps_of_a_live_scheduler(class_name: str, options: dict[str, Any]) -> None:
    live, state = scheduler(class_name, options), SchedulerState(scheduler(class_name, options))
    generator, stream = torch.Generator().manual_seed(5), RandomState(5)
    start = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    expected, samples = start * live.init_noise_sigma, start * initial_deviation(state)
    takes = step_arguments(live.__class__)
    more = ({"eta": ETA} if takes.eta else {}) | ({"generator": generator} if takes.generator else {})
    for index, value in enumerate(live.timesteps):
        prediction = torch.sin(live.scale_model_input(expected, value))
        expected = live.step(prediction, value, expected, **more, return_dict=False)[0]

        before, timestep = value_digest((state, samples, stream)), Timestep(state.snapshot.timesteps[index], index)
        following = []
        for _ in range(2):
            copy = copied(state)
            prediction = torch.sin(scaled_input(copy, samples, timestep))
            kept = prediction.clone()
            after, stream_after = stepped(copy, prediction, timestep, samples, stream, ETA)
            assert torch.equal(prediction, kept), "the prediction was changed"
            following.append((SchedulerState(copy), after, stream_after))
        assert value_digest((state, samples, stream)) == before, "a step changed what it was given"
        assert value_digest(following[0]) == value_digest(following[1]), "two steps from one state differ"
        state, samples, stream = following[0]
        assert torch.equal(samples, expected), f"turn {index}"


@pytest.mark.parametrize(("class_name", "options"), SCHEDULERS, ids=str)
def test_setting_timesteps_on_a_copy_leaves_the_original_alone(class_name: str, options: dict[str, Any]) -> None:
    original = SchedulerState(scheduler(class_name, options))
    before = value_digest(original)
    copied(original).set_timesteps(STEPS // 2)
    assert value_digest(original) == before


def test_a_copy_shares_the_tables_and_has_its_own_memory() -> None:
    state = SchedulerState(scheduler("DPMSolverMultistepScheduler", {}))
    copy = copied(state)
    assert copy.sigmas is state.snapshot.sigmas
    assert copy.config is state.snapshot.config
    assert copy.model_outputs is not state.snapshot.model_outputs


def test_a_scheduler_of_flow_matching_models_says_that_it_does_not_fit() -> None:
    library: Any = diffusers
    with pytest.raises(ValueError, match=r"^FlowMatchEulerDiscreteScheduler is for models of another kind"):
        initial_deviation(SchedulerState(library.FlowMatchEulerDiscreteScheduler()))


def test_euler_halves_its_error_when_steps_double() -> None:
    """Data of N(0, s²): the perfect denoiser is x·s²/(s²+σ²), the exact answer x·s/√(s²+σ_max²)."""
    spread = 0.5

    def error(steps: int) -> float:
        library: Any = diffusers
        live = library.EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", timestep_spacing="linspace"
        )
        live.set_timesteps(steps)
        state, samples = SchedulerState(live), torch.full((1, 1, 1, 1), 10.0, dtype=torch.float64)
        exact = samples * spread / (spread**2 + live.sigmas[0].double() ** 2) ** 0.5
        for index, value in enumerate(live.timesteps):
            copy, timestep, sigma = copied(state), Timestep(value, index), live.sigmas[index].double()
            scaled = scaled_input(copy, samples, timestep)
            noise = scaled * (sigma**2 + 1) ** 0.5 * sigma / (spread**2 + sigma**2)
            samples, _ = stepped(copy, noise, timestep, samples, RandomState(0), 0.0)
            state = SchedulerState(copy)
        return float((samples - exact).abs())

    assert 1.7 < error(100) / error(200) < 2.3  # First order: 2, up to the terms of second order.
