"""The record as a file beside what was made: whole, numbered with it, and enough to make it again."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.graph.test_run import BAKERY
from tests.graph.toys import toy_document, toy_registry

from latentgraph.graph.document import read_document
from latentgraph.graph.errors import RunError, WorkflowError
from latentgraph.graph.provenance import document_of_file, run_of_file
from latentgraph.graph.run import Engine


@pytest.fixture
def engine() -> Engine:
    return Engine(toy_registry())


def _bake(engine: Engine, out: Path, **parts: Any) -> Path:
    run = engine.run(toy_document(BAKERY), {"flour": 700}, out=out, sidecar=True, **parts)
    return Path(run.result().files["bread"][0])


def test_a_sidecar_stands_beside_its_file_and_names_it_with_its_digest(engine: Engine, tmp_path: Path) -> None:
    loaf = _bake(engine, tmp_path)
    written = json.loads((tmp_path / "bread-1.json").read_text())
    assert (written["file"], written["sha256"]) == ("bread-1.txt", hashlib.sha256(loaf.read_bytes()).hexdigest())
    assert written["inputs"] == {"flour": 700, "minutes": 5.0, "crust": "soft"}
    assert sorted(os.listdir(tmp_path)) == ["bread-1.json", "bread-1.txt"]


def test_what_it_tells_is_what_the_file_itself_carries(engine: Engine, tmp_path: Path) -> None:
    loaf = _bake(engine, tmp_path)
    beside = tmp_path / "bread-1.json"
    assert run_of_file(beside, engine.registry) == run_of_file(loaf, engine.registry)
    workflows = [document_of_file(one, "x", engine.registry).workflow for one in (loaf, beside)]
    assert workflows[0] == workflows[1]


def test_a_file_without_metadata_is_made_again_from_its_sidecar(engine: Engine, tmp_path: Path) -> None:
    loaf = _bake(engine, tmp_path, metadata=False)
    assert loaf.read_text() == "995 g, soft"
    again = engine.run(document_of_file(tmp_path / "bread-1.json", "x", engine.registry), out=tmp_path, metadata=False)
    assert Path(again.result().files["bread"][0]).read_text() == "995 g, soft"


def test_a_sidecar_never_takes_the_name_of_a_file_that_is_there(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "bread-3.json").write_text("mine")
    assert _bake(engine, tmp_path).name == "bread-4.txt"
    assert (tmp_path / "bread-3.json").read_text() == "mine"
    assert json.loads((tmp_path / "bread-4.json").read_text())["file"] == "bread-4.txt"


def test_overwriting_replaces_the_sidecar_too(engine: Engine, tmp_path: Path) -> None:
    _bake(engine, tmp_path)
    engine.run(toy_document(BAKERY), {"flour": 5}, out=tmp_path, sidecar=True, overwrite=True).result()
    written = json.loads((tmp_path / "bread-1.json").read_text())
    assert written["inputs"]["flour"] == 5
    assert written["sha256"] == hashlib.sha256((tmp_path / "bread-1.txt").read_bytes()).hexdigest()
    assert len(os.listdir(tmp_path)) == 2


def test_where_the_sidecar_cannot_be_written_there_is_no_file_either(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device", "bread-1.json")

    monkeypatch.setattr("latentgraph.graph.sink.sidecar_text", full)
    with pytest.raises(RunError):
        _bake(engine, tmp_path)
    assert os.listdir(tmp_path) == []


def test_two_runs_at_once_keep_each_file_with_its_own_sidecar(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both have counted before either writes.
    monkeypatch.setattr("latentgraph.graph.sink.Sink._first_number", lambda *_: 1)
    for _ in range(3):
        _bake(engine, tmp_path)
    for number in (1, 2, 3):
        loaf, beside = tmp_path / f"bread-{number}.txt", tmp_path / f"bread-{number}.json"
        assert json.loads(beside.read_text())["sha256"] == hashlib.sha256(loaf.read_bytes()).hexdigest()


def test_neither_holds_an_absolute_path_of_a_sub_workflow(engine: Engine, tmp_path: Path) -> None:
    inner = tmp_path / "somebody" / "bakery.json"
    inner.parent.mkdir()
    inner.write_text(json.dumps({"latentgraph": 1, **BAKERY}))
    outer = {
        "nodes": {"bakery": {"type": "workflow", "file": str(inner), "inputs": {"flour": 400}}},
        "outputs": {"bread": {"from": "bakery.bread"}},
    }
    document = toy_document(outer, tmp_path / "outer.json")
    loaf = Path(engine.run(document, out=tmp_path / "out", sidecar=True).result().files["bread"][0])
    assert str(tmp_path) not in loaf.read_text() + loaf.with_suffix(".json").read_text()
    inner.unlink()
    again = engine.run(document_of_file(loaf.with_suffix(".json"), "x", engine.registry), out=tmp_path / "again")
    assert Path(again.result().files["bread"][0]).read_text().startswith("695 g, soft")


@pytest.mark.parametrize("version", ["2", '"1"', "true", "null", "[]"])
def test_a_record_of_another_version_is_refused_in_a_sentence(engine: Engine, tmp_path: Path, version: str) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"latentgraph_record": ' + version + "}")
    with pytest.raises(WorkflowError, match=r"x.json: E006: the record is of version .* reads version 1; update"):
        document_of_file(path, "x.json", engine.registry)


@pytest.mark.parametrize("rest", ["", ', "workflow": 3', ', "workflow": {}, "inputs": []', ', "workflow'])
def test_a_broken_record_is_refused_in_a_sentence(engine: Engine, tmp_path: Path, rest: str) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"latentgraph_record": 1' + rest + "}")
    with pytest.raises(WorkflowError):
        document_of_file(path, "x.json", engine.registry)


def test_a_sidecar_that_is_taken_for_a_workflow_is_refused_with_what_to_do(engine: Engine, tmp_path: Path) -> None:
    _bake(engine, tmp_path)
    with pytest.raises(WorkflowError, match="it is the record of a picture, which `latentgraph run` makes again"):
        read_document(tmp_path / "bread-1.json")
