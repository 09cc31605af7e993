"""Choosing a scheduler and its timesteps."""

from __future__ import annotations

from typing import Any

import diffusers
import pytest
import torch

from latentgraph.nodes.handles import Scheduler, loaded
from latentgraph.nodes.random_state import random_state
from latentgraph.nodes.schedule import LOOKING_UP, configure_scheduler, refuse_hidden_randomness, schedule
from latentgraph.nodes.scheduler_options import scheduler_name
from latentgraph.nodes.scheduler_state import copied, scaled_input, stepped
from latentgraph.nodes.values import SchedulerState

# Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")

library: Any = diffusers


@pytest.fixture
def own() -> Scheduler:
    """A model's own scheduler."""
    return Scheduler.of(
        library.PNDMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
        ),
        family="sd1",
    )


def test_nothing_to_configure_is_the_same_scheduler(own: Scheduler) -> None:
    assert configure_scheduler(own) is own
    assert configure_scheduler(own, "") is own


@pytest.mark.parametrize(
    ("class_name", "options"),
    [
        ("EulerDiscreteScheduler", {}),
        ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True, "solver_order": 3}),
        ("DDIMScheduler", {"timestep_spacing": "trailing", "beta_start": 1e-4}),
    ],
)
def test_another_scheduler_is_configured_as_from_config_does(
    own: Scheduler, class_name: str, options: dict[str, Any]
) -> None:
    wanted = getattr(library, class_name).from_config(loaded(own).config, **options)
    configured = configure_scheduler(own, class_name, options)
    assert (configured.class_name, configured.family) == (class_name, "sd1")
    made = loaded(configured)
    entries = {name: value for name, value in made.config.items() if not name.startswith("_")}
    assert entries == {name: value for name, value in wanted.config.items() if not name.startswith("_")}


def test_options_alone_keep_the_class(own: Scheduler) -> None:
    configured = configure_scheduler(own, options={"timestep_spacing": "trailing"})
    assert configured.class_name == "PNDMScheduler"
    assert loaded(configured).config.timestep_spacing == "trailing"
    assert configured.digest != own.digest
    assert loaded(own).config.timestep_spacing == "leading"


