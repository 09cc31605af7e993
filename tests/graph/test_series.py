"""The runs of a sweep in one process: what each warns of reaches it, and files are written beside the next run."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import BinaryIO

import pytest
from tests.graph.toys import toy_document

from latentgraph.graph.batch_size import BatchSize
from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.errors import RunCancelledError, UnwritableError
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


thrown: list[Event] = []
"""Set for each number, by its place, when it is thrown."""
stopped: list[int] = []
"""Numbers whose throwing was cancelled."""


def _write(pots: Pots, file: BinaryIO, record: Mapping[str, str]) -> None:
    for number in pots.numbers:
        if number == 13:
            raise ValueError("13 has no picture")
        if number == 14:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if number + 1 < len(thrown):
            assert thrown[number + 1].wait(60)
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
DOCUMENT = toy_document(DATA)
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
def throw(clay: int, number: int, *, context: RunContext = ALONE) -> Pots:
    """Make a pot; 7 falls over, and 20 takes for ever."""
    until = time.monotonic() + 60
    while number == 20 and time.monotonic() < until:
        time.sleep(0.05)
        try:
            context.stop_if_cancelled()
        except RunCancelledError:
            stopped.append(number)
            raise
    if number == 7:
        raise ValueError("7 fell over")
    if number < len(thrown):
        thrown[number].set()
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
    thrown.clear()
    stopped.clear()
    registry = Registry()
    registry.values.add(POTS)
    registry.add_module(sys.modules[__name__], origin="test")
    registry.memory = MemoryCare(_foresee, lambda settings: "", lambda: None)
    return Engine(registry)


def _computed(engine: Engine, out: Path, batch: str, *numbers: int) -> tuple[list[Entry], list[tuple[int, Warned]]]:
    """The entries of a series, and what was told while it went on."""
    told: list[tuple[int, Warned]] = []
    series = Series(engine, DOCUMENT, out, BatchSize(batch), tell=lambda run, warned: told.append((run.number, warned)))
    return list(series.compute(_planned(engine, *numbers))), told


def _planned(engine: Engine, *numbers: int) -> list[Planned]:
    return [Planned(n, {"number": n}, engine.plan(DOCUMENT, {"number": n})) for n in numbers]


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


def test_a_run_begins_before_the_files_of_the_last_are_written(engine: Engine, tmp_path: Path) -> None:
    # Each file but the last waits for the run behind it.
    thrown.extend([Event() for _ in range(5)])
    series = Series(engine, DOCUMENT, tmp_path, BatchSize("1"))
    for entry in series.compute(_planned(engine, 1, 2, 3, 4)):
        # Told when it is whole.
        assert (tmp_path / entry.files["pots"][0]).read_text() == f"({entry.number},)"


@pytest.mark.parametrize("batch", ["1", "3"])
def test_what_cannot_be_written_is_the_failure_of_its_own_run(engine: Engine, tmp_path: Path, batch: str) -> None:
    entries, _ = _computed(engine, tmp_path, batch, 2, 13, 4)
    assert [(entry.number, entry.error, bool(entry.files)) for entry in entries] == [
        (2, "", True), (13, "ValueError: 13 has no picture", False), (4, "", True)
    ]  # fmt: skip


@pytest.mark.parametrize("batch", ["1", "2"])
def test_a_full_disk_ends_it_after_what_was_whole_before(engine: Engine, tmp_path: Path, batch: str) -> None:
    entries: list[Entry] = []
    computed = Series(engine, DOCUMENT, tmp_path, BatchSize(batch)).compute(_planned(engine, 2, 3, 14, 5, 6))
    with pytest.raises(UnwritableError, match="No space left on device; make room, or take another folder"):
        entries.extend(computed)
    assert [entry.number for entry in entries] == [2, 3]
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_whoever_stops_gets_what_was_computed(engine: Engine, tmp_path: Path) -> None:
    series = Series(engine, DOCUMENT, tmp_path, BatchSize("1"))
    entries = []
    for entry in series.compute(_planned(engine, 1, 2, 3, 4, 5, 6)):
        entries.append(entry)
        series.cancel()
    # The second may have been computed by then.
    assert [entry.number for entry in entries] in ([1], [1, 2])
    assert len(list(tmp_path.iterdir())) in (1, 2)


def test_nothing_goes_on_when_nobody_takes_any_more(engine: Engine, tmp_path: Path) -> None:
    computed = Series(engine, DOCUMENT, tmp_path, BatchSize("1")).compute(_planned(engine, 1, 20, 3))
    next(computed)
    computed.close()
    assert stopped == [20]
    assert [path.name for path in tmp_path.iterdir()] == ["pots-0001-1.pots"]
