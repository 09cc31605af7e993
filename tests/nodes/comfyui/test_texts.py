"""Prompts of different lengths, and prompts for two text encoders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from tests.nodes.tiny import load_pipeline

from latentgraph.nodes.guidance import guidance
from latentgraph.nodes.load import load_model
from latentgraph.nodes.load_sdxl import load_sdxl
from latentgraph.nodes.text_sdxl import encode_sdxl, tokenize_sdxl
from latentgraph.nodes.values import Latents
from latentgraph.nodes.weighted_text import encode_weighted
from latentgraph.nodes.weighted_text_sdxl import encode_weighted_sdxl

LONG = " ".join(["a red circle on a blue background"] * 30)


def test_sides_of_different_lengths_are_repeated_to_their_least_common_multiple(models: Mapping[str, Path]) -> None:
    model = load_model(str(models["sd1"]))
    long, short = (
        encode_weighted(model.tokenizer, model.text_encoder, text, notation="comfyui") for text in (LONG, "a star")
    )
    chunks = long.embeddings.shape[1] // 77
    assert chunks > 1
    made = guidance(long, short, 7.0, like=Latents(torch.zeros(2, 4, 8, 8), 16, 16))
    assert made.embeddings.shape == (4, 77 * chunks, 32)
    unet, x = load_pipeline(models["sd1"]).unet, torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        once, often = (unet(x, 10, text[:1], return_dict=False)[0] for text in (short.embeddings, made.embeddings))
    # Attention shares its weights out among equal tokens, so that nothing changes but the rounding.
    torch.testing.assert_close(often, once, rtol=1e-4, atol=1e-4)


def test_a_plain_prompt_of_sdxl_is_what_its_pipeline_makes_of_it(models: Mapping[str, Path]) -> None:
    for name in ("sdxl", "refiner"):
        model = load_sdxl(str(models[name]))
        two = name == "sdxl"
        tokens = tokenize_sdxl(model.tokenizer_2, model.tokenizer, "a red star", "a cat" if two else None)
        exact = encode_sdxl(model.text_encoder_2, tokens, model.text_encoder)
        made = encode_weighted_sdxl(
            model.tokenizer_2, model.text_encoder_2, "a red star", model.tokenizer, model.text_encoder,
            "a cat" if two else None, notation="comfyui",
        )  # fmt: skip
        assert torch.equal(made.embeddings, exact.embeddings)
        assert made.pooled is not None
        assert exact.pooled is not None
        assert torch.equal(made.pooled, exact.pooled)


def test_weights_of_sdxl_count_in_each_encoder_and_not_in_the_sum_of_the_text(models: Mapping[str, Path]) -> None:
    model = load_sdxl(str(models["sdxl"]))

    def encoded(text: str) -> tuple[torch.Tensor, torch.Tensor]:
        made = encode_weighted_sdxl(
            model.tokenizer_2, model.text_encoder_2, text, model.tokenizer, model.text_encoder, notation="comfyui"
        )
        assert made.pooled is not None
        return made.embeddings, made.pooled

    (plain, whole), (nothing, _), (weighted, same) = (encoded(text) for text in ("a red", "", "a (red:1.5)"))
    exact = plain.clone()
    exact[:, 2] = nothing[:, 2] + 1.5 * (plain[:, 2] - nothing[:, 2])  # Behind the mark of the beginning and `a`.
    torch.testing.assert_close(weighted, exact)
    assert torch.equal(whole, same)


def test_a_text_for_each_encoder_may_be_of_any_length(models: Mapping[str, Path]) -> None:
    model = load_sdxl(str(models["sdxl"]))
    made = encode_weighted_sdxl(
        model.tokenizer_2, model.text_encoder_2, LONG, model.tokenizer, model.text_encoder, "a", notation="comfyui"
    )
    assert made.embeddings.shape[1] % 77 == 0
    assert made.embeddings.shape[1] > 77
