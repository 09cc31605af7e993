"""Flux gives bit for bit the latents and pictures of FluxPipeline: the workflow, and nodes from given embeddings."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.nodes.parity_flux import Case, arguments, cases, document, run_pipeline
from tests.nodes.tiny_flux import CHANNELS, POOLED, TEXT, build_tiny_flux, tiny_flux

from latentgraph.graph.run import Engine
from latentgraph.nodes.decode import decode
from latentgraph.nodes.denoise import denoise_step
from latentgraph.nodes.flux_patches import packed
from latentgraph.nodes.guidance_flux import guidance_flux
from latentgraph.nodes.handles import VAE, Denoiser, Scheduler
from latentgraph.nodes.latents_flux import draw_noise_flux
from latentgraph.nodes.random_state import generator_at, random_states
from latentgraph.nodes.schedule_flow import make_flow_latents
from latentgraph.nodes.schedule_flux import schedule_flux
from latentgraph.nodes.values import Conditioning, Latents

# Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*are no whole patches"),
]
EVERY = cases()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """`dev`, and by True `schnell`."""
    made = {schnell: tmp_path_factory.mktemp("models") / ("schnell" if schnell else "dev") for schnell in (False, True)}
    for schnell, folder in made.items():
        build_tiny_flux(folder, guided=not schnell)
    return made


def hold(case: Case, engine: Engine, folder: Path) -> None:
    latents, images = run_pipeline(case, folder)
    run = engine.run(document(case), {**arguments(case), "model": str(folder)}, settings={"device": "cpu"})
    values = run.result().values
    assert images.std() > 0
    assert torch.equal(packed(values["latents"].samples), latents)
    assert torch.equal(values["image"].samples, images)


@pytest.mark.parametrize("case", random.Random(1).sample(EVERY, 10), ids=str)
def test_text_to_image_gives_latents_and_picture_of_the_pipeline(
    case: Case, engine: Engine, folders: dict[bool, Path]
) -> None:
    hold(case, engine, folders[case.schnell])


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", EVERY, ids=str)
def test_text_to_image_gives_latents_and_picture_of_the_pipeline_in_every_case(
    case: Case, engine: Engine, folders: dict[bool, Path]
) -> None:
    hold(case, engine, folders[case.schnell])


CASES: tuple[dict[str, Any], ...] = (
    {"num_inference_steps": 4},
    {"num_inference_steps": 3, "batch": 2, "height": 48, "width": 80},
    {"guidance_scale": 0.0, "batch": 2, "seeds": [7, 8]},
    {"true_cfg_scale": 4.0},
    {"true_cfg_scale": 2.5, "batch": 3, "guidance_scale": 7.0, "height": 44},
    {"true_cfg_scale": 1.0, "sigmas": [1.0, 0.6, 0.2]},
    {"height": 61, "width": 47},
    {"given": True, "batch": 2},
    {"guided": False, "num_inference_steps": 4, "guidance_scale": 0.0},
    {"guided": False, "true_cfg_scale": 3.0, "batch": 2, "width": 72},
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_flux_denoises_bit_for_bit_as_the_pipeline(case: dict[str, Any]) -> None:
    arguments = {"height": 64, "width": 64, "num_inference_steps": 2, **case}
    pipeline = tiny_flux(guided=arguments.pop("guided", True))
    pipeline.set_progress_bar_config(disable=True)
    batch, seeds, given = arguments.pop("batch", 1), arguments.pop("seeds", [7]), arguments.pop("given", False)
    source = torch.Generator().manual_seed(1)
    positive, negative = (torch.randn(batch, 5, TEXT, generator=source) for _ in range(2))
    pooled, negative_pooled = (torch.randn(batch, POOLED, generator=source) for _ in range(2))
    start = Latents(torch.randn(batch, CHANNELS, 32, 32, generator=source), 64, 64) if given else None
    patches, expected = (
        pipeline(
            prompt_embeds=positive,
            negative_prompt_embeds=negative,
            pooled_prompt_embeds=pooled,
            negative_pooled_prompt_embeds=negative_pooled,
            latents=None if start is None else packed(start.samples),
            generator=generator_at(random_states(seeds)),
            output_type=kind,
            **arguments,
        ).images
        for kind in ("latent", "pt")
    )

    one, other = Conditioning(positive, pooled=pooled), Conditioning(negative, pooled=negative_pooled)
    denoiser, vae = Denoiser.of(pipeline.transformer, family="flux"), VAE.of(pipeline.vae, family="flux")
    strengths = {name: arguments[name] for name in ("guidance_scale", "true_cfg_scale") if name in arguments}
    guidance = guidance_flux(one, denoiser, other, **strengths)
    noise, random = draw_noise_flux(
        denoiser, vae, random_states(seeds), arguments["height"], arguments["width"], batch, given=start
    )
    levels = {name: arguments[name] for name in ("num_inference_steps", "sigmas") if name in arguments}
    timesteps, state = schedule_flux(Scheduler.of(pipeline.scheduler, family="flux"), noise, **levels)
    latents = make_flow_latents(noise)
    for timestep in timesteps:
        latents, state, random = denoise_step(denoiser, latents, timestep, state, random, guidance)
    assert expected.std() > 0
    assert torch.equal(packed(latents.samples), patches)
    assert torch.equal(decode(vae, latents).samples, expected)
    assert (latents.height, latents.width) == tuple(expected.shape[-2:])
