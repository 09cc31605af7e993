"""T5 as a part of a model: read from files safely, and its tokens and embeddings those of diffusers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from tests.nodes.tiny import build_tiny_sd1
from tests.nodes.tiny_sd3 import build_tiny_sd3, tiny_t5, tiny_t5_tokenizer

from latentgraph.graph.access import AccessError, FileAccess
from latentgraph.graph.context import RunContext
from latentgraph.nodes import encode_t5, load_model, tokenize_t5
from latentgraph.nodes.handles import TextEncoder, Tokenizer, loaded
from latentgraph.nodes.loading.hub_files import choose_files
from latentgraph.nodes.loading.model_source import ReadsModel
from latentgraph.nodes.loading.parts import open_model

LIBRARY: Any = diffusers  # Untyped.
TEXTS = ("a red circle on a white background", "", "photo: a cat\u2019s star §")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "sd3"
    build_tiny_sd3(folder)
    return folder


@pytest.fixture
def home(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a copy of the tiny model in `m`."""
    shutil.copytree(model, tmp_path / "m")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def parts(folder: Path) -> tuple[Tokenizer, TextEncoder]:
    handles = open_model(str(folder), None).handles()
    return handles["tokenizer_3"], handles["text_encoder_3"]


def pipelines(tokenizer: Any, encoder: Any) -> tuple[Any, Any]:
    """Stable Diffusion 3 and Flux with nothing but their T5."""
    sd3 = {f"{kind}{end}": None for kind in ("text_encoder", "tokenizer") for end in ("", "_2")}
    rest = dict.fromkeys(("vae", "transformer", "scheduler"))
    return (
        LIBRARY.StableDiffusion3Pipeline(**sd3, **rest, text_encoder_3=encoder, tokenizer_3=tokenizer),
        LIBRARY.FluxPipeline(
            **rest, text_encoder=None, tokenizer=None, text_encoder_2=encoder, tokenizer_2=tokenizer
        ),
    )  # fmt: skip


@pytest.mark.parametrize("text", TEXTS, ids=["words", "nothing", "letters"])
@pytest.mark.parametrize(("length", "images"), [(16, 1), (40, 3)])
def test_embeddings_are_those_of_both_pipelines(model: Path, text: str, length: int, images: int) -> None:
    tokenizer, encoder = parts(model)
    made = encode_t5(encoder, tokenize_t5(tokenizer, text, length), images)
    assert made.embeddings.shape == (images, length, 96)
    assert made.family == "sd3"
    for pipeline in pipelines(loaded(tokenizer), loaded(encoder)):
        with torch.no_grad():
            wanted = pipeline._get_t5_prompt_embeds([text], images, length, "cpu", torch.float32)
        assert torch.equal(made.embeddings, wanted)


def test_a_held_t5_reads_as_one_from_files() -> None:
    held = tiny_t5_tokenizer()
    torch.manual_seed(0)
    module = tiny_t5(held)
    made = encode_t5(TextEncoder.of(module), tokenize_t5(Tokenizer.of(held), "a cat", 8))
    _, flux = pipelines(held, module)
    with torch.no_grad():
        assert torch.equal(made.embeddings, flux._get_t5_prompt_embeds(["a cat"], 1, 8, "cpu", torch.float32))


def test_what_does_not_fit_is_left_off_and_said(model: Path) -> None:
    said: list[str] = []
    tokenizer, _ = parts(model)
    tokens = tokenize_t5(tokenizer, "a red circle on a white star", 5, context=RunContext(report_warning=said.append))
    assert tokens.streams[0].pieces == (("a", "red", "circle", "on", "</s>"),)
    assert said == ["the prompt is too long for the model, which reads 5 tokens; lost: a white star"]


def test_the_files_are_read_when_a_node_asks_and_only_t5s(model: Path, tmp_path: Path) -> None:
    shutil.copytree(model, tmp_path / "m")
    tokenizer, encoder = parts(tmp_path / "m")
    for part in ("text_encoder", "text_encoder_2", "transformer", "vae"):
        shutil.rmtree(tmp_path / "m" / part)
    assert encoder.class_name == "T5EncoderModel"
    assert encoder.parameters == sum(p.numel() for p in loaded(encoder).parameters())
    assert tokenizer.class_name == "T5Tokenizer"


def test_sharded_weights_are_read_from_all_their_files(home: Path) -> None:
    module = loaded(parts(home / "m")[1])
    shutil.rmtree(home / "m/text_encoder_3")
    module.save_pretrained(home / "m/text_encoder_3", max_shard_size="40KB")
    assert len(list((home / "m/text_encoder_3").glob("model-*.safetensors"))) > 1
    ReadsModel().resolve("./m", FileAccess(home), given=True)
    tokenizer, encoder = parts(home / "m")
    tokens = tokenize_t5(tokenizer, "a cat", 8)
    with torch.no_grad():
        wanted = module(tokens.streams[0].input_ids)[0]
    assert torch.equal(encode_t5(encoder, tokens).embeddings, wanted)


def refusal(home: Path) -> AccessError:
    """What the check says about the model in `m`."""
    with pytest.raises(AccessError) as caught:
        ReadsModel().resolve("./m", FileAccess(home), given=True)
    return caught.value


def test_a_pickled_t5_is_refused(home: Path) -> None:
    (home / "m/text_encoder_3/model.safetensors").rename(home / "m/text_encoder_3/pytorch_model.bin")
    message = "./m/text_encoder_3 holds its weights as a pickle only; latentgraph reads safetensors only"
    assert refusal(home).message == message


def test_a_tokenizer_that_another_library_would_have_to_read_is_refused(home: Path) -> None:
    (home / "m/tokenizer_3/tokenizer.json").rename(home / "m/tokenizer_3/spiece.model")
    error = refusal(home)
    assert error.message == "./m/tokenizer_3 has no tokenizer.json, which says how a T5 tokenizer cuts"
    assert "spiece.model" in error.hint


def test_a_tokenizer_beside_its_old_vocabulary_is_read_without_another_library(home: Path) -> None:
    (home / "m/tokenizer_3/spiece.model").write_bytes(b"not read")
    (home / "m/tokenizer_3/tokenizer_config.json").write_text('{"tokenizer_class": "T5Tokenizer", "extra_ids": 0}')
    tokenizer = loaded(parts(home / "m")[0])
    assert tokenizer("a red star").input_ids == tiny_t5_tokenizer()("a red star").input_ids
    assert tokenizer.model_max_length == 512


def test_of_a_hub_model_t5_is_downloaded_too() -> None:
    index = {"text_encoder_3": ["transformers", "T5EncoderModel"], "tokenizer_3": ["transformers", "T5TokenizerFast"]}
    shards = [f"text_encoder_3/model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    wanted = [*shards, "text_encoder_3/model.safetensors.index.json", "text_encoder_3/config.json"]
    wanted += ["tokenizer_3/tokenizer.json", "tokenizer_3/spiece.model"]
    half = "text_encoder_3/model.fp16-00001-of-00002.safetensors"
    assert set(choose_files("o/n", index, [*wanted, half])) == {"model_index.json", *wanted}


def test_an_encoder_that_is_no_t5_is_refused(tmp_path: Path) -> None:
    build_tiny_sd1(tmp_path / "m", safety_checker=False)
    model = load_model(str(tmp_path / "m"))
    with pytest.raises(ValueError, match=r"^text_encoder is a CLIPTextModel; a T5 encoder is wanted, such as"):
        encode_t5(model.text_encoder, tokenize_t5(model.tokenizer, "a", 8))
