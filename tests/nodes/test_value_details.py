"""What a learner sees of each value."""

from __future__ import annotations

from typing import Any

import diffusers
import pytest
import torch

from latentgraph.graph.registry import Registry
from latentgraph.nodes import load_model, tokenize
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

# Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
library: Any = diffusers
VALUES = Registry.load().values
RAMP = torch.arange(16.0).view(1, 4, 2, 2)
SPREAD = [("minimum", "0"), ("maximum", "15"), ("mean", "7.5"), ("deviation", "4.61")]
CHANNELS = [(f"channel {n + 1}", f"mean {1.5 + 4 * n:g}, deviation 1.118") for n in range(4)]
TENSOR = [("shape", "1 × 4 × 2 × 2 (B C h w)"), ("dtype", "float32 on cpu"), *SPREAD]


def rows(value: object) -> list[tuple[str, str]]:
    """What is told of a value."""
    return VALUES.details(value)


def test_tokens_are_told_one_by_one_with_the_piece_of_text_that_each_is() -> None:
    told = rows(tokenize(load_model().tokenizer, "a yellow starfish"))
    assert told[0] == ("tokens", "10 of 77, the rest fills up")
    assert [text.split()[0] for _, text in told[1:11]] == [
        "<|startoftext|>", "a", "yellow", "st", "ar", "f", "i", "s", "h", "<|endoftext|>",
    ]  # fmt: skip
    assert told[3] == ("2", "yellow  662")
    assert told[11:] == [("family", "sd1")]


def test_a_character_of_several_tokens_and_lost_words_are_told() -> None:
    tokens = tokenize(load_model().tokenizer, "é " + "red " * 100)
    told = dict(rows(tokens))
    assert told["0"].startswith("<|startoftext|>")
    assert "\ufffd" not in "".join(told.values())
    assert told["left off"].startswith("red red")


def test_tokens_without_a_tokenizer_at_hand_are_numbers() -> None:
    stream = TokenStream(torch.tensor([[7, 8, 9]]), torch.tensor([[1, 1, 0]]), ("",))
    assert rows(Tokens((stream,))) == [("tokens", "2 of 3, the rest fills up"), ("0", "7"), ("1", "8")]


def test_several_texts_and_streams_are_kept_apart() -> None:
    stream = TokenStream(torch.tensor([[7], [8]]), torch.tensor([[1], [1]]), ("", "lost"))
    assert rows(Tokens((stream, stream)))[:5] == [
        ("stream 1 text 1 tokens", "1 of 1, the rest fills up"),
        ("stream 1 text 1 0", "7"),
        ("stream 1 text 2 tokens", "1 of 1, the rest fills up"),
        ("stream 1 text 2 0", "8"),
        ("stream 1 text 2 left off", "lost"),
    ]


def test_latents_noise_and_predictions_are_told_by_channel() -> None:
    size = [("picture", "48 × 64 pixels")]
    assert rows(Latents(RAMP, 64, 48, family="sd1")) == [
        *size, *TENSOR, *CHANNELS, ("family", "sd1"), ("scaled", "by the VAE's factor"),
    ]  # fmt: skip
    assert rows(Latents(RAMP, 64, 48, scaled=False))[-1] == ("scaled", "not: as the VAE has them")
    assert rows(Noise(RAMP, 64, 48)) == [*size, *TENSOR, *CHANNELS]
    assert rows(NoisePrediction(RAMP)) == [*TENSOR, *CHANNELS]


def test_a_pair_says_how_far_its_sides_are_apart() -> None:
    told = dict(rows(PredictionPair(NoisePrediction(RAMP), NoisePrediction(RAMP - 2))))
    assert told["apart"] == "2 (root mean square)"
    assert told["positive mean"] == "7.5"
    assert told["negative mean"] == "5.5"
    assert rows(PredictionPair(NoisePrediction(RAMP), None)) == TENSOR


