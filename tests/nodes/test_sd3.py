"""Stable Diffusion 3: what the check finds before weights are read, what the nodes refuse, and what is seen of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.nodes.parity_sd3 import Case, document, given
from tests.nodes.test_sdxl import linked, problems
from tests.nodes.tiny import edit_json
from tests.nodes.tiny_sd3 import build_tiny_sd3

from latentgraph.graph.access import AccessError
from latentgraph.graph.check import check
from latentgraph.graph.events import Preview, RunFinished
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.nodes import (
    configure_scheduler,
    denoise_step,
    draw_noise,
    encode,
    encode_sd3,
    guidance,
    load_model,
    load_sd3,
    make_flow_latents,
    random_state,
    schedule_flow,
    tokenize,
    tokenize_sd3,
)
from latentgraph.nodes.load_sd3 import SD3Model
from latentgraph.nodes.values import Conditioning, Tokens

# Some schedulers of diffusers hand torch tensors to numpy functions in a way that numpy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With latents of 16 channels, as the real one has them."""
    place = tmp_path_factory.mktemp("models") / "sd3"
    build_tiny_sd3(place, in_channels=16, out_channels=16)
    return place


@pytest.fixture(scope="module")
def model(folder: Path) -> SD3Model:
    return load_sd3(str(folder))


def told(nodes: dict[str, Any], outputs: dict[str, str], **models: Path) -> list[tuple[str, str, str, str]]:
    return problems(nodes, outputs, **{name: str(path) for name, path in models.items()})


ENCODED: dict[str, Any] = {
    "three": {"type": "load_sd3", "inputs": linked(model="inputs.three")},
    "tokens": {
        "type": "tokenize_sd3",
        "inputs": {**linked(tokenizer="three.tokenizer", tokenizer_2="three.tokenizer_2"), "text": "a cat"},
    },
    "encoded": {
        "type": "encode_sd3",
        "inputs": linked(
            text_encoder="three.text_encoder",
            text_encoder_2="three.text_encoder_2",
            tokens="tokens.tokens",
            denoiser="three.denoiser",
        ),
    },
}


def test_its_conditioning_does_not_fit_noise_of_another_family(folder: Path, tiny_folder: Path) -> None:
    nodes = {
        **ENCODED,
        "one": {"type": "load_model", "inputs": linked(model="inputs.one")},
        "random": {"type": "random_state", "inputs": {"seed": 1}},
        "noise": {
            "type": "draw_noise",
            "inputs": linked(
                denoiser="one.denoiser", vae="one.vae", random="random.random_state", like="encoded.conditioning"
            ),
        },
    }
    message = "'encoded.conditioning' is of family sd3, but 'denoiser' is of family sd1"
    assert told(nodes, {"noise": "noise.noise"}, three=folder, one=tiny_folder) == [("E109", "noise", "like", message)]


def test_a_text_encoder_of_another_family_is_found_by_the_check(folder: Path, tiny_folder: Path) -> None:
    nodes = {**ENCODED, "one": {"type": "load_model", "inputs": linked(model="inputs.one")}}
    encoded = nodes["encoded"]["inputs"] | linked(text_encoder="one.text_encoder")
    nodes["encoded"] = {"type": "encode_sd3", "inputs": encoded}
    found = told(nodes, {"text": "encoded.conditioning"}, three=folder, one=tiny_folder)
    assert {(code, node) for code, node, _, _ in found} == {("E109", "encoded")}


def test_its_schedule_is_not_for_a_scheduler_of_another_family(folder: Path, tiny_folder: Path) -> None:
    nodes = {
        "three": {"type": "load_sd3", "inputs": linked(model="inputs.three")},
        "one": {"type": "load_model", "inputs": linked(model="inputs.one")},
        "random": {"type": "random_state", "inputs": {"seed": 1}},
        "noise": {
            "type": "draw_noise",
            "inputs": linked(denoiser="three.denoiser", vae="three.vae", random="random.random_state"),
        },
        "schedule": {
            "type": "schedule_flow",
            "inputs": linked(scheduler="one.scheduler", denoiser="three.denoiser", noise="noise.noise"),
        },
    }
    found = told(nodes, {"state": "schedule.state"}, three=folder, one=tiny_folder)
    assert ("E109", "schedule", "scheduler") in [one[:3] for one in found]


