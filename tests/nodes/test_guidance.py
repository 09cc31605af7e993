"""Guidance in diffusers' own order of operations."""

from __future__ import annotations

from typing import Any

import diffusers
import pytest
import torch
from diffusers.pipelines.stable_diffusion import pipeline_stable_diffusion

from latentgraph.nodes.guidance import guidance, guidance_scale_embedding, guided_prediction
from latentgraph.nodes.prediction import predictions
from latentgraph.nodes.values import Conditioning, Timestep


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Numbers by lot."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("scale", [5.3, 7.1, 7.5])
def test_the_formula_is_that_of_diffusers_in_every_precision(dtype: torch.dtype, scale: float) -> None:
    positive, negative = normal(2, 4, 8, 8, dtype=dtype), normal(2, 4, 8, 8, seed=1, dtype=dtype)
    wanted = negative + scale * (positive - negative)
    assert torch.equal(guided_prediction(positive, negative, scale), wanted)
    library: Any = pipeline_stable_diffusion
    rescaled = library.rescale_noise_cfg(wanted, positive, guidance_rescale=0.7)
    assert torch.equal(guided_prediction(positive, negative, scale, 0.7), rescaled)


def test_both_sides_make_one_batch_negative_first() -> None:
    positive, negative = Conditioning(normal(3, 5, 8), family="sd1"), Conditioning(normal(3, 5, 8, seed=1))
    made = guidance(positive, negative, 7.5)
    assert made.guided
    assert made.family == "sd1"
    assert torch.equal(made.embeddings, torch.cat([negative.embeddings, positive.embeddings]))


@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_a_scale_of_one_or_less_leaves_the_negative_side_out(scale: float) -> None:
    positive = Conditioning(normal(3, 5, 8))
    made = guidance(positive, Conditioning(normal(3, 5, 8, seed=1)), scale)
    assert not made.guided
    assert made.embeddings is positive.embeddings


def test_sides_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is held below
        guidance(Conditioning(normal(3, 5, 8)), Conditioning(normal(1, 5, 8)), 7.5)
    assert str(caught.value) == (
        "positive is (3, 5, 8), negative is (1, 5, 8); expected the same shape: give both the same images_per_prompt"
    )


def unet(**options: Any) -> Any:
    """A denoiser of a few hundred weights."""
    library: Any = diffusers
    torch.manual_seed(0)
    return library.UNet2DConditionModel(
        block_out_channels=(8, 16),
        norm_num_groups=4,
        layers_per_block=1,
        sample_size=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=8,
        attention_head_dim=4,
        **options,
    ).eval()


def test_a_distilled_denoiser_is_told_the_scale_and_predicts_one_side() -> None:
    module, samples = unet(time_cond_proj_dim=32), normal(2, 4, 8, 8)
    positive = Conditioning(normal(2, 5, 8))
    steering = guidance(positive, Conditioning(normal(2, 5, 8, seed=1)), 8.0)
    made, negative = predictions(module, samples, Timestep(torch.tensor(500), 0), steering)
    library: Any = diffusers
    told = library.StableDiffusionPipeline.get_guidance_scale_embedding(
        None, torch.tensor(8.0 - 1).repeat(2), embedding_dim=32
    )
    with torch.no_grad():
        wanted = module(
            samples, torch.tensor(500), encoder_hidden_states=positive.embeddings, timestep_cond=told
        ).sample
    assert negative is None
    assert torch.equal(made, wanted)


@pytest.mark.parametrize("dimension", [256, 33])
def test_the_embedding_of_the_scale_is_that_of_diffusers(dimension: int) -> None:
    library: Any = diffusers
    wanted = library.StableDiffusionPipeline.get_guidance_scale_embedding(
        None, torch.tensor(7.5 - 1).repeat(3), embedding_dim=dimension
    )
    assert torch.equal(guidance_scale_embedding(7.5, 3, dimension), wanted)


def test_a_batch_of_another_size_is_refused_with_what_to_do() -> None:
    steering = guidance(Conditioning(normal(1, 5, 8)), None, 1.0)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is held below
        predictions(unet(), normal(3, 4, 8, 8), Timestep(torch.tensor(500), 0), steering)
    assert str(caught.value) == (
        "3 latents meet 1 embeddings; give encode the same images_per_prompt as draw_noise has for its batch"
    )
