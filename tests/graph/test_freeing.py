"""A value lives until its last reader is done, and no longer, except in a cache, whose bound counts it."""

from __future__ import annotations

import gc
import sys
import weakref
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.graph.toys import toy_document

from latentgraph.graph.batch import Batch
from latentgraph.graph.node import node
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.graph.values import Rows, ValueType

SIZE = 100_000


@dataclass(frozen=True, eq=False)
class Block:
    """Something whose life can be watched; it says of itself that it is SIZE bytes a row."""

    rows: tuple[str, ...]

    def __post_init__(self) -> None:
        """Be watched."""
        watched.append(weakref.ref(self))


watched: list[weakref.ref[Block]] = []
seen: list[list[str]] = []
"""The rows of all blocks that lived at each call of `use`."""
BLOCK = ValueType(
    Block,
    lambda block: ", ".join(block.rows),
    lambda block: SIZE * len(block.rows),
    lambda block: repr(block.rows),
    rows=Rows(
        lambda blocks: Block(tuple(row for one in blocks for row in one.rows)),
        lambda block, place, count: replace(block, rows=block.rows[place::count]),
    ),
)


def alive() -> list[str]:
    """The rows of all blocks that live."""
    gc.collect()
    return sorted(",".join(block.rows) for block in (one() for one in watched) if block is not None)


@node(category="test", rowwise=True)
def begin(name: str) -> Block:
    """Make a block."""
    return Block((name,))


@node(category="test", rowwise=True)
def use(block: Block, mark: str = "'") -> Block:
    """Make a block of another, and note what lives meanwhile."""
    seen.append(alive())
    return Block(tuple(f"{row}{mark}" for row in block.rows))


@node(category="test")
def weigh(block: Block) -> int:
    """Note what lives while a block is read that nobody reads afterwards."""
    seen.append(alive())
    return len(block.rows)


@node(category="test")
def after(number: int) -> int:
    """Note what lives when nobody reads any block."""
    seen.append(alive())
    return number


@node(category="test")
def numbers(to: int) -> list[int]:
    """Turns."""
    return list(range(to))


@pytest.fixture
def registry() -> Registry:
    watched.clear()
    seen.clear()
    registry = Registry()
    registry.add_module(sys.modules[__name__], origin="test")
    return registry


def use_of(source: str, **more: Any) -> dict[str, Any]:
    return {"type": "use", "inputs": {"block": {"from": source}, **more}}


CHAIN: dict[str, Any] = {
    "a": {"type": "begin", "inputs": {"name": {"from": "inputs.name"}}},
    "b": use_of("a.block"),
    "c": use_of("b.block"),
    "weighed": {"type": "weigh", "inputs": {"block": {"from": "c.block"}}},
    "end": {"type": "after", "inputs": {"number": {"from": "weighed.value"}}},
}
INPUTS = {"name": {"type": "string", "default": "x"}}
DONE = {"done": {"from": "end.value"}}


def test_a_value_with_one_reader_is_gone_when_that_is_done(registry: Registry) -> None:
    workflow = toy_document({"inputs": INPUTS, "nodes": CHAIN, "outputs": DONE})
    Engine(registry, memory=0).run(workflow).result()
    assert seen == [["x"], ["x'"], ["x''"], []]


def test_a_value_with_several_readers_lives_until_the_last(registry: Registry) -> None:
    nodes = {"a": CHAIN["a"], "b": use_of("a.block"), "c": use_of("b.block"), "both": use_of("a.block", mark="*")}
    nodes["last"] = {"type": "weigh", "inputs": {"block": {"from": "c.block"}}}
    outputs = {"both": {"from": "both.block"}, "last": {"from": "last.value"}}
    workflow = toy_document({"inputs": INPUTS, "nodes": nodes, "outputs": outputs})
    planned = Engine(registry, memory=0).plan(workflow)
    readers = [step.path for step in planned.steps if step.path in ("b", "both")]
    engine = Engine(registry, memory=0)
    engine.run(workflow).result()
    uses = [step.path for step in planned.steps if step.path != "a"]
    for path, names in zip(uses, seen, strict=True):
        assert ("x" in names) == (uses.index(path) <= uses.index(readers[-1]))


