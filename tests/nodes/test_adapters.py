"""What is added to a part of a model makes another part of it, and leaves the plain one as it was."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.nodes.tiny import load_pipeline, tiny_tokenizer

from latentgraph.graph.context import RunContext
from latentgraph.nodes.handles import Denoiser, Handle, TextEncoder, Tokenizer, loaded
from latentgraph.nodes.load import load_model
from latentgraph.nodes.value_details import handle_rows


@dataclass(frozen=True)
class Added:
    """Adds a number to every weight, and after that doubles them."""

    number: float

    @property
    def digest(self) -> str:
        return f"added {self.number}"

    @property
    def summary(self) -> str:
        return f"plus {self.number:g}"

    def apply(self, module: Any) -> None:
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.add_(self.number).mul_(2)


@dataclass(frozen=True)
class Word:
    """A word more for a tokenizer."""

    digest: str = "word"
    summary: str = "a word"

    def apply(self, module: Any) -> None:
        module.add_tokens("<word>")


@pytest.fixture(params=["from files", "held"])
def encoder(request: pytest.FixtureRequest, tiny_folder: Path) -> Handle:
    """A text encoder, out of files or made by the program."""
    if request.param == "held":
        return TextEncoder.of(load_pipeline(tiny_folder).text_encoder)
    return load_model(str(tiny_folder)).text_encoder


@pytest.mark.parametrize("settings", [{}, {"device": "cpu", "dtype": "float32"}], ids=["alone", "in a run"])
def test_a_part_with_adapters_is_a_module_of_its_own(encoder: Handle, settings: dict[str, str]) -> None:
    context = RunContext(settings)
    before = [one.clone() for one in loaded(encoder, context).parameters()]
    changed = encoder.adapted(Added(1.0)).adapted(Added(0.5))
    weights = list(loaded(changed, context).parameters())
    assert torch.equal(weights[0], ((before[0] + 1.0) * 2 + 0.5) * 2)
    assert all(torch.equal(a, b) for a, b in zip(before, loaded(encoder, context).parameters(), strict=True))
    assert loaded(changed, context) is loaded(changed, context)


def test_the_digest_covers_the_adapters_and_their_order(encoder: Handle) -> None:
    one, two = Added(1.0), Added(0.5)
    digests = {
        handle.digest
        for handle in (
            encoder,
            encoder.adapted(one),
            encoder.adapted(one).adapted(two),
            encoder.adapted(two).adapted(one),
        )
    }
    assert len(digests) == 4
    assert encoder.adapted(one).digest == encoder.adapted(Added(1.0)).digest
    assert encoder.adapters == ()


def test_the_adapters_are_shown(encoder: Handle) -> None:
    changed = encoder.adapted(Added(0.5))
    assert changed.summary == "CLIPTextModel, 30.4K parameters, plus 0.5, sd1"
    assert ("adapter 1", "plus 0.5") in list(handle_rows(changed))


def test_a_tokenizer_that_is_held_keeps_its_vocabulary() -> None:
    tokenizer = tiny_tokenizer()
    handle = Tokenizer.of(tokenizer)
    assert "<word>" in loaded(handle.adapted(Word())).get_vocab()
    assert "<word>" not in tokenizer.get_vocab()


def test_a_denoiser_keeps_what_it_knows_of_its_model(tiny_folder: Path) -> None:
    plain = load_model(str(tiny_folder)).denoiser
    changed = plain.adapted(Added(1.0))
    assert isinstance(changed, Denoiser)
    assert (changed.vae, changed.scheduler, changed.family) == (plain.vae, plain.scheduler, plain.family)
