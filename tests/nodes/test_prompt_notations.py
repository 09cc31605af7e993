"""ComfyUI's way to read a prompt: weights, words and chunks."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from tests.nodes.tiny import tiny_tokenizer

from latentgraph.nodes.prompt_notations import chunks_of, filled, parse_comfyui


@pytest.mark.parametrize(
    ("prompt", "pieces"),
    [
        ("a red circle", [("a red circle", 1.0)]),
        ("a (red) circle", [("a ", 1.0), ("red", 1.1), (" circle", 1.0)]),
        ("((red))", [("red", 1.21)]),
        ("(red:1.3)", [("red", 1.3)]),
        ("((red:1.3) square)", [("red", 1.3), (" square", 1.1)]),
        ("(a (red) circle:2)", [("a ", 2.0), ("red", 2.2), (" circle", 2.0)]),
        ("[red] BREAK", [("[red] BREAK", 1.0)]),
        (r"a \(red\) (\(blue\):1.2)", [("a (red) ", 1.0), ("(blue)", 1.2)]),
        ("(red:blue)", [("red:blue", 1.1)]),
        ("(red:nan)", [("red:nan", 1.1)]),
        ("(red", [("(red", 1.0)]),
        ("red) square", [("red) square", 1.0)]),
        ("(:1.2)", [(":1.2", 1.1)]),
        ("", [("", 1.0)]),
        ("(red:-0.5)", [("red", -0.5)]),
    ],
)
def test_brackets_weigh_and_a_number_within_replaces(prompt: str, pieces: list[tuple[str, float]]) -> None:
    found = parse_comfyui(prompt)
    assert [one.text for one in found] == [text for text, _ in pieces]
    assert [one.weight for one in found] == pytest.approx([weight for _, weight in pieces])


def test_brackets_a_thousand_deep_are_no_matter_of_depth() -> None:
    (piece,) = parse_comfyui("(" * 1000 + "red" + ")" * 1000)
    assert piece.weight == pytest.approx(1.1**1000)


def word(first: int, length: int) -> list[tuple[int, float]]:
    return [(first + place, 1.0) for place in range(length)]


def test_a_short_word_goes_into_the_next_chunk_and_a_long_one_is_cut() -> None:
    short, long = word(100, 7), word(200, 8)
    begin = [word(0, 72)]
    assert [len(one.ids) for one in filled([*begin, short], 75)] == [72, 7]
    assert [len(one.ids) for one in filled([*begin, long], 75)] == [75, 5]
    assert [len(one.ids) for one in filled([word(0, 200)], 75)] == [75, 75, 50]
    assert [len(one.ids) for one in filled([word(0, 75)], 75)] == [75]
    assert [len(one.ids) for one in filled([], 75)] == [0]


def test_a_long_prompt_is_cut_into_chunks_of_75_and_nothing_is_lost() -> None:
    tokenizer: Any = tiny_tokenizer()
    text = " ".join(f"a red circle{number}" for number in range(60))
    chunks = chunks_of(tokenizer, text, "comfyui")
    together = [one for chunk in chunks for one in chunk.ids]
    assert together == tokenizer(text, add_special_tokens=False, verbose=False).input_ids
    assert len(chunks) > 2
    assert all(67 < len(chunk.ids) <= 75 for chunk, _ in pairwise(chunks))


def test_a_plain_text_has_words_alone() -> None:
    tokenizer: Any = tiny_tokenizer()
    (chunk,) = chunks_of(tokenizer, "a (red:1.3) BREAK", "plain")
    assert chunk.ids == tuple(tokenizer("a (red:1.3) BREAK", add_special_tokens=False).input_ids)
    assert set(chunk.weights) == {1.0}
