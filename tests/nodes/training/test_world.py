"""The world and its captions: what training may see, and what a sentence says."""

from __future__ import annotations

import random

from latentgraph.nodes.training.captions import HEADS, attributes, caption, grammar_words, sparse_caption
from latentgraph.nodes.training.draw import render
from latentgraph.nodes.training.latents import spec_from
from latentgraph.nodes.training.measure import held_out_prompts, unseen_prompts
from latentgraph.nodes.training.world import (
    EDGE,
    HELD_OUT_PAIRS,
    SHAPES,
    Spec,
    Thing,
    any_spec,
    is_held_out_pair,
    is_unseen,
    training_spec,
    turned_round,
)


def test_held_out_pairs_and_unseen_combinations_are_never_drawn_for_training() -> None:
    rng = random.Random(0)
    specs = [training_spec(rng) for _ in range(3000)]
    pairs = {(thing.colour, thing.shape) for spec in specs for thing in spec.things}
    assert not pairs & HELD_OUT_PAIRS
    assert not any(is_unseen(spec) for spec in specs)


def test_each_shape_is_held_out_with_one_colour_and_no_colour_twice() -> None:
    assert sorted(shape for _, shape in HELD_OUT_PAIRS) == sorted(SHAPES)
    assert len({colour for colour, _ in HELD_OUT_PAIRS}) == len(HELD_OUT_PAIRS)


def test_no_training_caption_says_all_of_an_unseen_combination() -> None:
    rng = random.Random(1)
    said = [caption(training_spec(rng), rng).said for _ in range(3000)]
    assert not any(is_unseen(spec) for spec in said)


def test_a_relation_told_from_the_other_side_is_the_same_combination() -> None:
    rng = random.Random(2)
    specs = [any_spec(rng, "two") for _ in range(200)]
    assert [is_unseen(spec) for spec in specs] == [is_unseen(turned_round(spec)) for spec in specs]
    assert all(turned_round(turned_round(spec)) == spec for spec in specs)


def test_evaluation_prompts_are_unseen_and_balanced_over_the_shapes() -> None:
    said = [c.said for c in unseen_prompts(60)]
    assert all(is_unseen(spec) and not is_held_out_pair(spec) for spec in said)
    assert [sum(spec.things[0].shape == shape for spec in said) for shape in SHAPES] == [10] * 6
    pairs = {(c.said.things[0].colour, c.said.things[0].shape) for c in held_out_prompts(12)}
    assert pairs == HELD_OUT_PAIRS


def test_a_complete_caption_names_every_word_of_its_spec() -> None:
    spec = Spec((Thing("red", "circle", "small"),), "blue", "left")
    texts = {caption(spec, random.Random(seed), complete=True).text for seed in range(40)}
    assert "a small red circle on a blue background, on the left" in texts
    assert all("red circle" in text and "blue background" in text and "left" in text for text in texts)


def test_captions_use_the_words_of_the_grammar_alone() -> None:
    rng, known = random.Random(3), set(grammar_words())
    words = {w for _ in range(2000) for w in caption(training_spec(rng), rng).text.replace(",", " ,").split()}
    assert words <= known


def test_a_spec_is_recovered_from_its_attributes() -> None:
    rng = random.Random(4)
    specs = [any_spec(rng) for _ in range(500)]
    assert [spec_from(attributes(spec)) for spec in specs] == specs
    assert all(len(attributes(spec)) == len(HEADS) for spec in specs)


def test_equal_random_states_draw_equal_pictures() -> None:
    spec = any_spec(random.Random(5), "two")
    first, again = (render(spec, random.Random(6)) for _ in range(2))
    assert first.shape == (EDGE, EDGE, 3)
    assert (first == again).all()


def test_things_that_name_no_position_are_spread_over_the_picture() -> None:
    rng = random.Random(7)
    spec = Spec((Thing("red", "circle", "small"),), "white")
    lefts = [(render(spec, rng)[..., 1] < 150).any(axis=0).argmax() for _ in range(60)]
    assert min(lefts) < 8
    assert max(lefts) > 32


def test_a_sparse_caption_says_one_thing_that_is_true() -> None:
    rng = random.Random(5)
    for _ in range(300):
        spec = training_spec(rng)
        short = sparse_caption(spec, rng)
        assert 0 < len(short.text.split()) <= 5
        if spec.scene:
            assert short.said.scene == spec.scene
        elif short.said.things:
            said = short.said.things[0]
            assert any(said.colour in ("", one.colour) and said.shape in ("", one.shape) for one in spec.things)
        else:
            assert short.said.background == spec.background