def test_embeddings_and_guidance() -> None:
    embeddings = torch.arange(8.0).view(1, 2, 4)
    conditioning = Conditioning(embeddings, torch.tensor([[1, 0]]), torch.ones(1, 3), {"time_ids": torch.zeros(1, 6)})
    told = dict(rows(conditioning))
    assert told["shape"] == "1 × 2 × 4 (B T D)"
    assert told["attended"] == "1 of 2 tokens"
    assert told["pooled shape"] == "1 × 3 (B E)"
    assert told["time_ids maximum"] == "0"
    both = dict(rows(guidance(conditioning, conditioning, 7.5)))
    assert (both["scale"], both["sides"]) == ("7.5", "negative and positive")
    assert both["embeddings shape"] == "2 × 2 × 4 (B T D)"
    assert dict(rows(guidance(conditioning, None, 7.5)))["sides"] == "positive only: there is no guidance"


def test_random_states_and_timesteps() -> None:
    assert rows(RandomState(7)) == [("seed", "7"), ("draws", "0"), ("state", "before the first draw")]
    assert rows(RandomState(7, b"12", 3)) == [("seed", "7"), ("draws", "3"), ("state", "2 bytes")]
    assert rows(Timestep(torch.tensor(999), 4)) == [("timestep", "999"), ("turn", "5"), ("dtype", "int64 on cpu")]


def test_a_schedule_is_told_from_its_first_level_to_its_last() -> None:
    scheduler = library.EulerDiscreteScheduler()
    fresh = dict(rows(SchedulerState(scheduler)))
    assert fresh["predicts"] == "epsilon"
    scheduler.set_timesteps(10)
    told = dict(rows(SchedulerState(scheduler)))
    assert told["scheduler"] == "EulerDiscreteScheduler"
    assert (told["turns"], told["timesteps"]) == ("10", "999 to 0")
    assert told["noise levels"].endswith(" to 0")
    scheduler.scale_model_input(RAMP, scheduler.timesteps[0])
    assert dict(rows(SchedulerState(scheduler)))["next turn"] == "1"


def test_pictures_and_masks() -> None:
    picture = torch.stack([torch.full((4, 6), shade) for shade in (1.0, 0.5, 0.0)]).unsqueeze(0)
    told = dict(rows(Image(picture)))
    assert (told["images"], told["size"]) == ("1", "6 × 4 pixels")
    assert (told["red"], told["green"]) == ("mean 1, deviation 0", "mean 0.5, deviation 0")
    assert dict(rows(Mask(picture[:, :1] * 0.25)))["covers"] == "25.0%"
    assert rows(CropArea(3, 4, 13, 24)) == [
        ("from", "3 pixels from the left, 4 from the top"),
        ("size", "10 × 20 pixels"),
    ]


def test_a_part_of_a_model_is_told_with_its_configuration() -> None:
    told = dict(rows(load_model().denoiser))
    assert told["class"] == "UNet2DConditionModel"
    assert told["parameters"] == "5,724,964"
    assert told["cross_attention_dim"] == "96"
    assert len(told["digest"]) == 16
    assert not any(name.startswith("_") for name in told)
    assert max(map(len, told.values())) <= 80


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int64, torch.bool])
def test_tensors_of_any_type_can_be_looked_at(dtype: torch.dtype) -> None:
    told = dict(rows(NoisePrediction(RAMP.to(dtype))))
    assert told["dtype"] == f"{str(dtype).removeprefix('torch.')} on cpu"
    assert told["mean"] == ("0.9375" if dtype == torch.bool else "7.5")


def test_broken_and_empty_tensors_are_told_as_such() -> None:
    broken = RAMP.clone()
    broken[0, 0, 0, 0] = float("nan")
    assert ("not finite", "1 of 16 numbers") in rows(NoisePrediction(broken))
    assert rows(Conditioning(torch.zeros(0, 77, 8))) == [("shape", "0 × 77 × 8 (B T D)"), ("dtype", "float32 on cpu")]