def test_each_loader_sends_a_model_of_another_family_on(folder: Path, tiny_folder: Path) -> None:
    nodes = {"model": {"type": "load_sd3", "inputs": linked(model="inputs.model")}}
    message = f"{str(tiny_folder)!r} is no Stable Diffusion 3 model"
    assert told(nodes, {"vae": "model.vae"}, model=tiny_folder) == [("E115", "model", "", message)]
    with pytest.raises(AccessError) as caught:
        load_model(str(folder))
    assert caught.value.message == f"{str(folder)!r} has a second text encoder"
    assert caught.value.hint == (
        "a Stable Diffusion 3 model is opened by load_sd3, as in the workflow sd3_text_to_image"
    )


def test_a_model_with_half_of_t5_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "m")
    edit_json(tmp_path / "m/model_index.json", tokenizer_3=[None, None])
    with pytest.raises(AccessError, match="has one of tokenizer_3 and text_encoder_3, and not the other"):
        load_sd3(str(tmp_path / "m"))
    edit_json(tmp_path / "m/model_index.json", text_encoder_2=[None, None])
    with pytest.raises(AccessError, match="has no text_encoder_2"):
        load_sd3(str(tmp_path / "m"))


def test_t5_is_left_out_on_demand(model: SD3Model, folder: Path) -> None:
    small = load_sd3(str(folder), use_t5=False)
    assert model.text_encoder_3 is not None
    assert (small.tokenizer_3, small.text_encoder_3) == (None, None)
    tokens = tokenize_sd3(small.tokenizer, small.tokenizer_2, "a cat", max_sequence_length=9)
    made = encode_sd3(small.text_encoder, small.text_encoder_2, tokens, small.denoiser)
    assert made.embeddings.shape == (1, 77 + 9, 96)
    assert not made.embeddings[:, 77:].any()
    assert not made.embeddings[:, :77, 32 + 48 :].any()
    assert made.pooled is not None
    assert made.pooled.shape == (1, 16 + 24)
    with pytest.raises(ValueError, match=r"^tokenizer_3 and text_encoder_3 go together"):
        encode_sd3(small.text_encoder, small.text_encoder_2, tokens, small.denoiser, model.text_encoder_3)


def encoded(model: SD3Model, text: str = "a cat") -> Conditioning:
    tokens = tokenize_sd3(model.tokenizer, model.tokenizer_2, text, model.tokenizer_3, max_sequence_length=8)
    return encode_sd3(model.text_encoder, model.text_encoder_2, tokens, model.denoiser, model.text_encoder_3)


def test_what_the_encoders_cannot_read_is_told(model: SD3Model, tiny_folder: Path) -> None:
    tokens = tokenize_sd3(model.tokenizer, model.tokenizer_2, "a", model.tokenizer_3)
    parts = (model.text_encoder, model.text_encoder_2)
    with pytest.raises(ValueError, match="clip_skip is 4; the text encoder has 4 layers, and one is left out"):
        encode_sd3(*parts, tokens, model.denoiser, model.text_encoder_3, clip_skip=4)
    with pytest.raises(ValueError, match="tokens are of 2 tokenizers; make them by tokenize_sd3"):
        encode_sd3(*parts, Tokens(tokens.streams[:2]), model.denoiser)
    other = load_model(str(tiny_folder)).text_encoder
    with pytest.raises(ValueError, match="a CLIPTextModel sums up no text"):
        encode_sd3(other, parts[1], tokens, model.denoiser, model.text_encoder_3)