@pytest.mark.parametrize(
    ("class_name", "options", "message"),
    [
        (
            "EulerDiscretScheduler",
            None,
            "'EulerDiscretScheduler' is no scheduler of diffusers; did you mean 'EulerDiscreteScheduler'?",
        ),
        ("UNet2DModel", None, "'UNet2DModel' is no scheduler of diffusers"),
        (
            "EulerDiscreteScheduler",
            {"use_karras_sigma": True},
            "EulerDiscreteScheduler has no option 'use_karras_sigma'; did you mean 'use_karras_sigmas'?",
        ),
        (
            "EulerDiscreteScheduler",
            {"use_karras_sigmas": "false"},
            "option 'use_karras_sigmas' of EulerDiscreteScheduler is 'false': input should be a valid boolean",
        ),
        (
            "DPMSolverMultistepScheduler",
            {"algorithm_type": "euler"},
            "option 'algorithm_type' of DPMSolverMultistepScheduler is 'euler': input should be 'dpmsolver', ",
        ),
        (
            "EulerDiscreteScheduler",
            {"use_karras_sigmas": True, "use_beta_sigmas": True},
            "EulerDiscreteScheduler cannot be configured so: Only one of ",
        ),
    ],
)
def test_what_diffusers_does_not_know_is_refused(
    own: Scheduler, class_name: str, options: dict[str, Any] | None, message: str
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is held below
        configure_scheduler(own, class_name, options)
    assert str(caught.value).startswith(message)


def test_a_scheduler_whose_package_is_missing_names_it(own: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    class Dummy:
        _backends = ("torch", "torchsde")

    monkeypatch.setattr(library, "DPMSolverSDEScheduler", Dummy)
    with pytest.raises(ValueError, match=r"DPMSolverSDEScheduler needs a package that is not installed: .* torchsde"):
        configure_scheduler(own, "DPMSolverSDEScheduler")


def test_the_schedule_is_that_of_set_timesteps(own: Scheduler) -> None:
    live = loaded(own)
    live.set_timesteps(7)
    made = schedule(own, 7)
    assert torch.equal(torch.stack([turn.value for turn in made.timesteps]), live.timesteps)
    assert [turn.index for turn in made.timesteps] == list(range(8))  # PLMS takes its second step twice.
    assert made.state.class_name == "PNDMScheduler"


def test_timesteps_and_sigmas_of_your_own(own: Scheduler) -> None:
    euler = configure_scheduler(own, "EulerDiscreteScheduler")
    assert [turn.value.item() for turn in schedule(euler, timesteps=[900, 500, 100]).timesteps] == [900, 500, 100]
    assert len(schedule(euler, sigmas=[10.0, 3.0, 1.0, 0.0]).timesteps) == 3  # From each level to the next.
    with pytest.raises(ValueError, match="PNDMScheduler takes no timesteps of your own; leave them out"):
        schedule(own, timesteps=[900, 500])
    with pytest.raises(ValueError, match="give timesteps or sigmas, not both"):
        schedule(euler, timesteps=[900], sigmas=[1.0])


def test_noise_from_outside_the_stream_is_refused() -> None:
    class Sampler:
        def __init__(self, noise_sampler_seed: int | None = None) -> None:
            self.config = {"noise_sampler_seed": noise_sampler_seed}

    refuse_hidden_randomness(Sampler(1))
    with pytest.raises(ValueError, match="give it the option noise_sampler_seed"):
        refuse_hidden_randomness(Sampler())


@pytest.mark.parametrize(
    ("class_name", "message"),
    [
        ("PNDMScheduler", "1001 timesteps of PNDMScheduler reach 1000, but the model was trained on 0 to 999"),
        ("DDIMScheduler", "1000 timesteps of DDIMScheduler reach 1000, but the model was trained on 0 to 999"),
        ("UniPCMultistepScheduler", "all 1000 timesteps of UniPCMultistepScheduler are 1, because so many steps"),
    ],
)
def test_steps_past_the_last_trained_timestep_are_refused(own: Scheduler, class_name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        schedule(configure_scheduler(own, class_name, {"timestep_spacing": "leading"}), 1000)


def test_as_many_steps_as_trained_timesteps_are_taken_where_they_fit(own: Scheduler) -> None:
    for options in ({"timestep_spacing": "trailing"}, {"steps_offset": 0}):
        turns = schedule(configure_scheduler(own, "DDIMScheduler", options), 1000).timesteps
        assert (turns[0].value.item(), turns[-1].value.item()) == (999, 0)
    # These noise levels are interpolated, so that diffusers takes a timestep past the last.
    assert len(schedule(configure_scheduler(own, "EulerDiscreteScheduler"), 1000).timesteps) == 1000


def test_timesteps_that_the_model_does_not_know_are_refused(own: Scheduler) -> None:
    multistep = configure_scheduler(own, "DPMSolverMultistepScheduler")
    with pytest.raises(ValueError, match="reach 1200, but the model was trained on 0 to 999"):
        schedule(multistep, timesteps=[1200, 500])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Euler", "EulerDiscreteScheduler"),
        ("ddim", "DDIMScheduler"),
        ("UniPC", "UniPCMultistepScheduler"),
        ("EulerDiscreteSchedular", "EulerDiscreteScheduler"),
    ],
)
def test_a_scheduler_by_half_its_name_is_told_the_whole(written: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"diffusers has no scheduler of this name; did you mean '{meant}'"):
        scheduler_name(written)


@pytest.mark.parametrize("name", sorted(LOOKING_UP))
def test_no_step_of_these_schedulers_waits_for_the_device(name: str, own: Scheduler) -> None:
    """`meta` stands for a GPU: a tensor there has no numbers, so that whoever asks for one fails."""
    timesteps, state = schedule(configure_scheduler(own, name), 4)
    random, samples = random_state(1), torch.empty(1, 4, 2, 2, device="meta")
    for timestep in timesteps:
        live = copied(state)
        scaled_input(live, samples, timestep)
        samples, random = stepped(live, samples, timestep, samples, random, 0.0)
        state = SchedulerState(live)
    assert samples.device.type == "meta"
