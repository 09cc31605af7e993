"""Weights in prompts, as users of other programs write them, and prompts of any length."""

from __future__ import annotations

import pytest
import torch

from latentgraph.nodes import encode, load_model, tokenize
from latentgraph.nodes.handles import loaded
from latentgraph.nodes.prompt_notations import chunks_of
from latentgraph.nodes.prompt_weights import WeightedText, parse_weights
from latentgraph.nodes.weighted_text import encode_weighted

PARSED: list[tuple[str, list[list[tuple[str, float]]]]] = [
    ("", [[]]),
    ("a red circle", [[("a red circle", 1)]]),
    ("(word:1.3)", [[("word", 1.3)]]),
    ("a (red) one", [[("a ", 1), ("red", 1.1), (" one", 1)]]),
    ("[word]", [[("word", 1 / 1.1)]]),
    ("((word))", [[("word", 1.21)]]),
    ("(a (b:2) c:1.5)", [[("a ", 1.5), ("b", 3), (" c", 1.5)]]),
    (r"a \(b\) \[c\]", [[("a (b) [c]", 1)]]),
    ("a BREAK b", [[("a ", 1)], [(" b", 1)]]),
    ("(a BREAK b:2)", [[("a ", 2)], [(" b", 2)]]),
    ("BREAKFAST", [[("BREAKFAST", 1)]]),
    ("(open", [[("open", 1.1)]]),
    ("closed) here:2)", [[("closed) here:2)", 1)]]),
    ("at 5:30, [a:0.5)", [[("at 5:30, ", 1), ("a:0.5)", 1 / 1.1)]]),
    (r"a\b", [[(r"a\b", 1)]]),
    ("(word:-.5)", [[("word", -0.5)]]),
]


@pytest.mark.parametrize(("prompt", "parts"), PARSED, ids=[prompt for prompt, _ in PARSED])
def test_weights_are_read_as_they_are_written(prompt: str, parts: list[list[tuple[str, float]]]) -> None:
    read = parse_weights(prompt)
    assert [[piece.text for piece in part] for part in read] == [[text for text, _ in part] for part in parts]
    for part, expected in zip(read, parts, strict=True):
        assert [piece.weight for piece in part] == pytest.approx([weight for _, weight in expected])


def test_neighbours_of_one_weight_are_one_piece() -> None:
    assert parse_weights("a (b:1.0) c") == [[WeightedText("a b c")]]


@pytest.mark.parametrize("clip_skip", [0, 1])
@pytest.mark.parametrize("text", ["", "a red circle on a blue background", r"a \(red\) circle"])
def test_without_weights_it_is_encode_bit_for_bit(text: str, clip_skip: int) -> None:
    model = load_model()
    plain = encode(model.text_encoder, tokenize(model.tokenizer, text.replace("\\", "")), clip_skip, 2)
    weighted = encode_weighted(model.tokenizer, model.text_encoder, text, clip_skip=clip_skip, images_per_prompt=2)
    assert torch.equal(weighted.embeddings, plain.embeddings)
    assert weighted.family == plain.family


def test_a_long_prompt_goes_in_by_chunks_and_loses_nothing() -> None:
    model = load_model()
    words = loaded(model.tokenizer)
    text = "red " * 80
    first, second = chunks_of(words, text)
    assert (len(first.ids), len(second.ids)) == (75, 5)
    long = encode_weighted(model.tokenizer, model.text_encoder, text).embeddings
    alone = [encode(model.text_encoder, tokenize(model.tokenizer, "red " * count)) for count in (75, 5)]
    assert torch.equal(long, torch.cat([one.embeddings for one in alone], dim=1))


def test_break_begins_a_chunk() -> None:
    model = load_model()
    broken = encode_weighted(model.tokenizer, model.text_encoder, "red BREAK blue").embeddings
    alone = [encode(model.text_encoder, tokenize(model.tokenizer, one)).embeddings for one in ("red", "blue")]
    assert torch.equal(broken, torch.cat(alone, dim=1))


def test_both_sides_are_filled_up_to_the_longer_one() -> None:
    model = load_model()
    short = encode_weighted(model.tokenizer, model.text_encoder, "blue", beside="red BREAK green BREAK star")
    empty = encode(model.text_encoder, tokenize(model.tokenizer, "")).embeddings
    assert short.embeddings.shape[1] == 3 * 77
    assert torch.equal(short.embeddings[:, 77:], torch.cat([empty, empty], dim=1))


def test_a_weight_goes_from_the_empty_prompt_past_the_word() -> None:
    model = load_model()
    none, half, whole, double = (
        encode_weighted(model.tokenizer, model.text_encoder, f"a (red:{weight}) circle").embeddings[0, 2]
        for weight in (0, 0.5, 1, 2)
    )
    empty = encode(model.text_encoder, tokenize(model.tokenizer, "")).embeddings[0, 2]
    assert torch.equal(none, empty)
    assert torch.allclose(half, (empty + whole) / 2, atol=1e-5)
    assert torch.allclose(double, 2 * whole - empty, atol=1e-5)
