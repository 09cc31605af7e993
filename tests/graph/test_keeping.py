"""Nothing is kept under a key whose file was another one by the time it was read; a run that ended holds nothing."""

from __future__ import annotations

import gc
import sys
import weakref
from pathlib import Path
from typing import Annotated, Any

import pytest
from tests.graph.keeping import STORING
from tests.graph.toys import toy_document

from latentgraph.graph.access import FileAccess, ReadsFile
from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.disk_cache import DiskCache
from latentgraph.graph.errors import NodeFailedError
from latentgraph.graph.events import Warned
from latentgraph.graph.node import node
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine

before_reading: list[tuple[Path, str]] = []
"""Files that somebody else writes just before they are read."""


@node(category="test")
def read_it(file: Annotated[str, ReadsFile()]) -> str:
    """Read a file.

    Args:
        file: To read.
    """
    for path, text in before_reading:
        path.write_text(text)
    return Path(file).read_text()


@node(category="test")
def grumble(mark: int, *, context: RunContext = ALONE) -> int:
    """Use what lives longer than a run.

    Args:
        mark: Anything.
    """
    context.pool.listen(context.warn)
    tell = context.pool.get("lodger", lambda: context.pool.tell)
    tell(f"used by {mark}")
    return mark


@node(category="test")
def fail(text: str) -> str:
    """Fail.

    Args:
        text: Anything.
    """
    raise ValueError(text)


@pytest.fixture
def registry() -> Registry:
    before_reading.clear()
    registry = Registry()
    registry.add_module(sys.modules[__name__], origin="test")
    return registry


def reading(*more: str) -> Any:
    nodes: dict[str, Any] = {"read": {"type": "read_it", "inputs": {"file": {"from": "inputs.file"}}}}
    last = "read"
    for name in more:
        nodes[name] = {"type": name, "inputs": {"text": {"from": f"{last}.value"}}}
        last = name
    return toy_document({
        "latentgraph": 1,
        "inputs": {"file": {"type": "string"}},
        "nodes": nodes,
        "outputs": {"text": {"from": f"{last}.value"}},
    })  # fmt: skip


@pytest.mark.parametrize("remembered", [False, True], ids=["looked at each time", "looked at once, as a sweep does"])
def test_what_was_read_of_other_contents_is_not_kept(registry: Registry, tmp_path: Path, *, remembered: bool) -> None:
    file, disk = tmp_path / "a.txt", DiskCache(tmp_path / "kept", STORING, from_seconds=0.0)
    file.write_text("one")
    engine = Engine(registry, disk=disk)
    engine.pool.put("a module", object())
    before_reading.append((file, "another"))
    access = FileAccess(tmp_path, seen={} if remembered else None)
    warned: list[str] = []
    run = engine.run(reading(), {"file": str(file)}, access=access)
    result = run.result(lambda event: warned.append(event.message) if isinstance(event, Warned) else None)
    assert result.outputs == {"text": "'another'"}
    assert warned == [
        "what read.file reads was changed while the run was under way; nothing that the run made is kept, and its "
        "files may be of the old contents, the new ones or both: run it again"
    ]
    assert (len(engine.cache), engine.cache.size, len(engine.pool), disk.files()) == (0, 0, 0, [])
    before_reading[:] = [(file, "one")]
    file.write_text("one")
    again = Engine(registry, disk=disk).run(reading(), {"file": str(file)}, access=FileAccess(tmp_path)).result()
    assert again.outputs == {"text": "'one'"}


def test_nor_is_it_where_the_run_fails_afterwards(registry: Registry, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("one")
    engine = Engine(registry)
    before_reading.append((file, "another"))
    with pytest.raises(NodeFailedError, match="another"):
        engine.run(reading("fail"), {"file": str(file)}).result()
    assert len(engine.cache) == 0


def test_what_was_read_as_planned_is_kept(registry: Registry, tmp_path: Path) -> None:
    file, disk = tmp_path / "a.txt", DiskCache(tmp_path / "kept", STORING, from_seconds=0.0)
    file.write_text("one")
    engine = Engine(registry, disk=disk)
    engine.run(reading(), {"file": str(file)}).result()
    assert (len(engine.cache), len(disk.files())) == (1, 1)


def test_what_lives_longer_than_a_run_warns_whoever_uses_it(registry: Registry) -> None:
    engine = Engine(registry)
    for mark in (1, 2):
        document = toy_document({"latentgraph": 1, "nodes": {"g": {"type": "grumble", "inputs": {"mark": mark}}},
                                 "outputs": {"mark": {"from": "g.value"}}})  # fmt: skip
        events = list(engine.run(document))
        assert [(one.node, one.message) for one in events if isinstance(one, Warned)] == [("g", f"used by {mark}")]
    engine.pool.tell("between two runs nobody listens")


def test_a_run_that_ended_holds_its_nodes_in_no_ring(registry: Registry) -> None:
    engine = Engine(registry)
    document = toy_document({"latentgraph": 1, "nodes": {"g": {"type": "grumble", "inputs": {"mark": 1}}},
                             "outputs": {"mark": {"from": "g.value"}}})  # fmt: skip
    run = engine.run(document)
    run.result()
    execution = weakref.ref(run._execution.sink)
    engine.worker.do(lambda: None)
    gc.disable()
    try:
        del run
        # The worker lets go of its last work when it has the next.
        ended = engine.run(document)
        ended.result()
        assert execution() is None
    finally:
        gc.enable()
