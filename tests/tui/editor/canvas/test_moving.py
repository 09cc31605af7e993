"""Boxes that somebody put somewhere: pinned ones, and those that are dragged."""

from __future__ import annotations

import random

import pytest
from tests.tui.editor.canvas.layout_graphs import apart, random_graph, random_pins
from tests.tui.editor.canvas.layout_rules import broken_rules, shared_cells, wires_that_miss, wires_through_boxes

from latentgraph.tui.editor.canvas.geometry import Arrangement, Shape, Wire
from latentgraph.tui.editor.canvas.layout import arrange, move

SAMPLE = range(20)
WHOLE = range(20, 320)


def check_pinned(seed: int) -> None:
    graph = random_graph(seed, size=random.Random(seed).randint(1, 25), crowded=False)
    free = arrange(graph.shapes, graph.wires)
    pinned = random_pins(seed, graph.shapes, free.positions)
    arrangement = arrange(graph.shapes, graph.wires, pinned)
    assert {key: arrangement.positions[key] for key in pinned} == pinned
    assert broken_rules(graph.shapes, graph.wires, arrangement) == []


def check_moved(seed: int) -> None:
    chance = random.Random(seed)
    graph = random_graph(seed, size=chance.randint(1, 30), crowded=False)
    arrangement = arrange(graph.shapes, graph.wires)
    for _ in range(4):
        key = chance.choice(list(graph.shapes))
        x, y = arrangement.positions[key]
        place = (max(1, x + chance.randint(-40, 40)), max(0, y + chance.randint(-15, 15)))
        others = {other: where for other, where in arrangement.positions.items() if other != key}
        if all(apart(graph.shapes, key, place, other, where) for other, where in others.items()):
            arrangement = move(arrangement, graph.shapes, graph.wires, {key: place})
            assert arrangement.positions == {**others, key: place}
            assert broken_wires(graph.shapes, graph.wires, arrangement) == []


def broken_wires(shapes: dict[str, Shape], wires: list[Wire], arrangement: Arrangement) -> list[str]:
    through, shared = wires_through_boxes(shapes, arrangement), shared_cells(arrangement)
    return [*wires_that_miss(shapes, wires, arrangement), *through, *shared]


@pytest.mark.parametrize("seed", SAMPLE)
def test_boxes_make_way_for_pinned_ones_and_wires_go_around_them(seed: int) -> None:
    check_pinned(seed)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", WHOLE)
def test_boxes_make_way_for_pinned_ones_and_wires_go_around_them_in_all_graphs(seed: int) -> None:
    check_pinned(seed)


@pytest.mark.parametrize("seed", SAMPLE)
def test_wires_go_around_a_box_that_moves(seed: int) -> None:
    check_moved(seed)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", WHOLE)
def test_wires_go_around_a_box_that_moves_in_all_graphs(seed: int) -> None:
    check_moved(seed)


def row_of_boxes() -> tuple[dict[str, Shape], list[Wire]]:
    """Five boxes in a chain, and a wire that passes three of them."""
    shapes = {key: Shape(24, 6, {"i0": 1, "i1": 2}, {"o0": 1, "o1": 2}) for key in "abcde"}
    wires = [Wire((a, "o0"), (b, "i0")) for a, b in ("ab", "bc", "cd", "de")]
    return shapes, [*wires, Wire(("a", "o1"), ("e", "i1"))]


def test_only_wires_that_the_box_has_or_covers_change() -> None:
    shapes, wires = row_of_boxes()
    before = arrange(shapes, wires)
    x, y = before.positions["c"]
    after = move(before, shapes, wires, {"c": (x, y + 20)})
    changed = {wire for wire in wires if before.paths[wire] != after.paths[wire]}
    assert changed == {wires[1], wires[2]}
    level = next(run for run in before.paths[wires[4]] if run.x2 - run.x1 > 40)
    after = move(before, shapes, wires, {"c": (x, level.y1 - 2)})
    changed = {wire for wire in wires if before.paths[wire] != after.paths[wire]}
    assert changed == {wires[1], wires[2], wires[4]}
    assert broken_wires(shapes, wires, after) == []


def test_a_move_and_back_leaves_every_box_where_it_was() -> None:
    shapes, wires = row_of_boxes()
    before = arrange(shapes, wires)
    there = move(before, shapes, wires, {"c": (300, 40)})
    assert (there.width, there.height) == (326, 46)  # the wire to its left goes round it
    back = move(there, shapes, wires, {"c": before.positions["c"]})
    assert back.positions == before.positions
    assert list(back.paths) == list(before.paths)


def test_a_box_dropped_on_another_keeps_all_its_wires() -> None:
    shapes, wires = row_of_boxes()
    before = arrange(shapes, wires)
    after = move(before, shapes, wires, {"c": before.positions["d"]})
    assert wires_that_miss(shapes, wires, after) == []


def test_a_wire_that_is_new_gets_a_path_and_one_that_is_gone_loses_it() -> None:
    shapes, wires = row_of_boxes()
    before = arrange(shapes, wires[:-1])
    after = move(before, shapes, wires[1:], {"e": (150, 20)})
    assert list(after.paths) == wires[1:]
    assert broken_wires(shapes, wires[1:], after) == []


def test_one_pinned_box_leaves_all_others_where_they_lie() -> None:
    shapes, wires = row_of_boxes()
    free = arrange(shapes, wires)
    pinned = arrange(shapes, wires, {"c": (54, 30)})
    assert pinned.positions == free.positions | {"c": (54, 30)}


def test_a_box_that_was_pinned_into_the_place_of_another_pushes_it_aside() -> None:
    shapes, wires = row_of_boxes()
    free = arrange(shapes, wires)
    pinned = arrange(shapes, wires, {"c": free.positions["d"]})
    assert pinned.positions["c"] == free.positions["d"]
    assert broken_rules(shapes, wires, pinned) == []


def test_a_box_between_pinned_ones_goes_along_with_them() -> None:
    shapes, wires = row_of_boxes()
    free = arrange(shapes, wires)
    far = {key: (x + 500, y + 100) for key, (x, y) in free.positions.items() if key != "c"}
    x, y = free.positions["c"]
    assert arrange(shapes, wires, far).positions["c"] == (x + 500, y + 100)


def test_a_pin_of_a_box_that_is_gone_means_nothing() -> None:
    shapes, wires = row_of_boxes()
    assert arrange(shapes, wires, {"gone": (0, 0)}) == arrange(shapes, wires)
