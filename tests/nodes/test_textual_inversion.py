"""Textual inversion: the pictures that diffusers gives with the same files, and what is said of wrong ones."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tests.nodes.parity_cases import STEPS
from tests.nodes.parity_pictures import document
from tests.nodes.tiny import load_pipeline

from latentgraph.graph.check import check
from latentgraph.graph.document import read_document
from latentgraph.graph.errors import NodeFailedError
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.nodes import encode, load_model, load_textual_inversion, tokenize
from latentgraph.nodes.handles import loaded

WORKFLOW = Path(str(files("latentgraph.workflows"))) / "textual_inversion.json"


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    """Fixed numbers."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A token of one embedding, one of three, and one in a file that does not name it, for the tiny model."""
    folder = tmp_path_factory.mktemp("embeddings")
    save_file({"<one>": normal(1, 32, seed=1)}, folder / "one.safetensors")
    save_file({"<flat>": normal(32, seed=2)}, folder / "flat.safetensors")
    save_file({"<three>": normal(3, 32, seed=3)}, folder / "three.safetensors")
    save_file({"emb_params": normal(2, 32, seed=4)}, folder / "unnamed.safetensors")
    return folder


@pytest.mark.parametrize(
    ("file", "token", "prompt"),
    [
        ("one", None, "a <one> on a white background"),
        ("flat", "<other>", "<other> and a cat"),
        ("three", None, "a red <three> on a <three>"),
        ("unnamed", "<two>", "a photo, <two>"),
    ],
)
def test_a_learned_token_gives_the_picture_of_diffusers(
    file: str, token: str | None, prompt: str, engine: Engine, tiny_folder: Path, embeddings: Path
) -> None:
    path = embeddings / f"{file}.safetensors"
    pipe = load_pipeline(tiny_folder)
    pipe.set_progress_bar_config(disable=True)
    pipe.load_textual_inversion(str(path), token=token)
    pipe.safety_checker = None
    wanted = pipe(
        prompt, num_inference_steps=STEPS, generator=torch.Generator("cpu").manual_seed(3), output_type="pt"
    ).images
    given = {"model": str(tiny_folder), "embedding": str(path), "token": token, "prompt": prompt, "seed": 3,
             "num_inference_steps": STEPS, "guidance_scale": 7.5}  # fmt: skip
    run = engine.run(document("textual_inversion", "PNDM"), given, settings={"device": "cpu"}).result()
    assert wanted.std() > 0
    assert torch.equal(run.values["decoded"].samples, wanted)


def test_two_tokens_live_side_by_side_and_the_model_stays_as_it_was(tiny_folder: Path, embeddings: Path) -> None:
    model = load_model(str(tiny_folder))
    before = len(loaded(model.tokenizer))
    first = load_textual_inversion(model.tokenizer, model.text_encoder, str(embeddings / "three.safetensors"))
    both = load_textual_inversion(*first, str(embeddings / "one.safetensors"))
    tokens = tokenize(both.tokenizer, "<three> <one>")
    assert tokens.streams[0].input_ids[0, 1:5].tolist() == [before, before + 1, before + 2, before + 3]
    rows = loaded(both.text_encoder).get_input_embeddings().weight[before:]
    assert torch.equal(rows, torch.cat([normal(3, 32, seed=3), normal(1, 32, seed=1)]))
    assert encode(both.text_encoder, tokens).embeddings.isfinite().all()
    assert len(loaded(model.tokenizer)) == before
    assert len(loaded(model.text_encoder).get_input_embeddings().weight) == before
    assert both.text_encoder.digest != first.text_encoder.digest != model.text_encoder.digest


def test_learning_a_token_draws_nothing_from_the_generator_of_the_process(tiny_folder: Path, embeddings: Path) -> None:
    model = load_model(str(tiny_folder))
    learned = load_textual_inversion(model.tokenizer, model.text_encoder, str(embeddings / "one.safetensors"))
    torch.manual_seed(0)
    wanted = torch.rand(3)
    torch.manual_seed(0)
    loaded(learned.text_encoder)
    assert torch.equal(torch.rand(3), wanted)


def problems(**values: Any) -> list[tuple[str, str, str]]:
    """What the check says of the shipped workflow with these values."""
    found = check(read_document(WORKFLOW), Registry.load(), values).errors
    return [(one.code, one.node, one.message) for one in found]


def test_what_is_no_embedding_is_found_by_the_check(tiny_folder: Path, embeddings: Path, tmp_path: Path) -> None:
    model = str(tiny_folder)
    assert problems(model=model, embedding=str(embeddings / "three.safetensors")) == []
    several = problems(model=model, embedding=str(tiny_folder / "vae" / "diffusion_pytorch_model.safetensors"))
    assert "tensors where the embedding of one token is wanted" in several[0][2]
    pickle = tmp_path / "style.pt"
    pickle.write_bytes(b"")
    assert "is a pickle" in problems(model=model, embedding=str(pickle))[0][2]
    save_file({"<x>": torch.zeros(1, 2, 3)}, tmp_path / "deep.safetensors")
    assert "has the shape [1, 2, 3]" in problems(model=model, embedding=str(tmp_path / "deep.safetensors"))[0][2]
    save_file({"<x>": torch.zeros(1, 1024)}, tmp_path / "sd2.safetensors")
    (code, node, message), *_ = problems(model=model, embedding=str(tmp_path / "sd2.safetensors"))
    assert (code, node) == ("E109", "learned")
    assert message == "what it reads is for family sd2, what it is given is of family sd1"


def test_a_token_that_is_known_unnamed_or_of_another_width_is_told(
    engine: Engine, tiny_folder: Path, shapes_folder: Path, embeddings: Path
) -> None:
    def run(**values: Any) -> None:
        given = {"model": str(tiny_folder), "embedding": str(embeddings / "unnamed.safetensors")}
        engine.run(document("textual_inversion", "PNDM"), given | values).result()

    with pytest.raises(NodeFailedError, match="does not say what its token is called; give it a token"):
        run(token=None)
    with pytest.raises(NodeFailedError, match="knows a token 'cat</w>' already"):
        run(token="cat</w>")
    with pytest.raises(NodeFailedError, match="holds embeddings of 32 numbers, those of the text encoder have 96"):
        run(model=str(shapes_folder), token="<mine>")
