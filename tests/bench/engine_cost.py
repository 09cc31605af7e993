"""What the engine itself costs a node: chains of trivial nodes, loaded, checked, planned and run.

    python -m tests.bench.engine_cost

The baseline, in the same run, is building and sorting the same graph with networkx and calling the same functions in
that order: the least that any engine on networkx has to do. Processor seconds, the least of several turns.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

import networkx
from tests.graph import toys

from latentgraph.graph.check import check
from latentgraph.graph.document import parse_document
from latentgraph.graph.node import plain_function
from latentgraph.graph.plan import plan
from latentgraph.graph.run import Engine

T = TypeVar("T")
TURNS = 7
SIZES = (1_000, 10_000, 100_000)


def chain(length: int) -> bytes:
    """The file of a chain of additions."""
    nodes: dict[str, Any] = {"n0": {"type": "add", "inputs": {"a": 0, "b": 1}}}
    nodes |= {f"n{i}": {"type": "add", "inputs": {"a": {"from": f"n{i - 1}.value"}, "b": 1}} for i in range(1, length)}
    outputs = {"sum": {"from": f"n{length - 1}.value"}}
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
    parts = {"load": loading, "check": checking, "plan": planning, "run": running, "again": again, "baseline": base}
    return {name: seconds / length * 1e6 for name, seconds in parts.items()}


def main() -> None:
    """Print a table in microseconds a node."""
    print("| nodes | load | check | plan | run, cold | plan + run | run, all kept | baseline | plan + run / baseline |")
    print("|---|---|---|---|---|---|---|---|---|")
    for length in SIZES:
        toys.ran.clear()
        cost = measure(length)
        cold = cost["plan"] + cost["run"]
        cells = [cost["load"], cost["check"], cost["plan"], cost["run"], cold, cost["again"], cost["baseline"]]
        print(f"| {length:,} | " + " | ".join(f"{c:.1f}" for c in cells) + f" | {cold / cost['baseline']:.2f} |")


if __name__ == "__main__":
    main()
