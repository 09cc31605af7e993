"""The denoising of Stable Diffusion 3 from given embeddings, held bit for bit against StableDiffusion3Pipeline."""

from __future__ import annotations

from typing import Any

import pytest
from tests.nodes.tiny_families import tiny_vae

from latentgraph.nodes.calling import call_sd3
from latentgraph.nodes.decode import decode
from latentgraph.nodes.denoise import denoise_step
from latentgraph.nodes.guidance import guidance
from latentgraph.nodes.handles import VAE, Denoiser, Scheduler
from latentgraph.nodes.latents import draw_noise
from latentgraph.nodes.schedule_flow import make_flow_latents, schedule_flow
from latentgraph.nodes.values import Conditioning, RandomState

CASES: tuple[dict[str, Any], ...] = (
    {"num_inference_steps": 3},
    {"num_inference_steps": 2, "height": 48, "width": 64, "batch": 2},
    {"num_inference_steps": 2, "guidance_scale": 1.0, "dynamic": True},
    {"num_inference_steps": 4, "guidance_scale": 4.5, "dynamic": True, "height": 96, "width": 64},
    {"sigmas": [1.0, 0.6, 0.2], "num_inference_steps": 3, "shift": 1.0},
    {"num_inference_steps": 2, "mu": 0.7, "dynamic": True},
)


def tiny_sd3(dynamic: bool, shift: float) -> Any:
    """The denoiser, the VAE and the scheduler in diffusers' pipeline, without text encoders."""
    import diffusers
    import torch

    library: Any = diffusers  # Untyped.
    torch.manual_seed(0)
    transformer = library.SD3Transformer2DModel(
        sample_size=32,
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=32,
        caption_projection_dim=32,
        pooled_projection_dim=24,
        pos_embed_max_size=64,
    )
    vae = tiny_vae(scaling_factor=1.5305, shift_factor=0.0609)
    none = dict.fromkeys(f"{kind}{end}" for kind in ("text_encoder", "tokenizer") for end in ("", "_2", "_3"))
    return library.StableDiffusion3Pipeline(
        transformer=transformer.eval(),
        vae=vae.eval(),
        scheduler=library.FlowMatchEulerDiscreteScheduler(shift=shift, use_dynamic_shifting=dynamic),
        **none,
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_sd3_denoises_bit_for_bit_as_the_pipeline(case: dict[str, Any]) -> None:
    import torch

    arguments = {"guidance_scale": 7.0, "height": 64, "width": 64, **case}
    pipeline = tiny_sd3(arguments.pop("dynamic", False), arguments.pop("shift", 3.0))
    pipeline.set_progress_bar_config(disable=True)
    batch, scale = arguments.pop("batch", 1), arguments["guidance_scale"]
    source = torch.Generator().manual_seed(1)
    positive, negative = (torch.randn(batch, 5, 32, generator=source) for _ in range(2))
    pooled, negative_pooled = (torch.randn(batch, 24, generator=source) for _ in range(2))
    expected = pipeline(
        prompt_embeds=positive,
        negative_prompt_embeds=negative,
        pooled_prompt_embeds=pooled,
        negative_pooled_prompt_embeds=negative_pooled,
        generator=torch.Generator().manual_seed(7),
        output_type="pt",
        **arguments,
    ).images

    one, other = Conditioning(positive, pooled=pooled), Conditioning(negative, pooled=negative_pooled)
    steering = guidance(one, other, scale)
    denoiser = Denoiser.of(pipeline.transformer, family="sd3")
    vae = VAE.of(pipeline.vae, family="sd3")
    noise, random = draw_noise(denoiser, vae, RandomState(7), arguments["height"], arguments["width"], batch)
    levels = {name: arguments[name] for name in ("num_inference_steps", "sigmas", "mu") if name in arguments}
    timesteps, state = schedule_flow(Scheduler.of(pipeline.scheduler, family="sd3"), denoiser, noise, **levels)
    latents = make_flow_latents(noise)
    for timestep in timesteps:
        latents, state, random = denoise_step(denoiser, latents, timestep, state, random, steering)
    assert torch.equal(decode(vae, latents).samples, expected)


def test_guidance_without_a_pooled_vector_is_refused() -> None:
    import torch

    from latentgraph.nodes.values import Timestep

    text = torch.zeros(1, 2, 4)
    with pytest.raises(ValueError, match=r"^the transformer of Stable Diffusion 3 needs a pooled vector; encode"):
        call_sd3(None, text, Timestep(torch.tensor(1.0), 0), guidance(Conditioning(text)))
