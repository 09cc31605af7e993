"""The one ordered stream of random numbers of a run.

diffusers draws everything from one generator: the first noise, then whatever the scheduler asks for at its steps. To
get its pictures bit for bit, the stream flows through the graph as a value, in the same order.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.values import RandomState

if TYPE_CHECKING:
    from torch import Generator

MAX_SEED = 2**64 - 1
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]


@node(category="noise")
def random_state(seed: Seed, offset: Annotated[int, Field(ge=0)] = 0) -> RandomState:
    """Begin a stream of random numbers.

    Args:
        seed: Equal seeds give equal streams, on every device: the numbers are drawn on the CPU.
        offset: Begin so many seeds further, for a second stream of the same seed.

    Example:
        random = random_state(7)
        assert random.seed == 7
    """
    return RandomState((seed + offset) % (MAX_SEED + 1))


@node(category="noise")
def random_states(seeds: list[Seed] | None) -> RandomState:
    """Begin a stream of random numbers for each image, so that an image does not depend on who is beside it.

    Args:
        seeds: One for each image of the batch, prompt by prompt; a single one begins one stream for all images.

    Example:
        random = random_states([7, 8])
        assert [one.seed for one in random.streams] == [7, 8]
    """
    if not seeds:
        raise ValueError("there is no seed; give at least one")
    streams = tuple([RandomState(seed) for seed in seeds])
    return streams[0] if len(streams) == 1 else RandomState(seeds[0], streams=streams)


def generator_at(random: RandomState) -> Generator | list[Generator]:
    """Generators of their own that go on where `random` is: one, or one for each of its streams.

    diffusers takes either wherever it draws.
    """
    if random.streams:
        return [_generator_at(one) for one in random.streams]
    return _generator_at(random)


def _generator_at(random: RandomState) -> Generator:
    import torch

    generator = torch.Generator("cpu")
    if random.state is None:
        return generator.manual_seed(random.seed)
    generator.set_state(torch.frombuffer(bytearray(random.state), dtype=torch.uint8))
    return generator


def after_drawing(before: RandomState, generator: Generator | list[Generator]) -> RandomState:
    """Where the stream is after `generator`, which began at `before`, was drawn from; `before` itself if it was not."""
    if isinstance(generator, list):
        streams = tuple([after_drawing(one, own) for one, own in zip(before.streams, generator, strict=True)])
        untouched = all(now is one for now, one in zip(streams, before.streams, strict=True))
        return before if untouched else replace(before, streams=streams, draws=before.draws + 1)
    state = generator.get_state().numpy().tobytes()
    reached = before.state or _generator_at(before).get_state().numpy().tobytes()
    return before if state == reached else RandomState(before.seed, state, before.draws + 1)
