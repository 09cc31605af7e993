"""What the engine itself costs a node: chains of trivial nodes, loaded, checked, planned and run.

    python -m tests.bench.engine_cost

The baseline, in the same run, is building and sorting the same graph with networkx and calling the same functions in
that order: the least that any engine on networkx has to do. Processor seconds, the least of several turns.

"Kept" is a run of a plan whose values are all in memory: of the chain's end, for which one node is looked at, and of
every node, each of which is looked up and handed out. "With a disk" is a cold run that has a cache on disk to look
into, with nothing of the chain in it.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import networkx
from tests.graph import toys
from tests.graph.keeping import STORING

from latentgraph.graph.cache import Kept
from latentgraph.graph.check import check
from latentgraph.graph.disk_cache import DiskCache
from latentgraph.graph.document import Document, parse_document
from latentgraph.graph.node import plain_function
from latentgraph.graph.plan import Plan, plan
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine

T = TypeVar("T")
TURNS = 7
SIZES = (1_000, 10_000, 100_000)
FILES_ON_DISK = 2_000
"""Of other workflows, in the cache that is looked into."""
GOALS = {"plan + run": 20.0, "kept": 5.0, "every kept": 5.0}
"""Microseconds a node, at every size."""
CHECK_SECONDS = 10.0
"""Of the largest chain."""
GROWTH = 2.0
"""How much more a node may cost in the largest chain than in the smallest: caches of the processor, no more."""


def chain(length: int, wanted: Iterable[int] = ()) -> bytes:
    """The file of a chain of additions, whose outputs are its end and some other nodes."""
    nodes: dict[str, Any] = {"n0": {"type": "add", "inputs": {"a": 0, "b": 1}}}
    nodes |= {f"n{i}": {"type": "add", "inputs": {"a": {"from": f"n{i - 1}.value"}, "b": 1}} for i in range(1, length)}
    outputs = {"sum": {"from": f"n{length - 1}.value"}} | {f"o{i}": {"from": f"n{i}.value"} for i in wanted}
    return json.dumps({"latentgraph": 1, "nodes": nodes, "outputs": outputs}).encode()


def baseline(length: int) -> float:
    """Build and sort the chain with networkx and call its functions."""
    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(f"n{i}" for i in range(length))
    graph.add_edges_from((f"n{i - 1}", f"n{i}") for i in range(1, length))
    value, add = 0.0, plain_function(toys.add)
    for _ in networkx.topological_sort(graph):
        value = add(value, 1)
    return value


def least(work: Callable[[], T]) -> tuple[float, T]:
    """Processor seconds of the fastest of several turns, and what the last one gave."""
    times = []
    for _ in range(TURNS):
        started = time.process_time()
        result = work()
        times.append(time.process_time() - started)
    return min(times), result


def measure(length: int) -> dict[str, float]:
    """Microseconds a node of each part of a run."""
    registry = toys.toy_registry()
    text = chain(length)
    loading, document = least(lambda: parse_document(text, "chain.json"))
    checking, checked = least(lambda: check(document, registry))
    planning, planned = least(lambda: plan(checked.require(), registry))
    engines = [Engine(registry, memory=2**33) for _ in range(TURNS)]
    waiting = iter(engines)
    running, result = least(lambda: next(waiting).start(planned, document).result())
    again, _ = least(lambda: engines[-1].start(planned, document).result())
    base, value = least(lambda: baseline(length))
    assert result.values["sum"] == value == length
    parts = {
        "load": loading,
        "check": checking,
        "plan": planning,
        "run": running,
        "plan + run": planning + running,
        "with a disk": with_a_disk(planned, document, registry),
        "kept": again,
        "every kept": every_kept(length, registry),
        "baseline": base,
    }
    return {name: seconds / length * 1e6 for name, seconds in parts.items()}


def with_a_disk(planned: Plan, document: Document, registry: Registry) -> float:
    """Seconds of a cold run that looks into a cache on disk."""
    with tempfile.TemporaryDirectory() as folder:
        disk = DiskCache(Path(folder), STORING, from_seconds=60.0)
        for number in range(FILES_ON_DISK):
            disk.put(str(number), Kept((number,)))
        waiting = iter([Engine(registry, memory=2**33, disk=disk) for _ in range(TURNS)])
        return least(lambda: next(waiting).start(planned, document).result())[0]


def every_kept(length: int, registry: Registry) -> float:
    """Seconds of a run in which every node is wanted and kept."""
    document = parse_document(chain(length, range(length - 1)), "chain.json")
    planned = plan(check(document, registry).require(), registry)
    engine = Engine(registry, memory=2**33)
    engine.start(planned, document).result()
    return least(lambda: engine.start(planned, document).result())[0]


def main() -> None:
    """Print a table in microseconds a node, and what of it is worse than its goal."""
    costs: dict[int, dict[str, float]] = {}
    for length in SIZES:
        toys.ran.clear()
        cost = costs[length] = measure(length)
        if length == SIZES[0]:
            print(f"| nodes | {' | '.join(cost)} | plan + run / baseline |\n|{'---|' * (len(cost) + 2)}")
        cells = " | ".join(f"{one:.1f}" for one in cost.values())
        print(f"| {length:,} | {cells} | {cost['plan + run'] / cost['baseline']:.2f} |", flush=True)
    for line in faults(costs):
        print(line)


def faults(costs: dict[int, dict[str, float]]) -> list[str]:
    """What costs more than its goal, in a sentence each."""
    smallest, largest = costs[SIZES[0]], costs[SIZES[-1]]
    found = [
        f"missed: {name} costs {cost[name]:.1f} microseconds a node of {length:,}, {goal:.0f} is the goal"
        for name, goal in GOALS.items()
        for length, cost in costs.items()
        if cost[name] > goal
    ]
    if (seconds := largest["check"] * SIZES[-1] / 1e6) > CHECK_SECONDS:
        found.append(f"missed: the check of {SIZES[-1]:,} nodes takes {seconds:.1f} s")
    found += [
        f"missed: {name} costs {growth:.2f} times as much a node in the largest chain"
        for name in ("plan + run", "with a disk", "every kept")
        if (growth := largest[name] / smallest[name]) > GROWTH
    ]
    return found


if __name__ == "__main__":
    main()
