"""The runs of a sweep in one process: what each warns of reaches it, however it was computed."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest
from tests.graph.toys import toy_document

from latentgraph.graph.batch_size import BatchSize
from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.events import Warned
from latentgraph.graph.memory_care import MemoryCare
from latentgraph.graph.node import node
from latentgraph.graph.plan import Plan
from latentgraph.graph.pool import Pool
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.graph.series import Planned, Series
from latentgraph.graph.sweep import Entry
from latentgraph.graph.values import FileForm, Rows, ValueType


@dataclass(frozen=True, eq=False)
class Pots:
    """Numbers, a pot each."""

    numbers: tuple[int, ...]


def _write(pots: Pots, file: BinaryIO, record: Mapping[str, str]) -> None:
    file.write(repr(pots.numbers).encode())


POTS = ValueType(
    Pots,
    lambda pots: f"{len(pots.numbers)} pots",
    lambda pots: 8 * len(pots.numbers),
    lambda pots: repr(pots.numbers),
    file=FileForm(".pots", lambda pots: [pots], _write, lambda path: {}),
    rows=Rows(
        lambda several: Pots(tuple([number for pots in several for number in pots.numbers])),
        lambda pots, place, count: Pots(pots.numbers[place : place + 1]),
    ),
)
DATA = {
    "inputs": {"number": {"type": "integer", "default": 1}},
    "nodes": {
        "clay": {"type": "dig"},
        "thrown": {"type": "throw", "inputs": {"clay": {"from": "clay.value"}, "number": {"from": "inputs.number"}}},
        "fired": {"type": "fire", "inputs": {"pots": {"from": "thrown.pots"}}},
        "glazed": {"type": "glaze", "inputs": {"pots": {"from": "fired.pots"}}},
    },
    "outputs": {"pots": {"from": "glazed.pots"}},
}
CLAY = Warned("clay", "the clay is wet")
HOT = Warned("fired", "the kiln is hot")
UGLY = Warned("glazed", "3 is an ugly number")
ROOM = Warned("", "there is little room")
"""By the estimate, which tells of it where anything is thrown."""


@node(category="test")
def dig(*, context: RunContext = ALONE) -> int:
    """Say something in every run, for it is the same in all."""
    context.warn("the clay is wet")
    return 1


@node(category="test")
def throw(clay: int, number: int) -> Pots:
    """Make a pot; 7 falls over."""
    if number == 7:
        raise ValueError("7 fell over")
    return Pots((number,))


@node(category="test", rowwise=True)
def fire(pots: Pots, *, context: RunContext = ALONE) -> Pots:
    """Say something, for several at once where they are."""
    context.warn("the kiln is hot")
    return pots


@node(category="test")
def glaze(pots: Pots, *, context: RunContext = ALONE) -> Pots:
    """Say something of one run."""
    if 3 in pots.numbers:
        context.warn("3 is an ugly number")
    return pots


def _foresee(plan: Plan, running: Collection[str], pool: Pool) -> Iterator[str]:
    if "thrown" in running:
        yield "there is little room"


@pytest.fixture
def engine() -> Engine:
    registry = Registry()
    registry.values.add(POTS)
    registry.add_module(sys.modules[__name__], origin="test")
    registry.memory = MemoryCare(_foresee, lambda settings: "", lambda: None)
    return Engine(registry)


def _computed(engine: Engine, out: Path, batch: str, *numbers: int) -> tuple[list[Entry], list[tuple[int, Warned]]]:
    """The entries of a series, and what was told while it went on."""
    told: list[tuple[int, Warned]] = []
    document = toy_document(DATA)
    planned = [Planned(n, {"number": n}, engine.plan(document, {"number": n})) for n in numbers]
    series = Series(engine, document, out, BatchSize(batch), tell=lambda run, warned: told.append((run.number, warned)))
    return list(series.compute(planned)), told


@pytest.mark.parametrize("batch", ["1", "3"])
def test_what_a_run_warns_of_is_told_at_once_and_is_in_its_entry(engine: Engine, tmp_path: Path, batch: str) -> None:
    entries, told = _computed(engine, tmp_path, batch, 2, 3, 4)
    assert [set(entry.warnings) for entry in entries] == [
        {ROOM, CLAY, HOT}, {ROOM, CLAY, HOT, UGLY}, {ROOM, CLAY, HOT}
    ]  # fmt: skip
    assert sorted(told, key=repr) == sorted([(one.number, said) for one in entries for said in one.warnings], key=repr)
    assert [path.read_text() for path in sorted(tmp_path.iterdir())] == ["(2,)", "(3,)", "(4,)"]


@pytest.mark.parametrize("batch", ["1", "2"])
def test_what_is_kept_says_it_again(engine: Engine, tmp_path: Path, batch: str) -> None:
    _computed(engine, tmp_path, "1", 2, 3)
    entries, _ = _computed(engine, tmp_path, batch, 2, 3)
    assert [set(entry.warnings) for entry in entries] == [{CLAY, HOT}, {CLAY, HOT, UGLY}]


@pytest.mark.parametrize("batch", ["1", "3"])
def test_a_run_that_fails_tells_what_it_warned_of(engine: Engine, tmp_path: Path, batch: str) -> None:
    entries, _ = _computed(engine, tmp_path, batch, 2, 7, 4)
    assert [entry.error for entry in entries] == ["", "thrown: ValueError: 7 fell over", ""]
    assert entries[1].warnings == (ROOM, CLAY)
    assert set(entries[2].warnings) == {ROOM, CLAY, HOT}
