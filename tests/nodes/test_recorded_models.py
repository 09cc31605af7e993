"""The record of a run holds the digests of the models that it really read, wherever they come from."""

from __future__ import annotations

import json
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save_file
from tests.nodes.original_names import single_file_tensors
from tests.nodes.tiny import load_pipeline
from tests.nodes.tiny_loras import drawn_for, save_plain

from latentgraph.graph.digests import file_digest
from latentgraph.graph.document import Document, parse_document, read_document
from latentgraph.graph.provenance import record
from latentgraph.graph.run import Engine

FOLDER = Path(str(files("latentgraph.workflows")))
TEXT_TO_IMAGE = read_document(FOLDER / "text_to_image.json")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def pipeline(tiny_folder: Path) -> Any:
    return load_pipeline(tiny_folder)


def _sources(engine: Engine, document: Document, **given: Any) -> dict[str, str]:
    told = record(document, engine.plan(document, given), engine.registry)
    assert "/tmp" not in "".join(told.values())
    sources: dict[str, str] = json.loads(told["run"])["sources"]
    return sources


def test_of_a_folder_any_byte_counts(engine: Engine, tiny_folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(tiny_folder, tmp_path / "copy"))
    before = _sources(engine, TEXT_TO_IMAGE, model=str(tiny_folder))["model.model"]
    assert _sources(engine, TEXT_TO_IMAGE, model=str(copy))["model.model"] == before
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(raw)
    assert _sources(engine, TEXT_TO_IMAGE, model=str(copy))["model.model"] != before


def test_of_a_single_file_and_of_a_lora_it_is_that_of_the_file(
    engine: Engine, pipeline: Any, tiny_folder: Path, tmp_path: Path
) -> None:
    one, lora = tmp_path / "one.safetensors", tmp_path / "lora.safetensors"
    save_file(single_file_tensors(pipeline), one)
    save_plain(lora, pipeline, drawn_for(pipeline))
    workflow = json.loads((FOLDER / "lora.json").read_text("utf-8"))
    workflow["inputs"]["config"] = {"type": "string"}
    workflow["nodes"]["model"]["inputs"]["config"] = {"from": "inputs.config"}
    document = parse_document(json.dumps(workflow).encode(), "lora.json")
    sources = _sources(engine, document, model=str(one), config=str(tiny_folder), lora=str(lora))
    assert sources["model.model"] == file_digest(one)
    assert sources["lora.lora"] == file_digest(lora)
    assert "model.config" in sources


def test_of_a_hub_model_it_is_the_commit(
    engine: Engine, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "models--ann--tiny"
    shutil.copytree(tiny_folder, store / "snapshots" / COMMIT)
    (store / "refs").mkdir()
    (store / "refs" / "main").write_text(COMMIT)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert _sources(engine, TEXT_TO_IMAGE, model="ann/tiny")["model.model"] == COMMIT
