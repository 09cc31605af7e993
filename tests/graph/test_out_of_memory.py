"""A run that lacks memory: how it is told, that nothing of it stays, and that the engine goes on."""

from __future__ import annotations

import errno
import gc
import traceback
import weakref
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from tests.graph.toys import toy_document, toy_registry

from latentgraph.graph import out_of_memory
from latentgraph.graph.batch import Batch
from latentgraph.graph.context import ALONE, RunContext
from latentgraph.graph.errors import NodeFailedError
from latentgraph.graph.events import Event, NodeStarted, Warned
from latentgraph.graph.memory_care import MemoryCare
from latentgraph.graph.node import node
from latentgraph.graph.out_of_memory import ran_out, shortage
from latentgraph.graph.plan import Plan
from latentgraph.graph.pool import Pool
from latentgraph.graph.run import Engine


class OutOfMemoryError(RuntimeError):
    """As torch calls what it raises for a GPU."""


CUDA = (
    "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.11 GiB of which 512.00 MiB is "
    "free. Process 1 has 78.00 GiB memory in use."
)
CPU = "[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory: you tried to allocate {} bytes"


class Heavy:
    """Something whose life can be watched."""


alive: list[weakref.ref[Heavy]] = []


def heavy() -> Heavy:
    """One that is watched."""
    one = Heavy()
    alive.append(weakref.ref(one))
    return one


def left() -> int:
    """How many live."""
    gc.collect()
    return sum(one() is not None for one in alive)


@node(category="test")
def hold(number: int) -> Heavy:
    """Make one."""
    return heavy()


@node(category="test")
def take_too_much(heavy_one: Heavy, number: int, *, context: RunContext = ALONE) -> int:
    """Run out of memory with something in hand, and a module loaded."""
    module = context.pool.get("module", heavy)
    if number > 0:
        raise OutOfMemoryError(CUDA)
    return id(module) % 2


def failing(number: int) -> Any:
    """A workflow that runs out of memory, inside a loop and with values around it, unless the number is 0."""
    return toy_document(
        {
            "inputs": {"number": {"type": "integer", "default": number}},
            "nodes": {
                "held": {"type": "hold", "inputs": {"number": 1}},
                "turns": {"type": "count", "inputs": {"to": 3}},
                "round": {
                    "type": "loop",
                    "each": {"turn": {"from": "turns.value"}},
                    "inputs": {"held": {"from": "held.heavy"}, "number": {"from": "inputs.number"}},
                    "nodes": {
                        "take": {
                            "type": "take_too_much",
                            "inputs": {"heavy_one": {"from": "loop.held"}, "number": {"from": "loop.number"}},
                        }
                    },
                    "collect": {"made": {"from": "take.value"}},
                },
            },
            "outputs": {"made": {"from": "round.made"}},
        }
    )


@pytest.fixture
def engine() -> Engine:
    alive.clear()
    registry = toy_registry()
    for function in (hold, take_too_much):
        registry.add(function)
    given_back.clear()
    registry.memory = MemoryCare(foreseen, lambda settings: "take --less", lambda: given_back.append(left()))
    return Engine(registry, memory=0)


def foreseen(plan: Plan, running: Collection[str], pool: Pool) -> list[str]:
    """A warning before the first step, of what is to run."""
    if plan.inputs["number"] == 7:
        raise ValueError("no idea")
    return [f"{', '.join(sorted(running))} may take all there is"]


given_back: list[int] = []
"""What lived when the libraries were asked to give memory back."""
WANTED = (
    "the memory ran out: 2.1 GB more were asked for, and 536.9 MB were free; make less at once, such as smaller or "
    "fewer pictures, or take --less"
)


def test_nothing_stays_of_a_run_that_ran_out_of_memory_and_the_next_one_works(engine: Engine) -> None:
    run = engine.run(failing(1))
    with pytest.raises(NodeFailedError) as raised:
        run.result()
    assert (raised.value.node, raised.value.message) == ("round/take", WANTED)
    assert given_back == [0]
    assert (left(), len(engine.pool)) == (0, 0)
    # Where it came up can be told all the same.
    assert "raise OutOfMemoryError(CUDA)" in "".join(traceback.format_exception(raised.value))
    assert len(engine.run(failing(0)).result().values["made"]) == 3
    assert len(engine.pool) == 1


def test_before_the_first_step_it_is_told_where_the_memory_may_not_do(engine: Engine) -> None:
    events: list[Event] = []
    with pytest.raises(NodeFailedError):
        engine.run(failing(1)).result(events.append)
    assert events[1] == Warned("", "held, round, turns may take all there is")
    assert isinstance(events[2], NodeStarted)
    events.clear()
    with pytest.raises(NodeFailedError):
        engine.run(failing(7)).result(events.append)
    assert events[1] == Warned("", "there is no estimate of the memory it takes: ValueError: no idea")


def test_runs_that_were_too_many_at_once_fail_together_so_that_fewer_are_tried(engine: Engine, tmp_path: Path) -> None:
    plans = [(str(number), engine.plan(failing(number))) for number in (1, 2)]
    with pytest.raises(NodeFailedError, match="take --less"):
        Batch(engine, plans, tmp_path).computed()
    assert (left(), len(engine.pool)) == (0, 0)


def test_another_failure_keeps_what_is_loaded(engine: Engine) -> None:
    engine.pool.put("module", 1)
    workflow = toy_document(
        {"nodes": {"f": {"type": "fail", "inputs": {"text": "it"}}}, "outputs": {"t": {"from": "f.value"}}}
    )
    with pytest.raises(NodeFailedError, match="no luck with it"):
        engine.run(workflow).result()
    assert len(engine.pool) == 1


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OutOfMemoryError(CUDA),
        RuntimeError(CPU.format(10**12)),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("std::bad_alloc"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_every_way_to_lack_memory_is_recognised_also_behind_another_error(error: BaseException) -> None:
    assert ran_out(error)
    outer = ValueError("the weights do not fit")
    outer.__cause__ = error
    assert ran_out(outer)


@pytest.mark.parametrize("error", [ValueError("out of memory"), OSError(errno.ENOSPC, "full"), RuntimeError("no luck")])
def test_other_errors_are_not(error: BaseException) -> None:
    assert not ran_out(error)


def test_what_was_asked_for_and_what_is_free_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(out_of_memory, "free_memory", lambda: 3 * 10**9)
    assert shortage(RuntimeError(CPU.format(8 * 10**9))) == (
        "the memory ran out: 8.0 GB more were asked for, and 3.0 GB were free; "
        "make less at once, such as smaller or fewer pictures"
    )
    assert shortage(MemoryError("Unable to allocate 4.00 GiB for an array with shape (1024, 1048576)")).startswith(
        "the memory ran out: 4.3 GB more were asked for, and 3.0 GB"
    )
    assert shortage(MemoryError()) == "the memory ran out; make less at once, such as smaller or fewer pictures"
