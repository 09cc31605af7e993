"""The one ordered stream of random numbers."""

from __future__ import annotations

import pytest
import torch

from latentgraph.graph.node import node_type
from latentgraph.graph.types import ValueFaultError
from latentgraph.nodes import draw_noise, load_model
from latentgraph.nodes.latents import normal_samples
from latentgraph.nodes.random_state import (
    MAX_SEED,
    after_drawing,
    generator_at,
    random_state,
    random_states,
)

SHAPE = (1, 4, 8, 8)


@pytest.mark.parametrize("seed", [0, 7, 2**63, MAX_SEED])
def test_two_draws_are_those_of_one_generator(seed: int) -> None:
    generator = torch.Generator("cpu").manual_seed(seed)
    start = random_state(seed)
    first, middle = normal_samples(SHAPE, start, "cpu", torch.float32)
    second, end = normal_samples(SHAPE, middle, "cpu", torch.float32)
    assert torch.equal(first, torch.randn(SHAPE, generator=generator))
    assert torch.equal(second, torch.randn(SHAPE, generator=generator))
    assert [one.draws for one in (start, middle, end)] == [0, 1, 2]


def test_drawing_twice_from_one_state_gives_the_same_numbers() -> None:
    _, state = normal_samples(SHAPE, random_state(3), "cpu", torch.float32)
    first, second = (normal_samples(SHAPE, state, "cpu", torch.float32)[0] for _ in range(2))
    assert torch.equal(first, second)


def test_a_stream_that_nobody_drew_from_stays_where_it_is() -> None:
    start = random_state(3)
    assert after_drawing(start, generator_at(start)) is start
    _, state = normal_samples(SHAPE, start, "cpu", torch.float32)
    assert after_drawing(state, generator_at(state)) is state


def test_the_generator_of_the_process_is_left_alone() -> None:
    before = torch.get_rng_state()
    normal_samples(SHAPE, random_state(3), "cpu", torch.float32)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(ValueFaultError):
        node_type(random_state).inputs["seed"].type.parse(seed)


def test_several_seeds_are_a_stream_for_each_image() -> None:
    generators = [torch.Generator("cpu").manual_seed(seed) for seed in (3, 5)]
    start = random_states([3, 5])
    first, middle = normal_samples((2, *SHAPE[1:]), start, "cpu", torch.float32)
    second, end = normal_samples((2, *SHAPE[1:]), middle, "cpu", torch.float32)
    for samples in (first, second):
        assert torch.equal(samples, torch.cat([torch.randn(SHAPE, generator=one) for one in generators]))
    assert [one.draws for one in (start, middle, end)] == [0, 1, 2]
    assert after_drawing(end, generator_at(end)) is end


def test_a_single_seed_is_one_stream_for_all_images() -> None:
    single = random_states([3])
    assert (single.seed, single.streams) == (3, ())
    with pytest.raises(ValueError, match="there is no seed; give at least one"):
        random_states(None)


def test_seeds_and_images_must_be_as_many() -> None:
    model = load_model()
    with pytest.raises(ValueError, match="2 seeds meet 3 images; give one for each image, or only one"):
        draw_noise(model.denoiser, model.vae, random_states([1, 2]), batch=3)
