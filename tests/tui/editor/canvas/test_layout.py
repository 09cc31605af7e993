"""What every arrangement keeps, over graphs made up from seeds."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest
from tests.tui.editor.canvas.layout_graphs import random_graph
from tests.tui.editor.canvas.layout_rules import (
    broken_rules,
    overlapping_boxes,
    shared_cells,
    wires_that_miss,
    wires_through_boxes,
)

from latentgraph.tui.editor.canvas.geometry import Arrangement, Segment, Shape, Wire
from latentgraph.tui.editor.canvas.layout import arrange

SAMPLE = range(40)
WHOLE = range(40, 400)


def shape(height: int = 6, inputs: int = 3, outputs: int = 2, place: str = "") -> Shape:
    rows = {f"i{row}": row + 1 for row in range(inputs)}, {f"o{row}": row + 1 for row in range(outputs)}
    return Shape(24, height, *rows, place)  # type: ignore[arg-type]  # the tests name places by hand


def wire(text: str) -> Wire:
    """A wire written as `a.o0 b.i0`."""
    (source, output), (target, input_) = (end.split(".") for end in text.split())
    return Wire((source, output), (target, input_))


def check(seed: int) -> None:
    graph = random_graph(seed)
    arrangement = arrange(graph.shapes, graph.wires)
    assert broken_rules(graph.shapes, graph.wires, arrangement) == []
    assert list(arrangement.positions) == list(graph.shapes)
    assert list(arrangement.paths) == list(dict.fromkeys(graph.wires))
    left = [x for x, _ in arrangement.positions.values()]
    for key, box in graph.shapes.items():
        if box.place:
            assert arrangement.positions[key][0] == (min(left) if box.place == "first" else max(left))
    cells = [cell for path in arrangement.paths.values() for run in path for cell in run.cells()]
    ends = [(x + graph.shapes[key].width - 1, y) for key, (x, y) in arrangement.positions.items()]
    assert all(0 <= x < arrangement.width and 0 <= y < arrangement.height for x, y in cells + ends)


@pytest.mark.parametrize("seed", SAMPLE)
def test_boxes_keep_apart_and_every_wire_has_cells_of_its_own(seed: int) -> None:
    check(seed)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", WHOLE)
def test_boxes_keep_apart_and_every_wire_has_cells_of_its_own_in_all_graphs(seed: int) -> None:
    check(seed)


def test_the_rules_find_what_breaks_them() -> None:
    shapes = {"a": shape(), "b": shape()}
    wires = [wire("a.o0 b.i0"), wire("a.o1 b.i1")]
    good = arrange(shapes, wires)
    assert broken_rules(shapes, wires, good) == []
    (x, y), straight = good.positions["a"], good.paths[wires[0]]
    near = Arrangement(good.positions | {"b": (x + 26, y)}, good.paths, 90, 20)
    assert len(overlapping_boxes(shapes, near.positions)) == 1
    assert len(wires_that_miss(shapes, wires, near)) == 2
    twice = Arrangement(good.positions, {wires[0]: straight, wires[1]: straight}, 90, 20)
    assert len(shared_cells(twice)) == len(straight[0].cells())
    through = Arrangement(good.positions, {wires[0]: (Segment(x, y + 1, x + 40, y + 1),)}, 90, 20)
    assert len(wires_through_boxes(shapes, through)) == 2


DIGEST = """
from tests.tui.editor.canvas.test_layout import digest
print(digest())
"""


def digest() -> str:
    """A digest of arrangements, of pinned ones and of moves."""
    from tests.tui.editor.canvas.layout_graphs import random_pins

    from latentgraph.tui.editor.canvas.layout import move

    seen = []
    for seed in (3, 7, 12, 21):
        graph = random_graph(seed, size=18)
        free = arrange(graph.shapes, graph.wires)
        pinned = arrange(graph.shapes, graph.wires, random_pins(seed, graph.shapes, free.positions))
        moved = move(free, graph.shapes, graph.wires, {"n1": (200, 40)})
        seen += [repr((one.positions, one.paths)) for one in (free, pinned, moved)]
    return hashlib.sha256("".join(seen).encode()).hexdigest()


def test_the_hash_seed_of_the_process_makes_no_difference() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env=os.environ | {"PYTHONHASHSEED": str(seed), "PYTHONPATH": os.pathsep.join([*sys.path, os.getcwd()])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in range(4)
    }
    assert digests == {digest()}


def test_nothing_is_an_arrangement_too() -> None:
    assert arrange({}, []) == Arrangement({}, {}, 0, 0)
    assert arrange({"a": shape()}, []) == Arrangement({"a": (0, 0)}, {}, 24, 6)


def test_a_chain_lies_level_and_its_wires_are_straight() -> None:
    shapes = {key: shape() for key in "abcd"}
    arrangement = arrange(shapes, [wire("a.o0 b.i0"), wire("b.o0 c.i0"), wire("c.o0 d.i0")])
    assert arrangement.positions == {"a": (0, 0), "b": (27, 0), "c": (54, 0), "d": (81, 0)}
    assert arrangement.paths[wire("b.o0 c.i0")] == (Segment(51, 1, 53, 1),)


def test_wires_of_one_output_share_their_trunk() -> None:
    shapes = {key: shape() for key in "abc"}
    one, two = wire("a.o0 b.i0"), wire("a.o0 c.i0")
    paths = arrange(shapes, [one, two]).paths
    assert {*paths[one][0].cells()} & {*paths[two][0].cells()}


def test_a_wire_that_runs_back_goes_round() -> None:
    shapes = {key: shape() for key in "ab"}
    back = wire("b.o0 a.i0")
    arrangement = arrange(shapes, [wire("a.o0 b.i0"), back])
    assert arrangement.positions["a"][0] < arrangement.positions["b"][0]
    assert len(arrangement.paths[back]) == 5


def test_a_wire_to_its_own_box_goes_round_it() -> None:
    own = wire("a.o0 a.i0")
    arrangement = arrange({"a": shape()}, [own])
    assert broken_rules({"a": shape()}, [own], arrangement) == []
    assert len(arrangement.paths[own]) == 5


def test_a_source_stands_right_before_what_reads_it() -> None:
    shapes = {key: shape() for key in ("a", "b", "c", "late")}
    positions = arrange(shapes, [wire("a.o0 b.i0"), wire("b.o0 c.i0"), wire("late.o0 c.i1")]).positions
    assert positions["late"][0] == positions["b"][0]


def test_first_and_last_boxes_are_at_the_ends_though_nothing_is_wired_to_them() -> None:
    shapes = {"inputs": shape(place="first"), "a": shape(), "b": shape(), ">outputs": shape(place="last")}
    positions = arrange(shapes, [wire("a.o0 b.i0")]).positions
    assert positions["inputs"][0] == positions["a"][0] < positions["b"][0] == positions[">outputs"][0]


def test_boxes_without_wires_fill_the_screen_side_by_side() -> None:
    arrangement = arrange({f"n{number}": shape() for number in range(30)}, [])
    assert arrangement.height < arrangement.width < 6 * arrangement.height


def test_wires_of_ports_that_no_box_has_are_left_out() -> None:
    arrangement = arrange({"a": shape(), "b": shape()}, [wire("a.o0 b.i0"), wire("a.gone b.i1"), wire("c.o0 b.i2")])
    assert list(arrangement.paths) == [wire("a.o0 b.i0")]


def test_the_layout_needs_no_library() -> None:
    code = "import sys, latentgraph.tui.editor.canvas.layout; print({'textual', 'networkx', 'rich'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
