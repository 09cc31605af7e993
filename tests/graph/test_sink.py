"""Files that a run makes: numbered, whole or absent, inside their folder, each saved once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.graph import toys
from tests.graph.test_run import BAKERY
from tests.graph.toys import Bread, ran, toy_document, toy_registry

from latentgraph.graph.errors import NodeFailedError
from latentgraph.graph.run import Engine


@pytest.fixture(autouse=True)
def _nothing_ran() -> Iterator[None]:
    ran.clear()
    yield
    ran.clear()


@pytest.fixture
def engine() -> Engine:
    return Engine(toy_registry())


def test_outputs_with_a_file_form_are_saved_and_numbered_up(engine: Engine, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for number in (1, 2, 3):
        files = engine.run(toy_document(BAKERY), out=out).result().files
        assert files == {"bread": (str(out / f"bread-{number}.txt"),)}
    engine.run(toy_document(BAKERY), {"crust": "dark"}, out=out, overwrite=True).result()
    assert sorted(path.name for path in out.iterdir()) == ["bread-1.txt", "bread-2.txt", "bread-3.txt"]
    assert (out / "bread-1.txt").read_text().startswith("795 g, dark")


def test_a_saving_node_saves_every_time_and_what_it_saved_is_not_saved_twice(engine: Engine, tmp_path: Path) -> None:
    sell = {"type": "sell", "inputs": {"bread": {"from": "loaf.bread"}, "label": "rye loaf"}}
    workflow = BAKERY | {"nodes": BAKERY["nodes"] | {"shop": sell}, "outputs": {"bread": {"from": "shop.bread"}}}
    for number in (1, 2):
        files = engine.run(toy_document(workflow), out=tmp_path).result().files
        path = (str(tmp_path / f"rye loaf-{number}.txt"),)
        assert files == {"rye loaf": path, "bread": path}
    assert ran.count("bake") == 1
    assert ran.count("sell") == 2


@pytest.mark.parametrize("label", ["../evil", "/etc/evil", "a/b", "", ".hidden", "nul\0"])
def test_a_workflow_cannot_write_outside_its_folder(engine: Engine, tmp_path: Path, label: str) -> None:
    sell = {"type": "sell", "inputs": {"bread": {"from": "loaf.bread"}, "label": label}}
    workflow = BAKERY | {"nodes": BAKERY["nodes"] | {"shop": sell}, "outputs": {}}
    out = tmp_path / "in" / "out"
    with pytest.raises(NodeFailedError, match="is no name for a file"):
        engine.run(toy_document(workflow), out=out).result()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_write_that_fails_leaves_no_file_behind(engine: Engine, tmp_path: Path, monkeypatch: Any) -> None:
    def torn(value: Bread, file: Any, record: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device", "bread")

    known = engine.registry.values.of(Bread)
    assert known is not None
    assert known.file is not None
    monkeypatch.setattr("tests.graph.toys._write", torn)
    object.__setattr__(known.file, "write", torn)
    try:
        with pytest.raises(Exception, match=r"no file can be written in .*: No space left on device; make room"):
            engine.run(toy_document(BAKERY), out=tmp_path).result()
    finally:
        monkeypatch.undo()
        object.__setattr__(known.file, "write", toys._write)
    assert list(tmp_path.iterdir()) == []


def test_files_are_written_where_there_are_no_hard_links(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    for _ in range(2):
        engine.run(toy_document(BAKERY), out=tmp_path).result()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bread-1.txt", "bread-2.txt"]
    assert all(path.stat().st_size for path in tmp_path.iterdir())
