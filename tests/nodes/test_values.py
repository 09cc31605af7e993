"""What the engine is told of each value."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import diffusers
import pytest
import torch

from latentgraph.graph.registry import Registry
from latentgraph.nodes.digesting import value_digest, value_size
from latentgraph.nodes.guidance import guidance
from latentgraph.nodes.values import (
    Conditioning,
    CropArea,
    Image,
    Latents,
    Mask,
    Noise,
    NoisePrediction,
    PredictionPair,
    RandomState,
    SchedulerState,
    Timestep,
    Tokens,
    TokenStream,
)

library: Any = diffusers
EMBEDDINGS = torch.zeros(1, 77, 8)
STREAM = TokenStream(torch.zeros(1, 77, dtype=torch.int64), torch.tensor([[1] * 5 + [0] * 72]), ("",))
PREDICTION = NoisePrediction(torch.zeros(1, 4, 8, 8))
SUMMARIES: list[tuple[Any, str]] = [
    (Tokens((STREAM,)), "5 of 77 tokens"),
    (Conditioning(EMBEDDINGS), "embeddings (1, 77, 8)"),
    (guidance(Conditioning(EMBEDDINGS), Conditioning(EMBEDDINGS), 7.5), "scale 7.5"),
    (guidance(Conditioning(EMBEDDINGS), Conditioning(EMBEDDINGS), 1.0), "no negative side"),
    (RandomState(7, draws=1), "seed 7, 1 draw"),
    (RandomState(7, draws=2, streams=(RandomState(7), RandomState(9))), "seeds 7, 9, 2 draws"),
    (Noise(torch.zeros(1, 4, 8, 6), 64, 48), "noise (1, 4, 8, 6)"),
    (Latents(torch.zeros(1, 4, 8, 6), 64, 48), "latents (1, 4, 8, 6) of 48 × 64 pixels"),
    (Timestep(torch.tensor(999), 0), "timestep 999, turn 1"),
    (SchedulerState(library.DDIMScheduler()), "DDIMScheduler"),
    (PREDICTION, "prediction (1, 4, 8, 8)"),
    (PredictionPair(PREDICTION, PREDICTION), "two predictions (1, 4, 8, 8)"),
    (PredictionPair(PREDICTION, None), "one prediction (1, 4, 8, 8)"),
    (Image(torch.zeros(3, 3, 8, 6)), "3 images, 6 × 8 pixels"),
    (Mask(torch.zeros(1, 1, 8, 6)), "1 mask, 6 × 8 pixels"),
    (CropArea(3, 4, 13, 24), "10 × 20 pixels at (3, 4)"),
]


@pytest.mark.parametrize(("value", "summary"), SUMMARIES, ids=lambda one: one if isinstance(one, str) else "")
def test_every_value_is_known_with_a_line_for_people(value: Any, summary: str) -> None:
    values = Registry.load().values
    known = values.of(type(value))
    assert known is not None
    assert known.summary(value) == summary
    assert values.digest(value) == values.digest(value)
    assert values.size(value) >= 0


def test_equal_bits_have_equal_digests_and_other_bits_have_others() -> None:
    values = torch.arange(6.0)
    digests = [
        value_digest(one)
        for one in (
            Image(values.view(1, 1, 2, 3)),
            Image(values.clone().view(1, 1, 2, 3)),
            Image(values.view(1, 1, 3, 2)),
            Image(values.view(1, 1, 3, 2).to(torch.bfloat16)),
            Mask(values.view(1, 1, 2, 3)),
        )
    ]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 4


def test_fields_cannot_be_mistaken_for_each_other() -> None:
    stream = TokenStream(torch.zeros(1, 2), torch.zeros(1, 2), ("ab", ""))
    assert value_digest(stream) != value_digest(replace(stream, truncated=("a", "b")))
    assert value_digest(RandomState(1, b"2")) != value_digest(RandomState(12, b""))


def test_a_tensor_that_is_there_twice_counts_once() -> None:
    embeddings = Conditioning(torch.zeros(1, 77, 8))
    assert value_size(embeddings) == 77 * 8 * 4
    assert value_size(guidance(embeddings, None, 1.0)) == 77 * 8 * 4


def test_listing_the_nodes_imports_nothing_heavy() -> None:
    code = (
        "import sys, latentgraph.nodes; "
        "print([m for m in ('torch', 'diffusers', 'transformers', 'PIL', 'numpy', 'scipy') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