def test_in_a_loop_only_what_goes_on_to_the_next_turn_lives(registry: Registry) -> None:
    nodes: dict[str, Any] = {
        "a": CHAIN["a"],
        "turns": {"type": "numbers", "inputs": {"to": 3}},
        "round": {
            "type": "loop",
            "each": {"turn": {"from": "turns.value"}},
            "carry": {"block": {"from": "a.block", "next": "second.block"}},
            "nodes": {
                "first": use_of("loop.block", mark="1"),
                "aside": {"type": "weigh", "inputs": {"block": {"from": "first.block"}}},
                "second": use_of("first.block", mark="2"),
            },
        },
        "weighed": {"type": "weigh", "inputs": {"block": {"from": "round.block"}}},
        "end": {"type": "after", "inputs": {"number": {"from": "weighed.value"}}},
    }
    workflow = toy_document({"inputs": INPUTS, "nodes": nodes, "outputs": DONE})
    Engine(registry, memory=0).run(workflow).result()
    start, carried = "x", ["x", "x12", "x1212"]
    wanted = []
    for block in carried:
        # The start is the loop's own as long as it turns.
        around = sorted({start, block})
        wanted += [around, sorted({*around, f"{block}1"})]
    assert seen == [*wanted, ["x121212"], []]


def test_in_a_sub_workflow_a_value_is_gone_too(registry: Registry, tmp_path: Path) -> None:
    inner = toy_document({"inputs": INPUTS, "nodes": CHAIN, "outputs": DONE})
    (tmp_path / "inner.json").write_bytes(inner.source.text.encode() if inner.source else b"")
    nodes = {"inner": {"type": "workflow", "file": "inner.json", "inputs": {"name": "y"}}}
    nodes |= {"last": {"type": "after", "inputs": {"number": {"from": "inner.done"}}}}
    workflow = toy_document({"nodes": nodes, "outputs": {"done": {"from": "last.value"}}}, tmp_path / "outer.json")
    Engine(registry, memory=0).run(workflow).result()
    assert seen == [["y"], ["y'"], ["y''"], [], []]


def test_runs_that_go_together_hold_no_more_than_their_rows(registry: Registry, tmp_path: Path) -> None:
    workflow = toy_document({"inputs": INPUTS, "nodes": CHAIN, "outputs": DONE})
    engine = Engine(registry, memory=0)
    plans = [(name, engine.plan(workflow, {"name": name})) for name in ("x", "y")]
    Batch(engine, plans, tmp_path).computed()
    assert seen == [["x", "x,y", "y"], ["x'", "x',y'", "y'"], ["x''", "y''"], ["x''", "y''"], [], []]


def test_what_is_kept_in_memory_is_what_the_bound_counts(registry: Registry) -> None:
    workflow = toy_document({"inputs": INPUTS, "nodes": CHAIN, "outputs": DONE})
    engine = Engine(registry, memory=2 * SIZE + 5_000)
    for name in ("x", "y", "z"):
        engine.run(workflow, {"name": name}).result()
        assert len(alive()) * SIZE <= engine.cache.size <= engine.cache.limit
    assert alive() == ["z'", "z''"]


def test_what_was_kept_is_let_go_after_its_reader_by_runs_that_go_together(registry: Registry, tmp_path: Path) -> None:
    workflow = toy_document({"inputs": INPUTS, "nodes": CHAIN, "outputs": DONE})
    engine = Engine(registry, memory=SIZE + 5_000)
    engine.run(workflow, {"name": "x"}, until="a").result()
    plans = [(name, engine.plan(workflow, {"name": name})) for name in ("x", "y")]
    Batch(engine, plans, tmp_path).computed()
    # The first block of the other run made it leave the cache; there was room for one.
    assert seen[-2:] == [["y"], ["y"]]
