"""What a run makes carries how it was made, and can be made again from that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.graph.test_run import BAKERY
from tests.graph.toys import toy_document, toy_registry

from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.provenance import document_of_file, run_of_file
from latentgraph.graph.run import Engine


@pytest.fixture
def engine() -> Engine:
    return Engine(toy_registry())


def test_a_file_is_made_again_from_its_own_record(engine: Engine, tmp_path: Path) -> None:
    first = engine.run(toy_document(BAKERY), {"flour": 700, "crust": "dark"}, out=tmp_path).result()
    file = Path(first.files["bread"][0])
    document = document_of_file(file, file.name, engine.registry)
    again = engine.run(document, out=tmp_path).result()
    assert Path(again.files["bread"][0]).read_text().splitlines()[0] == file.read_text().splitlines()[0]
    assert document.workflow.inputs["flour"].default == 700


def test_the_record_tells_settings_and_versions(engine: Engine, tmp_path: Path) -> None:
    file = Path(engine.run(toy_document(BAKERY), settings={"oven": "wood"}, out=tmp_path).result().files["bread"][0])
    run = run_of_file(file, engine.registry)
    assert run["settings"] == {"oven": "wood"}
    assert "latentgraph" in run["versions"]


def test_metadata_can_be_left_out(engine: Engine, tmp_path: Path) -> None:
    file = Path(engine.run(toy_document(BAKERY), out=tmp_path, metadata=False).result().files["bread"][0])
    assert file.read_text() == "795 g, soft"
    with pytest.raises(WorkflowError) as caught:
        document_of_file(file, "bread-1.txt", engine.registry)
    assert str(caught.value) == (
        "bread-1.txt: E001: the file carries no record of a workflow; only files that latentgraph wrote, with their "
        "metadata left in, can be made again; `latentgraph import` takes pictures of other programs"
    )


def test_the_record_holds_no_absolute_path(engine: Engine, tmp_path: Path) -> None:
    secret = tmp_path / "someone" / "note.txt"
    secret.parent.mkdir()
    secret.write_text("hello")
    workflow = {
        "inputs": {"file": {"type": "string"}},
        "nodes": {**BAKERY["nodes"], "r": {"type": "read", "inputs": {"file": {"from": "inputs.file"}}}},
        "outputs": {**BAKERY["outputs"], "text": {"from": "r.value"}},
    }
    workflow["inputs"] |= BAKERY["inputs"]
    document = toy_document(workflow, tmp_path / "w.json")
    file = Path(engine.run(document, {"file": str(secret)}, out=tmp_path).result().files["bread"][0])
    assert str(tmp_path) not in file.read_text()
    assert json.loads(json.dumps(document_of_file(file, "x", engine.registry).workflow.inputs["file"].default)) == (
        "./note.txt"
    )


def test_a_strangers_record_opens_no_file_that_the_user_did_not_give(engine: Engine, tmp_path: Path) -> None:
    workflow = {
        "inputs": {"file": {"type": "string", "default": "/etc/hostname.txt"}},
        "nodes": {"r": {"type": "read", "inputs": {"file": {"from": "inputs.file"}}}},
        "outputs": {"text": {"from": "r.value"}},
    }
    with pytest.raises(WorkflowError) as caught:
        engine.run(toy_document(workflow, tmp_path / "w.json"))
    assert "'/etc/hostname.txt' lies outside the workflow's folder (from inputs.file)" in str(caught.value)


def test_a_file_made_with_a_sub_workflow_is_made_again_without_the_other_file(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "bakery.json").write_text(json.dumps({"latentgraph": 1, **BAKERY}))
    outer = {
        "nodes": {"bakery": {"type": "workflow", "file": "./bakery.json", "inputs": {"flour": 400}}},
        "outputs": {"bread": {"from": "bakery.bread"}},
    }
    made = engine.run(toy_document(outer, tmp_path / "outer.json"), out=tmp_path / "out").result()
    file = Path(made.files["bread"][0])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    moved = file.rename(elsewhere / file.name)
    (tmp_path / "bakery.json").unlink()
    again = engine.run(document_of_file(moved, "x", engine.registry), out=elsewhere).result()
    assert Path(again.files["bread"][0]).read_text().splitlines()[0] == "695 g, soft"


def test_a_value_that_only_looks_like_a_path_is_recorded_as_it_is(engine: Engine, tmp_path: Path) -> None:
    workflow = {
        "inputs": {**BAKERY["inputs"], "name": {"type": "string", "default": "/imagine a loaf"}},
        "nodes": {**BAKERY["nodes"], "r": {"type": "fail", "inputs": {"text": {"from": "inputs.name"}}}},
        "outputs": BAKERY["outputs"],
    }
    file = Path(engine.run(toy_document(workflow), out=tmp_path).result().files["bread"][0])
    assert document_of_file(file, "x", engine.registry).workflow.inputs["name"].default == "/imagine a loaf"


def test_a_path_written_in_the_workflow_is_cut_in_its_record_too(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("hello")
    read = {"type": "read", "inputs": {"file": str(tmp_path / "note.txt")}}
    workflow = {**BAKERY, "nodes": {**BAKERY["nodes"], "r": read}}
    workflow["outputs"] = {**BAKERY["outputs"], "text": {"from": "r.value"}}
    file = Path(engine.run(toy_document(workflow, tmp_path / "w.json"), out=tmp_path).result().files["bread"][0])
    assert str(tmp_path) not in file.read_text()
