"""Wires by rows: joints where wires of one output meet, a gap where two outputs cross."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tests.tui.editor.canvas.layout_graphs import random_graph

from latentgraph.tui.editor.canvas.geometry import Segment, Wire, segment
from latentgraph.tui.editor.canvas.glyphs import EAST, NORTH, SOUTH, UNICODE, WEST
from latentgraph.tui.editor.canvas.layout import arrange
from latentgraph.tui.editor.canvas.wire_rows import WireRows, ends_of

Paths = dict[Wire, tuple[Segment, ...]]


def drawn(rows: WireRows, width: int, height: int) -> list[str]:
    """The wires as text."""
    found = []
    for y in range(height):
        row = rows.row(y)
        cells = [" "] * width
        for a, b, _ in row.runs_between(0, width - 1):
            cells[a : b + 1] = "─" * (b - a + 1)
        for x, arms, _ in row.joints_between(0, width - 1):
            cells[x] = UNICODE.lines[arms]
        found.append("".join(cells).rstrip())
    return found


def path(*corners: tuple[int, int]) -> tuple[Segment, ...]:
    return tuple(segment(a, b) for a, b in pairwise(corners))


def test_wires_of_one_output_join_in_a_tee_and_turn_in_round_corners() -> None:
    paths: Paths = {
        Wire(("a", "out"), ("b", "in")): path((0, 1), (8, 1)),
        Wire(("a", "out"), ("c", "in")): path((0, 1), (4, 1), (4, 3), (8, 3)),
    }
    assert drawn(WireRows(paths), 9, 4) == ["", "────┬────", "    │", "    ╰────"]


def test_wires_of_two_outputs_cross_with_a_gap_in_the_upright_one() -> None:
    paths: Paths = {
        Wire(("a", "out"), ("b", "in")): path((0, 1), (8, 1)),
        Wire(("c", "out"), ("d", "in")): path((1, 3), (4, 3), (4, 0), (8, 0)),
    }
    assert drawn(WireRows(paths), 9, 4) == ["    ╭────", "─────────", "    │", " ───╯"]


def test_two_runs_of_one_output_in_a_row_stay_apart_where_they_only_touch() -> None:
    paths: Paths = {
        Wire(("a", "out"), ("b", "in")): path((0, 0), (3, 0), (3, 2), (8, 2)),
        Wire(("a", "out"), ("c", "in")): path((0, 0), (3, 0), (3, 2), (4, 2), (4, 0), (8, 0)),
    }
    assert drawn(WireRows(paths), 9, 3) == ["───╮╭────", "   ││", "   ╰┴────"]


def test_a_wire_of_one_cell_is_a_line_between_two_boxes() -> None:
    assert drawn(WireRows({Wire(("a", "out"), ("b", "in")): path((2, 0), (2, 0))}), 4, 1) == ["  ─"]


def test_after_a_change_the_rows_are_those_of_an_index_made_anew() -> None:
    first, second = Wire(("a", "out"), ("b", "in")), Wire(("c", "out"), ("d", "in"))
    rows = WireRows({first: path((0, 1), (8, 1)), second: path((1, 3), (4, 3), (4, 0), (8, 0))})
    assert rows.row(1).runs
    changed: Paths = {first: path((0, 2), (5, 2), (5, 12), (8, 12))}
    rows.update(changed)
    assert drawn(rows, 9, 14) == drawn(WireRows(changed), 9, 14)


@pytest.mark.parametrize("seed", range(10))
def test_an_arm_leads_to_a_cell_of_the_same_output_or_into_a_box(seed: int) -> None:
    graph = random_graph(seed, 14)
    paths = arrange(graph.shapes, graph.wires).paths
    rows = WireRows(paths)
    cells = {(wire.source, cell) for wire, runs in paths.items() for run in runs for cell in run.cells()}
    ends = {(wire.source, cell) for wire, runs in paths.items() for cell in ends_of(runs)}
    steps = {NORTH: (0, -1), EAST: (1, 0), SOUTH: (0, 1), WEST: (-1, 0)}
    for y in {y for _, (_, y) in cells}:
        for x, arms, net in rows.row(y).joints:
            assert (net, (x, y)) in cells
            for arm, (dx, dy) in steps.items():
                if arms // arm % 3:
                    into_a_box = dy == 0 and (net, (x, y)) in ends
                    assert into_a_box or (net, (x + dx, y + dy)) in cells
