"""Textual inversions that a prompt of Stable Diffusion XL calls by name: each encoder reads its own embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tests.nodes.comfyui.test_translation import changed, translate
from tests.nodes.parity_families import LIBRARY

from latentgraph.graph.document import Document
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.graph.workflow import Workflow

pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")
XL = "sd_xl_base_1.0.safetensors"


def test_both_encoders_of_sdxl_read_the_embeddings_that_a_prompt_names(
    engine: Engine, models: Mapping[str, Path], tmp_path: Path
) -> None:
    vectors = {
        name: torch.randn(count, width, generator=torch.Generator().manual_seed(count))
        for name, count, width in (("clip_l", 2, 32), ("clip_g", 3, 48))
    }
    save_file(vectors, tmp_path / "blue-cat.safetensors")
    nodes = changed(_4={"ckpt_name": XL}, _6={"text": "a (embedding:blue-cat:1.2), red"})
    made = translate(nodes, engine.registry)
    assert made.untranslated == ()
    data = made.workflow.model_dump(by_alias=True, exclude_unset=True)
    data["outputs"] = {"positive": {"from": "positive.conditioning"}}
    given = {"checkpoint": str(models["sdxl"]), "embedding": str(tmp_path / "blue-cat.safetensors")}
    run = engine.run(Document(Workflow.model_validate(data)), given, settings={"device": "cpu", "dtype": "float32"})
    conditioning = run.result().values["positive"]

    pipe = LIBRARY.StableDiffusionXLPipeline.from_pretrained(models["sdxl"])
    first, _ = by_hand(pipe.tokenizer, pipe.text_encoder, vectors["clip_l"])
    second, pooled = by_hand(pipe.tokenizer_2, pipe.text_encoder_2, vectors["clip_g"])
    # A batch of two texts and one of a single text are rounded otherwise.
    torch.testing.assert_close(conditioning.embeddings, torch.cat([first, second], dim=-1), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(conditioning.pooled, pooled, rtol=1e-4, atol=1e-5)


def by_hand(tokenizer: Any, encoder: Any, vectors: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The hidden states but one of the prompt, weighted, and its sum: rows are added to the table of tokens by hand."""
    table = encoder.get_input_embeddings()
    known = len(table.weight)
    table.weight = torch.nn.Parameter(torch.cat([table.weight.data, vectors]))

    def read(words: list[Any]) -> Any:
        ids = [tokenizer.bos_token_id, *words, tokenizer.eos_token_id]
        ids += [tokenizer.pad_token_id] * (77 - len(ids))
        with torch.no_grad():
            return encoder(torch.tensor([ids]), output_hidden_states=True)

    before, after = (tokenizer(words, add_special_tokens=False).input_ids for words in ("a", ", red"))
    words = [*before, *range(known, known + len(vectors)), *after]
    text, empty = read(words), read([])
    weights = torch.ones(77)
    weights[1 + len(before) : 1 + len(before) + len(vectors)] = 1.2
    states, nothing = text.hidden_states[-2], empty.hidden_states[-2]
    return (states - nothing) * weights[None, :, None] + nothing, getattr(text, "text_embeds", None)


def test_an_embedding_is_loaded_once_for_both_sides_and_put_behind_another(registry: Registry) -> None:
    nodes = changed(
        _4={"ckpt_name": XL}, _6={"text": "embedding:one, embedding:two"}, _7={"text": "embedding:one, bad"}
    )
    workflow = translate(nodes, registry).workflow
    loaders = {name: one for name, one in workflow.nodes.items() if one.type == "load_textual_inversion_sdxl"}
    assert len(loaders) == 2
    first, second = loaders
    assert loaders[second].inputs["text_encoder_2"] == {"from": f"{first}.text_encoder_2"}
    assert workflow.nodes["negative"].inputs["tokenizer"] == {"from": f"{first}.tokenizer"}
    assert workflow.nodes["positive"].inputs["tokenizer"] == {"from": f"{second}.tokenizer"}
    assert loaders[first].inputs["token"] == "embedding:one"


def test_the_refiner_is_taught_its_one_encoder(registry: Registry) -> None:
    nodes = changed(_4={"ckpt_name": "sd_xl_refiner_1.0.safetensors"}, _6={"text": "embedding:one"})
    made = translate(nodes, registry)
    assert made.untranslated == ()
    (loader,) = [one for one in made.workflow.nodes.values() if one.type == "load_textual_inversion_sdxl"]
    assert set(loader.inputs) == {"tokenizer_2", "text_encoder_2", "embedding", "token"}
