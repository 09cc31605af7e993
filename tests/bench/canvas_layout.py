"""What laying out the editor's canvas costs, for 12, 100 and 1,000 nodes.

    python -m tests.bench.canvas_layout

The baseline, in the same run on the same graph, is what networkx offers: its topological generations and
`multipartite_layout`, which puts equal dots at equal distances and draws no wire. Processor milliseconds: the median of
several turns for the layout and its baseline, the median over many boxes for a move.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from functools import partial

import networkx

from latentgraph.tui.editor.canvas.geometry import Shape, Wire
from latentgraph.tui.editor.canvas.layout import arrange, move

SIZES = {12: 21, 100: 11, 1_000: 5}
"""Nodes, and turns of each measurement."""
SHAPE = Shape(24, 8, {f"in{row}": row + 1 for row in range(3)}, {f"out{row}": row + 1 for row in range(2)})


def graph(count: int) -> tuple[dict[str, Shape], list[Wire]]:
    """A workflow of that size: every node reads one or two of the dozen before it, three wires for two nodes."""
    chance = random.Random(count)
    wires = []
    for number in range(1, count):
        for row in range(1 + number % 2):
            source = max(0, number - 1 - int(chance.expovariate(1 / 4)))
            wires.append(Wire((f"n{source}", f"out{chance.randint(0, 1)}"), (f"n{number}", f"in{row}")))
    return {f"n{number}": SHAPE for number in range(count)}, wires


def baseline(shapes: dict[str, Shape], wires: list[Wire]) -> None:
    """The layers and the layout of the same graph by networkx."""
    made: networkx.DiGraph[str] = networkx.DiGraph()
    made.add_nodes_from(shapes)
    made.add_edges_from((wire.source[0], wire.target[0]) for wire in wires)
    for layer, nodes in enumerate(networkx.topological_generations(made)):
        for node in nodes:
            made.nodes[node]["layer"] = layer
    networkx.multipartite_layout(made, subset_key="layer")


def milliseconds(work: Callable[[], object]) -> float:
    """Processor time of one turn."""
    started = time.process_time()
    work()
    return 1e3 * (time.process_time() - started)


def moves(shapes: dict[str, Shape], wires: list[Wire], turns: int = 100) -> float:
    """The median of moving one box after another by some cells."""
    arrangement = arrange(shapes, wires)
    chance = random.Random(1)
    times = []
    for _ in range(turns):
        key = chance.choice(list(shapes))
        x, y = arrangement.positions[key]
        place = {key: (x + chance.randint(-6, 6), y + chance.randint(-4, 4))}
        times.append(milliseconds(partial(move, arrangement, shapes, wires, place)))
    return statistics.median(times)


def main() -> None:
    """Print the medians for each size."""
    for count, turns in SIZES.items():
        shapes, wires = graph(count)
        works = partial(arrange, shapes, wires), partial(baseline, shapes, wires)
        pairs = [[milliseconds(work) for work in works] for _ in range(turns + 1)][1:]
        ours = statistics.median(mine for mine, _ in pairs)
        theirs = statistics.median(other for _, other in pairs)
        print(
            f"{count} nodes, {len(wires)} wires: layout {ours:.1f} ms, networkx {theirs:.1f} ms "
            f"({ours / theirs:.1f} times), a move {moves(shapes, wires):.1f} ms"
        )


if __name__ == "__main__":
    main()
