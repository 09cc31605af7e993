"""Textual inversion for Stable Diffusion XL: what diffusers makes of the same files, and what is said of wrong ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.nodes.parity_families import LIBRARY
from tests.nodes.tiny_families import build_tiny_sdxl

from latentgraph.graph.access import AccessError, FileAccess
from latentgraph.nodes import encode_sdxl, encode_weighted_sdxl, load_sdxl, load_textual_inversion_sdxl, tokenize_sdxl
from latentgraph.nodes.handles import loaded
from latentgraph.nodes.textual_inversion_sdxl import ReadsEmbeddings, WithTokenSdxl, read_embeddings

pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
PROMPT = "a <two> on a white <two>"


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    """Fixed numbers."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base model, a refiner, and a token of two embeddings in one encoder and of three in the other."""
    made = tmp_path_factory.mktemp("sdxl")
    build_tiny_sdxl(made / "base")
    build_tiny_sdxl(made / "refiner", refiner=True)
    save_file({"clip_l": normal(2, 32, seed=1), "clip_g": normal(3, 48, seed=2)}, made / "two.safetensors")
    save_file({"clip_g": normal(48, seed=3)}, made / "second.safetensors")
    return made


def taught(folder: Path, file: str = "two", token: str = "<two>") -> WithTokenSdxl:
    """The parts of the base model with a token."""
    model = load_sdxl(str(folder / "base"))
    return load_textual_inversion_sdxl(
        model.tokenizer_2,
        model.text_encoder_2,
        str(folder / f"{file}.safetensors"),
        token,
        model.tokenizer,
        model.text_encoder,
    )


def test_a_token_is_encoded_as_diffusers_encodes_it(folder: Path) -> None:
    parts = taught(folder)
    tokens = tokenize_sdxl(parts.tokenizer_2, parts.tokenizer, PROMPT)
    made = encode_sdxl(parts.text_encoder_2, tokens, parts.text_encoder)
    pipe = LIBRARY.StableDiffusionXLPipeline.from_pretrained(folder / "base")
    tensors = load_file(folder / "two.safetensors")
    pipe.load_textual_inversion(
        tensors["clip_l"], token="<two>", text_encoder=pipe.text_encoder, tokenizer=pipe.tokenizer
    )
    pipe.load_textual_inversion(
        tensors["clip_g"], token="<two>", text_encoder=pipe.text_encoder_2, tokenizer=pipe.tokenizer_2
    )
    embeddings, _, pooled, _ = pipe.encode_prompt(PROMPT, do_classifier_free_guidance=False)
    assert embeddings.std() > 0
    assert torch.equal(made.embeddings, embeddings)
    assert made.pooled is not None
    assert torch.equal(made.pooled, pooled)


def test_the_text_is_summed_up_at_its_end_and_not_at_the_new_token(folder: Path) -> None:
    # In the files that Stability published the second encoder's end is 2, by which transformers takes the highest
    # number for it: that of a new token.
    path = folder / "base" / "text_encoder_2" / "config.json"
    plain = path.read_text("utf-8")
    wanted = _pooled(folder)
    try:
        path.write_text(json.dumps({**json.loads(plain), "eos_token_id": 2}), "utf-8")
        assert torch.equal(_pooled(folder), wanted)
    finally:
        path.write_text(plain, "utf-8")


def _pooled(folder: Path) -> torch.Tensor:
    parts = taught(folder)
    made = encode_weighted_sdxl(
        parts.tokenizer_2, parts.text_encoder_2, PROMPT, parts.tokenizer, parts.text_encoder, notation="comfyui"
    )
    assert made.pooled is not None
    return made.pooled


def test_the_model_stays_as_it_was_and_a_second_token_lives_beside_the_first(folder: Path) -> None:
    model = load_sdxl(str(folder / "base"))
    before = len(loaded(model.tokenizer_2))
    first = taught(folder)
    both = load_textual_inversion_sdxl(
        first.tokenizer_2, first.text_encoder_2, str(folder / "second.safetensors"), "<more>"
    )
    rows = loaded(both.text_encoder_2).get_input_embeddings().weight[before:]
    assert torch.equal(rows, torch.cat([normal(3, 48, seed=2), normal(48, seed=3)[None]]))
    assert len(loaded(model.tokenizer_2)) == before
    assert len({one.text_encoder_2.digest for one in (model, first, both)}) == 3


def test_a_refiner_is_taught_its_one_encoder(folder: Path) -> None:
    model = load_sdxl(str(folder / "refiner"))
    made = load_textual_inversion_sdxl(
        model.tokenizer_2, model.text_encoder_2, str(folder / "two.safetensors"), "<two>"
    )
    assert (made.tokenizer, made.text_encoder) == (None, None)
    tokens = tokenize_sdxl(made.tokenizer_2, text="a <two>")
    start = len(loaded(model.tokenizer_2))
    assert tokens.streams[0].input_ids[0, 2:5].tolist() == [start, start + 1, start + 2]


@pytest.mark.parametrize(
    ("tensors", "told"),
    [
        ({"emb_params": (1, 768)}, "holds no tensor 'clip_g'"),
        ({"clip_g": (1, 2, 3)}, "its tensor 'clip_g' has the shape \\[1, 2, 3\\]"),
        ({"clip_g": (1, 48), "clip_l": (0, 32)}, "its tensor 'clip_l' has the shape \\[0, 32\\]"),
    ],
)
def test_what_is_no_such_file_is_told(tmp_path: Path, tensors: dict[str, tuple[int, ...]], told: str) -> None:
    path = tmp_path / "wrong.safetensors"
    save_file({name: torch.zeros(shape) for name, shape in tensors.items()}, path)
    with pytest.raises(AccessError, match=told):
        ReadsEmbeddings().resolve(str(path), FileAccess(), given=True)


def test_a_pickle_and_a_folder_are_told(tmp_path: Path) -> None:
    (tmp_path / "style.pt").write_bytes(b"")
    with pytest.raises(AccessError, match="is a pickle"):
        read_embeddings(tmp_path / "style.pt", "style.pt")
    with pytest.raises(AccessError, match="is no textual inversion of Stable Diffusion XL"):
        read_embeddings(tmp_path, "folder")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"file": "second"}, "holds no tensor 'clip_l' for the first text encoder"),
        ({"token": "cat</w>"}, "knows a token 'cat</w>' already"),
        ({"file": "wide"}, "the tensor 'clip_g' of 'wide.safetensors' holds embeddings of 1280 numbers"),
    ],
)
def test_what_does_not_fit_the_model_is_told(folder: Path, given: dict[str, Any], told: str) -> None:
    save_file({"clip_g": torch.zeros(1, 1280), "clip_l": torch.zeros(1, 768)}, folder / "wide.safetensors")
    with pytest.raises(ValueError, match=told):
        taught(folder, **given)


def test_an_encoder_without_its_tokenizer_is_told(folder: Path) -> None:
    model = load_sdxl(str(folder / "base"))
    with pytest.raises(ValueError, match="belong together"):
        load_textual_inversion_sdxl(
            model.tokenizer_2, model.text_encoder_2, str(folder / "two.safetensors"), "<two>", model.tokenizer
        )
