"""Flux: how its transformer reads latents, and what its nodes refuse."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import diffusers
import pytest
import torch
from tests.nodes.tiny_flux import POOLED, TEXT, tiny_flux_vae, tiny_scheduler, tiny_transformer

from latentgraph.graph.context import RunContext
from latentgraph.graph.registry import Registry
from latentgraph.nodes.calling import call_flux
from latentgraph.nodes.denoise import denoise_step
from latentgraph.nodes.flux_patches import packed, patch_positions, unpacked
from latentgraph.nodes.guidance import guidance
from latentgraph.nodes.guidance_flux import guidance_flux
from latentgraph.nodes.handles import VAE, Denoiser, Scheduler
from latentgraph.nodes.latents_flux import draw_noise_flux, size_in_patches
from latentgraph.nodes.schedule_flow import make_flow_latents
from latentgraph.nodes.schedule_flux import schedule_flux
from latentgraph.nodes.skip_flow import skip_flow_steps
from latentgraph.nodes.values import Conditioning, Guidance, Image, Latents, Noise, RandomState, Timestep

# DPM-Solver hands torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
library: Any = diffusers  # Untyped.
NOISE = Noise(torch.zeros(1, 4, 8, 6), 16, 12)


@pytest.fixture(scope="module")
def denoiser() -> Denoiser:
    return Denoiser.of(tiny_transformer(), family="flux")


def text(rows: int = 1, length: int = 5, *, pooled: bool = True) -> Conditioning:
    return Conditioning(torch.ones(rows, length, TEXT), pooled=torch.ones(rows, POOLED) if pooled else None)


def test_patches_and_their_places_are_those_of_the_pipeline() -> None:
    latents = torch.arange(2 * 4 * 6 * 8.0).view(2, 4, 6, 8)
    patches = packed(latents)
    pipeline = library.FluxPipeline
    assert torch.equal(patches, pipeline._pack_latents(latents, 2, 4, 6, 8))
    assert torch.equal(unpacked(patches, 6, 8), latents)
    assert torch.equal(patch_positions(6, 8), pipeline._prepare_latent_image_ids(1, 3, 4, "cpu", torch.float32))
    with pytest.raises(ValueError, match=r"^latents are 5 × 8 cells, and Flux reads patches of 2 × 2; draw the noise"):
        packed(latents[:, :, :5])


def test_a_size_of_no_whole_patches_is_rounded_down_as_diffusers_does_it_and_told(denoiser: Denoiser) -> None:
    vae, said = VAE.of(tiny_flux_vae(), family="flux"), list[str]()
    context = RunContext(report_warning=said.append)
    noise, _ = draw_noise_flux(denoiser, vae, RandomState(1), 47, 65, context=context)
    assert (noise.height, noise.width, tuple(noise.samples.shape)) == (44, 64, (1, 4, 22, 32))
    assert said == ["65 × 47 pixels are no whole patches of 4; the picture has 64 × 44"]
    assert draw_noise_flux(denoiser, vae, RandomState(1)).noise.samples.shape == (1, 4, 128, 128)
    with pytest.raises(ValueError, match=r"^8 × 3 pixels are less than one patch of 4; take more$"):
        draw_noise_flux(denoiser, vae, RandomState(1), 3, 8)


def test_a_larger_picture_stays_noisy_for_longer_where_the_scheduler_shifts_by_size() -> None:
    large = replace(NOISE, samples=torch.zeros(1, 4, 32, 32))
    for dynamic in (True, False):
        scheduler = Scheduler.of(tiny_scheduler(dynamic=dynamic))
        small_levels, large_levels = (
            [one.value.item() for one in schedule_flux(scheduler, noise, 4).timesteps] for noise in (NOISE, large)
        )
        assert (small_levels[1] < large_levels[1]) == dynamic
    assert small_levels == large_levels == [1000.0, 750.0, 500.0, 250.0]


def test_schedulers_that_cannot_be_given_these_levels_are_refused() -> None:
    message = r"^EulerDiscreteScheduler takes no noise levels that are shifted by the size of the picture, as those of"
    with pytest.raises(ValueError, match=message):
        schedule_flux(Scheduler.of(library.EulerDiscreteScheduler()), NOISE)
    solver, flow = library.DPMSolverMultistepScheduler, {"use_flow_sigmas": True, "prediction_type": "flow_prediction"}
    with pytest.raises(ValueError, match=r"^DPMSolverMultistepScheduler takes the shift of Flux only with the option"):
        schedule_flux(Scheduler.of(solver(**flow)), NOISE)
    own = Scheduler.of(solver(**flow, use_dynamic_shifting=True))
    assert len(schedule_flux(own, NOISE, 5).timesteps) == 5
    with pytest.raises(ValueError, match=r"^DPMSolverMultistepScheduler makes its noise levels itself \(use_flow_sig"):
        schedule_flux(own, NOISE, sigmas=[1.0, 0.5])


def test_a_single_level_that_would_have_to_be_stretched_is_refused() -> None:
    stretched = Scheduler.of(library.FlowMatchEulerDiscreteScheduler(shift_terminal=0.1))
    assert len(schedule_flux(stretched, NOISE, 2).timesteps) == 2
    with pytest.raises(ValueError, match=r"makes noise levels that are no numbers of these; take more steps$"):
        schedule_flux(stretched, NOISE, 1)


@pytest.mark.parametrize(("strength", "left"), [(1.0, 5), (0.6, 3), (0.5, 3), (0.1, 1)])
def test_a_strength_takes_the_steps_that_the_pipeline_takes(strength: float, left: int) -> None:
    scheduler = tiny_scheduler()
    timesteps, state = schedule_flux(Scheduler.of(scheduler), NOISE, 5)
    taken = skip_flow_steps(timesteps, state, strength)
    scheduler.set_timesteps(5, mu=0.5)
    pipeline = SimpleNamespace(scheduler=scheduler)
    wanted, count = library.FluxImg2ImgPipeline.get_timesteps(pipeline, 5, strength, "cpu")
    assert len(taken.timesteps) == len(wanted) == count == left
    assert [one.value.item() for one in taken.timesteps] == [one.value.item() for one in timesteps[-left:]]
    with pytest.raises(ValueError, match=r"^a strength of 1e-20 leaves none of 5 steps; give more of either$"):
        skip_flow_steps(timesteps, state, 1e-20)


def test_a_size_is_told_in_whole_patches() -> None:
    vae, said = VAE.of(tiny_flux_vae(), family="flux"), list[str]()
    context = RunContext(report_warning=said.append)
    assert size_in_patches(vae, Image(torch.rand(2, 3, 50, 67)), width=40, context=context) == (48, 40)
    assert said == ["40 × 50 pixels are no whole patches of 4; the picture has 40 × 48"]
    assert size_in_patches(vae) == (256, 256)


def test_a_distilled_denoiser_is_told_the_strength_and_another_is_not(denoiser: Denoiser) -> None:
    told = guidance_flux(text(), denoiser, guidance_scale=2.0)
    assert told.added["guidance"].tolist() == [2.0]
    assert ("guidance minimum", "2") in Registry.load().values.details(told)
    plain = Denoiser.of(tiny_transformer(guided=False), family="flux")
    assert guidance_flux(text(), plain, guidance_scale=2.0).added == {}


def test_a_negative_side_counts_above_a_scale_of_one_and_may_be_of_another_length(denoiser: Denoiser) -> None:
    assert not guidance_flux(text(), denoiser, text(), true_cfg_scale=1.0).guided
    assert not guidance_flux(text(), denoiser, None, true_cfg_scale=4.0).guided
    assert guidance_flux(text(), denoiser, text(length=3), true_cfg_scale=1.5).guided
    with pytest.raises(ValueError, match=r"^positive has 2 rows, negative has 1; give both the same images_per_prompt"):
        guidance_flux(text(2), denoiser, text(), true_cfg_scale=1.5)


@pytest.mark.parametrize(
    ("steering", "message"),
    [
        (guidance(text(pooled=False)), "the transformer of Flux needs a pooled vector; encode the text by encode_flux"),
        (guidance(text()), "this transformer is told how strongly to follow the text; make guidance by guidance_flux"),
        (
            replace(guidance(text()), channels=torch.zeros(1, 1, 2, 2)),
            "the transformer of Flux takes neither channels nor ControlNets for a UNet",
        ),
    ],
)
def test_guidance_that_the_transformer_cannot_read_is_refused(steering: Guidance, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        call_flux(tiny_transformer(), NOISE.samples, Timestep(torch.tensor(1.0), 0), steering)


def test_latents_and_what_is_told_and_shown_of_them_are_those_of_every_model() -> None:
    shown: list[Any] = []
    vae = VAE.of(tiny_flux_vae(), family="flux")
    denoiser = replace(Denoiser.of(tiny_transformer(), family="flux"), vae=vae)
    timesteps, state = schedule_flux(Scheduler.of(tiny_scheduler()), NOISE, 1)
    context = RunContext(offer_preview=shown.append)
    latents: Latents = denoise_step(
        denoiser, make_flow_latents(NOISE), timesteps[0], state, RandomState(1), guidance_flux(text(), denoiser),
        context=context,
    ).latents  # fmt: skip
    told = dict(Registry.load().values.details(latents))
    assert told["shape"] == "1 × 4 × 8 × 6 (B C h w)"
    assert told["picture"] == "12 × 16 pixels"
    picture = shown[0]()
    assert isinstance(picture, Image)
    assert picture.samples.shape[-1] * 16 == picture.samples.shape[-2] * 12
