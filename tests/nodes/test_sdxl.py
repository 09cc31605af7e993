"""Stable Diffusion XL: what the check finds before weights are read, and what the nodes refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.nodes.tiny_families import build_tiny_sdxl

from latentgraph.graph.access import AccessError
from latentgraph.graph.check import check
from latentgraph.graph.document import parse_document
from latentgraph.graph.registry import Registry
from latentgraph.nodes import (
    aesthetic_conditioning,
    encode_sdxl,
    guidance,
    load_model,
    load_sdxl,
    part_of_schedule,
    schedule,
    size_conditioning,
    tokenize_sdxl,
)
from latentgraph.nodes.load_sdxl import SDXLModel
from latentgraph.nodes.values import Conditioning, Guidance, Latents

# Euler hands torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "base"
    build_tiny_sdxl(folder)
    return folder


@pytest.fixture(scope="module")
def refiner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "refiner"
    build_tiny_sdxl(folder, refiner=True)
    return folder


def problems(nodes: dict[str, Any], outputs: dict[str, str], **given: object) -> list[tuple[str, str, str, str]]:
    inputs = {name: {"type": "string"} for name in given}
    links = {name: {"from": link} for name, link in outputs.items()}
    content = {"latentgraph": 1, "inputs": inputs, "nodes": nodes, "outputs": links}
    found = check(parse_document(json.dumps(content).encode(), "w.json"), Registry.load(), given).errors
    return [(one.code, one.node, one.port, one.message) for one in found]


def linked(**links: str) -> dict[str, Any]:
    return {name: {"from": link} for name, link in links.items()}


def test_a_conditioning_of_sdxl_before_a_denoiser_of_sd1_is_found_by_the_check(base: Path, tiny_folder: Path) -> None:
    nodes = {
        "one": {"type": "load_model", "inputs": linked(model="inputs.one")},
        "xl": {"type": "load_sdxl", "inputs": linked(model="inputs.xl")},
        "tokens": {
            "type": "tokenize_sdxl",
            "inputs": {**linked(tokenizer_2="xl.tokenizer_2", tokenizer="xl.tokenizer"), "text": "a cat"},
        },
        "encoded": {
            "type": "encode_sdxl",
            "inputs": linked(
                text_encoder_2="xl.text_encoder_2", text_encoder="xl.text_encoder", tokens="tokens.tokens"
            ),
        },
        "guidance": {"type": "guidance", "inputs": linked(positive="encoded.conditioning")},
        "schedule": {"type": "schedule", "inputs": linked(scheduler="one.scheduler")},
        "random": {"type": "random_state", "inputs": {"seed": 1}},
        "noise": {
            "type": "draw_noise",
            "inputs": linked(denoiser="one.denoiser", vae="one.vae", random="random.random_state"),
        },
        "start": {"type": "make_latents", "inputs": linked(noise="noise.noise", state="schedule.state")},
        "denoise": {
            "type": "loop",
            "each": linked(timestep="schedule.timesteps"),
            "carry": {
                "latents": {"from": "start.latents", "next": "step.latents"},
                "state": {"from": "schedule.state", "next": "step.state"},
                "random": {"from": "noise.random", "next": "step.random"},
            },
            "inputs": linked(denoiser="one.denoiser", guidance="guidance.guidance"),
            "nodes": {
                "step": {
                    "type": "denoise_step",
                    "inputs": linked(
                        denoiser="loop.denoiser", latents="loop.latents", timestep="loop.timestep",
                        state="loop.state", random="loop.random", guidance="loop.guidance",
                    ),
                }
            },
        },
    }  # fmt: skip
    assert problems(nodes, {"latents": "denoise.latents"}, one=str(tiny_folder), xl=str(base)) == [
        ("E109", "denoise/step", "guidance", "'loop.guidance' is of family sdxl, but 'denoiser' is of family sd1")
    ]


def test_load_model_sends_a_model_with_two_text_encoders_on_to_load_sdxl(base: Path) -> None:
    nodes = {"model": {"type": "load_model", "inputs": linked(model="inputs.model")}}
    message = f"{str(base)!r} has a second text encoder"
    assert problems(nodes, {"vae": "model.vae"}, model=str(base)) == [("E115", "model", "", message)]
    with pytest.raises(AccessError, match="second text encoder"):
        load_model(str(base))


def test_load_sdxl_takes_no_other_family(tiny_folder: Path) -> None:
    nodes = {"model": {"type": "load_sdxl", "inputs": linked(model="inputs.model")}}
    message = f"{str(tiny_folder)!r} is no Stable Diffusion XL model"
    assert problems(nodes, {"vae": "model.vae"}, model=str(tiny_folder)) == [("E115", "model", "", message)]


def test_a_refiner_has_the_second_text_encoder_alone(base: Path, refiner: Path) -> None:
    whole, half = load_sdxl(str(base)), load_sdxl(str(refiner))
    assert whole.tokenizer is not None
    assert whole.text_encoder is not None
    assert half.tokenizer is None
    assert half.text_encoder is None
    assert (whole.force_zeros_for_empty_prompt, half.force_zeros_for_empty_prompt) == (True, False)
    assert {one.family for one in (whole.text_encoder, half.text_encoder_2, whole.vae, half.denoiser)} == {"sdxl"}
    assert whole.text_encoder.class_name == "CLIPTextModel"
    assert half.text_encoder_2.class_name == "CLIPTextModelWithProjection"


def encoded(model: SDXLModel, text: str | None, *, zeros: bool = False) -> Conditioning:
    tokens = tokenize_sdxl(model.tokenizer_2, model.tokenizer, text)
    return encode_sdxl(model.text_encoder_2, tokens, model.text_encoder, force_zeros_for_empty_prompt=zeros)


def test_the_encoders_lie_side_by_side_and_the_second_sums_the_text_up(base: Path, refiner: Path) -> None:
    both = encoded(load_sdxl(str(base)), "a cat")
    alone = encoded(load_sdxl(str(refiner)), "a cat")
    assert both.embeddings.shape == (1, 77, 32 + 48)
    assert alone.embeddings.shape == (1, 77, 48)
    assert both.pooled is not None
    assert both.pooled.shape == (1, 40)


def test_a_text_that_nobody_wrote_is_zeros_where_the_model_was_trained_so_and_an_empty_one_is_not(base: Path) -> None:
    model = load_sdxl(str(base))
    unwritten, empty = encoded(model, None, zeros=True), encoded(model, "", zeros=True)
    assert unwritten.pooled is not None
    assert not unwritten.embeddings.any()
    assert not unwritten.pooled.any()
    assert empty.embeddings.any()
    assert torch.equal(encoded(model, None).embeddings, empty.embeddings)


def test_tokens_of_one_tokenizer_do_not_fit_two_encoders(base: Path) -> None:
    model = load_sdxl(str(base))
    with pytest.raises(ValueError, match="tokens are of 1 tokenizers, but there are 2 text encoders"):
        encode_sdxl(model.text_encoder_2, tokenize_sdxl(model.tokenizer_2, None, "a"), model.text_encoder)


def test_each_model_names_the_node_that_tells_it_its_numbers(base: Path, refiner: Path) -> None:
    whole, half = load_sdxl(str(base)), load_sdxl(str(refiner))
    latents = Latents(torch.zeros(1, 4, 32, 32), 64, 64)
    with pytest.raises(ValueError, match="use aesthetic_conditioning"):
        size_conditioning(guidance(encoded(half, "a")), half.denoiser, latents)
    with pytest.raises(ValueError, match="use size_conditioning"):
        aesthetic_conditioning(guidance(encoded(whole, "a")), whole.denoiser, latents)


def steered(model: SDXLModel, batch: int) -> Guidance:
    positive, negative = [
        encode_sdxl(model.text_encoder_2, tokenize_sdxl(model.tokenizer_2, model.tokenizer, text), model.text_encoder,
                    images_per_prompt=batch) for text in ("a cat", "a star")
    ]  # fmt: skip
    return guidance(positive, negative)


def test_sizes_of_the_two_sides_alternate_in_text_to_image_only(base: Path) -> None:
    model, latents = load_sdxl(str(base)), Latents(torch.zeros(2, 4, 32, 32), 64, 48)
    told = {
        kind: size_conditioning(
            steered(model, 2), model.denoiser, latents,
            crops_coords_top_left=[1, 2], negative_original_size=[8, 9], negative_target_size=[6, 7], pipeline=kind,
        ).added["time_ids"].tolist()
        for kind in ("text_to_image", "image_to_image")
    }  # fmt: skip
    positive = [64, 48, 1, 2, 64, 48]
    assert told["text_to_image"] == [[8, 9, 0, 0, 6, 7], positive] * 2
    assert told["image_to_image"] == [[8, 9, 1, 2, 6, 7]] * 2 + [positive] * 2


def test_a_schedule_is_parted_where_the_refiner_takes_over(base: Path) -> None:
    turns = schedule(load_sdxl(str(base)).scheduler, 10)
    first = part_of_schedule(turns.timesteps, turns.state, denoising_end=0.8)
    last = part_of_schedule(turns.timesteps, turns.state, denoising_start=0.8)
    values = [one.value.item() for one in (*first.timesteps, *last.timesteps)]
    assert values == [one.value.item() for one in turns.timesteps]
    assert (len(first.timesteps), len(last.timesteps)) == (8, 2)
    assert last.timesteps[0].index == 0
    with pytest.raises(ValueError, match="the start must come first"):
        part_of_schedule(turns.timesteps, turns.state, denoising_start=0.8, denoising_end=0.5)
