"""The tokenizer knows the grammar's words, and takes anything else as well."""

from __future__ import annotations

from latentgraph.nodes.training.captions import grammar_words
from latentgraph.nodes.training.text import LENGTH, build_tokenizer, tokenize


def test_every_word_of_the_grammar_is_one_token() -> None:
    tokenizer = build_tokenizer()
    assert {word: tokenizer.tokenize(word) for word in grammar_words()} == {w: [f"{w}</w>"] for w in grammar_words()}


def test_any_text_is_split_without_unknown_tokens_and_read_back() -> None:
    tokenizer = build_tokenizer()
    ids = tokenizer("an Astronaut riding 2 horses: naïve?").input_ids
    assert ids[1:-1].count(tokenizer.unk_token_id) == 0
    assert tokenizer.decode(ids, skip_special_tokens=True).replace(" ", "") == "anastronautriding2horses:naïve?"


def test_prompts_are_padded_with_the_end_token_and_cut_at_77() -> None:
    tokenizer = build_tokenizer()
    ids = tokenize(tokenizer, ["a red star", "red " * 100])
    assert ids.shape == (2, LENGTH)
    assert ids[0, 0] == ids[1, 0] == tokenizer.bos_token_id
    assert (ids[0, 4:] == tokenizer.eos_token_id).all()
    assert ids[1, -1] == tokenizer.eos_token_id
