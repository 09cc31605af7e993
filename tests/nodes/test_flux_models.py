"""Flux models: how they are opened and read a text, and what the check finds before weights are read."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.nodes.parity_families import loaded_pipeline
from tests.nodes.tiny import edit_json
from tests.nodes.tiny_flux import build_tiny_flux

from latentgraph.graph.access import AccessError
from latentgraph.graph.check import check
from latentgraph.graph.context import RunContext
from latentgraph.graph.document import parse_document
from latentgraph.graph.registry import Registry
from latentgraph.nodes import (
    encode_flux,
    encode_negative_flux,
    load_flux,
    load_model,
    load_sdxl,
    schedule,
    tokenize,
    tokenize_flux,
)
from latentgraph.nodes.load_flux import FluxModel

WORKFLOW = files("latentgraph.workflows") / "flux_text_to_image.json"


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "dev"
    build_tiny_flux(folder)
    return folder


@pytest.fixture(scope="module")
def model(dev: Path) -> FluxModel:
    return load_flux(str(dev))


def problems(values: dict[str, Any], nodes: dict[str, Any] | None = None) -> list[tuple[str, str, str, str]]:
    """What the check says of the shipped workflow with these values, and nodes in place of its own."""
    content = json.loads(WORKFLOW.read_text("utf-8"))
    content["nodes"] |= nodes or {}
    content["inputs"] |= {name: {"type": "string"} for name in values if name not in content["inputs"]}
    found = check(parse_document(json.dumps(content).encode(), "w.json"), Registry.load(), values).errors
    return [(one.code, one.node, one.port, one.message) for one in found]


def linked(**links: str) -> dict[str, Any]:
    return {name: {"from": link} for name, link in links.items()}


def changed(folder: Path, where: Path, part: str, **entries: object) -> Path:
    """A copy of a model with other entries in one configuration."""
    shutil.copytree(folder, where)
    edit_json(where / part, **entries)
    return where


def test_every_part_is_of_the_family_and_of_the_class_that_the_model_names(model: FluxModel) -> None:
    assert {one.family for one in model} == {"flux"}
    assert [one.class_name for one in model] == [
        "CLIPTokenizer",
        "T5Tokenizer",
        "CLIPTextModel",
        "T5EncoderModel",
        "FluxTransformer2DModel",
        "AutoencoderKL",
        "FlowMatchEulerDiscreteScheduler",
    ]
    assert model.denoiser.vae is not None


def test_clip_sums_the_first_text_up_and_t5_reads_the_second(dev: Path, model: FluxModel) -> None:
    tokens = tokenize_flux(model.tokenizer, model.tokenizer_2, "a red circle", "a cat", max_sequence_length=9)
    assert [tuple(stream.input_ids.shape) for stream in tokens.streams] == [(1, 77), (1, 9)]
    assert tokens.streams[1].pieces[0][:3] == ("a", "cat", "</s>")
    read = encode_flux(model.text_encoder, model.text_encoder_2, tokens, images_per_prompt=2)
    with torch.no_grad():
        embeddings, pooled, _ = loaded_pipeline(dev).encode_prompt(
            "a red circle", "a cat", num_images_per_prompt=2, max_sequence_length=9
        )
    assert read.pooled is not None
    assert torch.equal(read.pooled, pooled)
    assert torch.equal(read.embeddings, embeddings)


def test_words_that_t5_does_not_read_are_shown(model: FluxModel) -> None:
    said: list[str] = []
    context = RunContext(report_warning=said.append)
    tokenize_flux(
        model.tokenizer, model.tokenizer_2, "a red star on a blue square", max_sequence_length=4, context=context
    )
    assert said == ["the prompt is too long for the model, which reads 4 tokens; lost: on a blue square"]


def test_a_negative_prompt_that_nobody_wrote_makes_no_side_and_an_empty_one_does(model: FluxModel) -> None:
    def side(text: str | None) -> Any:
        tokens = tokenize_flux(model.tokenizer, model.tokenizer_2, text, "a cat", 8)
        return encode_negative_flux(model.text_encoder, model.text_encoder_2, tokens)

    assert side(None) is None
    assert side("").embeddings.shape == (1, 8, 40)


def test_tokens_of_one_tokenizer_do_not_fit_two_encoders(model: FluxModel) -> None:
    message = r"^tokens are of 1 tokenizers, but Flux has two text encoders; make them by tokenize_flux$"
    with pytest.raises(ValueError, match=message):
        encode_flux(model.text_encoder, model.text_encoder_2, tokenize(model.tokenizer, "a cat"))


def test_nodes_of_other_families_send_a_flux_model_on(dev: Path, model: FluxModel) -> None:
    hint = "a Flux model is opened by load_flux, as in the workflow flux_text_to_image"
    for load, message in ((load_model, "has a second text encoder"), (load_sdxl, "is no Stable Diffusion XL model")):
        with pytest.raises(AccessError, match=message) as caught:
            load(str(dev))
        assert caught.value.hint == hint
    with pytest.raises(
        ValueError, match=r"shifts its noise levels by the size of the picture, .* schedule_flux \(flux"
    ):
        schedule(model.scheduler, 4)


def test_a_model_of_another_family_is_found_by_the_check(dev: Path, tiny_folder: Path) -> None:
    assert problems({"model": str(dev)}) == []
    assert problems({"model": str(tiny_folder)}) == [
        ("E115", "model", "", f"{str(tiny_folder)!r} is no Flux model"),
    ]


def test_parts_of_another_family_are_found_by_the_check(dev: Path, tiny_folder: Path) -> None:
    other = {"type": "load_model", "inputs": linked(model="inputs.other")}
    steered = {
        "type": "guidance_flux",
        "inputs": linked(positive="encoded.conditioning", denoiser="model.denoiser"),
    }
    encoded = {"type": "encode", "inputs": linked(text_encoder="other.text_encoder", tokens="words.tokens")}
    words = {"type": "tokenize", "inputs": {**linked(tokenizer="other.tokenizer"), "text": "a cat"}}
    decoded = {"type": "decode", "inputs": linked(vae="other.vae", latents="denoise.latents")}
    given = {"model": str(dev), "other": str(tiny_folder)}
    found = problems(given, {"other": other, "words": words, "encoded": encoded, "guidance": steered})
    message = "'encoded.conditioning' is of family sd1, and 'guidance_flux' is for flux"
    assert found[0] == ("E109", "guidance", "positive", message)
    found = problems(given, {"other": other, "decoded": decoded})
    assert [(code, node) for code, node, _, _ in found] == [("E109", "decoded")]


def test_guidance_without_the_strength_that_the_denoiser_is_told_is_found_by_the_check(dev: Path) -> None:
    plain = {"type": "guidance", "inputs": linked(positive="positive.conditioning", negative="positive.conditioning")}
    message = "'loop.guidance' is of family flux, but 'denoiser' is of family flux/strength"
    assert problems({"model": str(dev)}, {"guidance": plain}) == [("E109", "denoise/step", "guidance", message)]


def test_a_model_that_looks_at_a_picture_or_lacks_a_part_is_refused(dev: Path, tmp_path: Path) -> None:
    fill = changed(dev, tmp_path / "fill", "transformer/config.json", in_channels=24)
    message = (
        f"{str(fill)!r} looks at a picture beside the text: its transformer takes 24 numbers a patch, "
        "and a patch of latents has 16"
    )
    assert problems({"model": str(fill)}) == [("E115", "model", "", message)]
    deaf = changed(dev, tmp_path / "deaf", "model_index.json", text_encoder_2=[None, None])
    assert problems({"model": str(deaf)})[0][3] == f"{str(deaf)!r} has no text_encoder_2; a Flux model has one"


def test_a_pickle_in_place_of_weights_is_refused(dev: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(dev, folder)
    weights = folder / "text_encoder_2" / "model.safetensors"
    weights.rename(weights.with_name("pytorch_model.bin"))
    (code, node, _, message), *_ = problems({"model": str(folder)})
    assert (code, node) == ("E115", "model")
    assert "holds its weights as a pickle only; latentgraph reads safetensors only" in message