def test_one_of_several_encoders_is_not_taken_for_the_only_one(model: SD3Model) -> None:
    for one in (model.text_encoder, model.text_encoder_2, model.text_encoder_3):
        assert one is not None
        with pytest.raises(ValueError, match="is one of several text encoders, whose embeddings are put together; "):
            encode(one, tokenize(model.tokenizer, "a cat"))


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((50, 64), "latents are 25 × 32 cells, and the transformer reads patches of 2 × 2; give a height"),
        ((512, 64), "latents are 256 × 32 cells, and the transformer knows places for 128 at most; make a smaller"),
    ],
)
def test_a_size_that_the_transformer_cannot_read_is_told(model: SD3Model, size: tuple[int, int], message: str) -> None:
    noise, random = draw_noise(model.denoiser, model.vae, random_state(1), *size)
    turns = schedule_flow(model.scheduler, model.denoiser, noise, 2)
    with pytest.raises(ValueError, match=f"^{message}"):
        denoise_step(
            model.denoiser, make_flow_latents(noise), turns.timesteps[0], turns.state, random, guidance(encoded(model))
        )


def test_schedulers_that_do_not_go_in_a_straight_line_are_refused(model: SD3Model) -> None:
    noise, _ = draw_noise(model.denoiser, model.vae, random_state(1))
    with pytest.raises(ValueError, match=r"^DDIMScheduler has not the noise levels of flow matching; take FlowMatch"):
        schedule_flow(configure_scheduler(model.scheduler, "DDIMScheduler"), model.denoiser, noise)
    heun = configure_scheduler(model.scheduler, "FlowMatchHeunDiscreteScheduler")
    for levels in ({"sigmas": [1.0, 0.5]}, {"mu": 0.5}):
        with pytest.raises(ValueError, match=r"takes no (sigmas|mu) of your own; leave it out"):
            schedule_flow(heun, model.denoiser, noise, **levels)


@pytest.mark.parametrize("smallest", [0, 10**9], ids=["linear map", "decoder"])
@pytest.mark.parametrize("workflow", ["sd3_text_to_image", "sd3_skip_layers"])
def test_previews_of_16_channels_change_no_bit_of_a_run(
    folder: Path, workflow: str, smallest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latentgraph.graph.execute.SECONDS_BETWEEN_PREVIEWS", (0.0, 0.0))
    monkeypatch.setattr("latentgraph.nodes.preview.SMALL_VAE", smallest)
    case = Case("own", batch=2, max_sequence_length=8, use_t5=False)
    plan = document(workflow, case)
    assert check(plan, Registry.load(), given(case, folder)).errors == []
    engine, latents = Engine(Registry.load(), memory=0), []
    for previews in (False, True):
        events = list(engine.run(plan, given(case, folder), settings={"device": "cpu"}, previews=previews))
        assert isinstance(events[-1], RunFinished)
        latents.append(events[-1].values["latents"].samples)
    assert sum(isinstance(one, Preview) for one in events) >= 3
    assert torch.equal(*latents)


def test_every_value_on_the_way_can_be_looked_at(model: SD3Model, folder: Path) -> None:
    small, values = load_sd3(str(folder), use_t5=False), Registry.load().values
    tokens = tokenize_sd3(small.tokenizer, small.tokenizer_2, "a cat")
    rows = dict(values.details(tokens))
    assert rows["stream 2 tokens"] == "4 of 77, the rest fills up"
    assert rows["stream 3 tokens"] == "0 of 256, the rest fills up"
    noise, _ = draw_noise(model.denoiser, model.vae, random_state(1))
    turns = schedule_flow(model.scheduler, model.denoiser, noise)
    parts = [one for one in model if one is not None]
    for one in (*parts, encoded(model), guidance(encoded(model)), noise, make_flow_latents(noise), turns.state):
        assert values.details(one)
    assert dict(values.details(noise))["channel 16"].startswith("mean ")
