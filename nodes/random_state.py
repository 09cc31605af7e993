"""The one ordered stream of random numbers of a run.

diffusers draws everything from one generator: the first noise, then whatever the scheduler asks for at its steps. To
get its pictures bit for bit, the stream flows through the graph as a value, in the same order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from latentgraph.graph.node import node
from latentgraph.nodes.values import RandomState

if TYPE_CHECKING:
    from torch import Generator

MAX_SEED = 2**64 - 1


@node(category="noise", name="random_state")
def start_random_state(seed: Annotated[int, Field(ge=0, le=MAX_SEED)]) -> RandomState:
    """Begin a stream of random numbers.

    Args:
        seed: Equal seeds give equal streams, on every device: the numbers are drawn on the CPU.
    """
    return RandomState(seed)


def generator_at(random: RandomState) -> Generator:
    """A generator of its own that goes on where `random` is."""
    import torch

    generator = torch.Generator("cpu")
    if random.state is None:
        return generator.manual_seed(random.seed)
    generator.set_state(torch.frombuffer(bytearray(random.state), dtype=torch.uint8))
    return generator


def after_drawing(before: RandomState, generator: Generator) -> RandomState:
    """Where the stream is after `generator`, which began at `before`, was drawn from; `before` itself if it was not."""
    state = generator.get_state().numpy().tobytes()
    reached = before.state or generator_at(before).get_state().numpy().tobytes()
    return before if state == reached else RandomState(before.seed, state, before.draws + 1)
