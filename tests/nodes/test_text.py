"""Tokens and embeddings are those of diffusers, and what does not fit is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from tests.nodes.tiny import tiny_tokenizer

from latentgraph.graph.context import RunContext
from latentgraph.nodes.handles import TextEncoder, Tokenizer, loaded
from latentgraph.nodes.load import Model, load_model
from latentgraph.nodes.text import encode, repeat_rows, token_stream, tokenize, tokenize_texts


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> Model:
    """The parts of a tiny model."""
    return load_model(str(tiny_folder))


@pytest.fixture(scope="module")
def pipeline(tiny_folder: Path) -> Any:
    """The same model as diffusers loads it."""
    library: Any = diffusers
    return library.StableDiffusionPipeline.from_pretrained(tiny_folder)


class Counted:
    """A tokenizer that counts how often it is asked."""

    def __init__(self) -> None:
        self.inner = tiny_tokenizer()
        self.model_max_length = self.inner.model_max_length
        self.calls = 0

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.calls += 1
        return self.inner(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@pytest.mark.parametrize("negative_prompt", ["", "blue circle"])
@pytest.mark.parametrize("images", [1, 3])
def test_embeddings_are_those_of_the_pipeline(model: Model, pipeline: Any, negative_prompt: str, images: int) -> None:
    positive, negative = pipeline.encode_prompt(
        "a red star", "cpu", images, True, negative_prompt=negative_prompt or None
    )
    for text, wanted in (("a red star", positive), (negative_prompt, negative)):
        made = encode(model.text_encoder, tokenize(model.tokenizer, text), images_per_prompt=images)
        assert torch.equal(made.embeddings, wanted)
        assert not made.embeddings.requires_grad


def test_each_text_is_one_call_of_the_encoder(model: Model) -> None:
    rows = []
    hook = loaded(model.text_encoder).register_forward_pre_hook(lambda module, inputs: rows.append(inputs[0].shape))
    for text in ("a red star", ""):
        encode(model.text_encoder, tokenize(model.tokenizer, text), images_per_prompt=3)
    hook.remove()
    assert rows == [(1, 77), (1, 77)]


def test_a_text_that_does_not_fit_loses_its_end_and_says_so(model: Model) -> None:
    said: list[str] = []
    text = "a red circle " * 25 + "on a white background"  # Start and end take two of the 77 places.
    tokens = tokenize(model.tokenizer, text, context=RunContext(report_warning=said.append))
    assert tokens.streams[0].truncated == ("on a white background",)
    assert said == ["the prompt is too long for the model, which reads 77 tokens; lost: on a white background"]
    assert tokens.streams[0].input_ids[0, -1] == loaded(model.tokenizer).eos_token_id


def test_only_a_text_that_fills_every_place_is_tokenized_twice() -> None:
    counted = Counted()
    assert token_stream(counted, ["a red circle"]).truncated == ("",)
    assert counted.calls == 1
    assert token_stream(counted, ["a " * 75]).truncated == ("",)
    assert counted.calls == 3
    assert token_stream(counted, ["a " * 75 + "star"]).truncated == ("star",)


def test_clip_skip_leaves_out_layers_and_keeps_the_final_norm(model: Model) -> None:
    tokens = tokenize(model.tokenizer, "a red circle")
    module = loaded(model.text_encoder)
    with torch.no_grad():
        states = module(tokens.streams[0].input_ids, output_hidden_states=True).hidden_states
        wanted = module.final_layer_norm(states[-2])
    assert torch.equal(encode(model.text_encoder, tokens, 1).embeddings, wanted)
    with pytest.raises(ValueError, match="clip_skip is 4; the text encoder has 3 layers"):
        encode(model.text_encoder, tokens, 4)


def test_an_encoder_that_wants_the_mask_gets_it(model: Model) -> None:
    masks = []
    module = loaded(model.text_encoder)
    hook = module.register_forward_pre_hook(
        lambda module, args, kwargs: masks.append(kwargs["attention_mask"]), with_kwargs=True
    )
    tokens = tokenize(model.tokenizer, "a red circle")
    encode(model.text_encoder, tokens)
    module.config.use_attention_mask = True
    try:
        encode(model.text_encoder, tokens)
    finally:
        del module.config.use_attention_mask
        hook.remove()
    assert masks[0] is None
    assert torch.equal(masks[1], tokens.streams[0].mask)


def test_rows_are_repeated_prompt_by_prompt() -> None:
    rows = torch.arange(2.0).view(2, 1, 1)
    assert repeat_rows(rows, 2).flatten().tolist() == [0, 0, 1, 1]


def test_modules_that_a_program_holds_work_without_an_engine() -> None:
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        hidden_size=16, intermediate_size=16, num_attention_heads=2, num_hidden_layers=1, vocab_size=500
    )
    encoder: Any = CLIPTextModel(config)
    encoder.to(torch.bfloat16)
    tokens = tokenize(Tokenizer.of(tiny_tokenizer()), "a red circle")
    embeddings = encode(TextEncoder.of(encoder), tokens).embeddings
    assert (tuple(embeddings.shape), embeddings.dtype) == ((1, 77, 16), torch.bfloat16)


def test_a_single_negative_text_is_taken_for_each_prompt() -> None:
    tokenizer = load_model().tokenizer
    tokens = tokenize_texts(tokenizer, ["blue"], like=["a star", "a ring", "a cross"])
    assert tokens.streams[0].input_ids.shape == (3, 77)
    with pytest.raises(ValueError, match="2 texts meet 3 prompts; give one for each prompt, or a single one"):
        tokenize_texts(tokenizer, ["blue", "red"], like=["a star", "a ring", "a cross"])
