"""Single wires around boxes and across others."""

from __future__ import annotations

import random
from itertools import pairwise

from latentgraph.tui.editor.canvas.geometry import Position, Segment, Shape, segment
from latentgraph.tui.editor.canvas.ground import Ground, reach_down, reach_up, span
from latentgraph.tui.editor.canvas.maze import find_through, straight_through
from latentgraph.tui.editor.canvas.ways import LASTING, Own, WayFinder


def ground(*boxes: tuple[int, int, int, int]) -> Ground:
    made = Ground(-10, -10, 80, 40)
    for x, y, width, height in boxes:
        made.add_box((x, y), Shape(width, height))
    return made


def find(where: Ground, start: Position, end: Position) -> list[Position] | None:
    return WayFinder(where, Own({}, {}), LASTING).find(start, end)


def cells(corners: list[Position]) -> list[Position]:
    return [cell for a, b in pairwise(corners) for cell in segment(a, b).cells()]


def test_bits_count_from_either_end() -> None:
    assert bin(span(2, 4)) == "0b11100"
    assert span(4, 3) == 0
    assert reach_up(0b0010, 5) == 2
    assert reach_up(0b0010, 1) == 2
    assert reach_down(0b10_0000, 2, 9) == 4
    assert reach_down(0, 2, 9) == 9
    assert reach_down(0b100, 2, 9) == 1


def test_a_free_row_is_taken_straight() -> None:
    assert find(ground(), (0, 5), (20, 5)) == [(0, 5), (20, 5)]


def test_one_turn_up_and_one_on_is_enough_between_rows() -> None:
    corners = find(ground(), (0, 5), (20, 12))
    assert corners is not None
    assert len(corners) == 4
    assert 0 < corners[1][0] == corners[2][0] < 20


def test_a_box_in_the_way_is_passed_with_a_row_between() -> None:
    corners = find(ground((8, 2, 10, 6)), (0, 5), (40, 5))
    assert corners is not None
    assert not {(x, y) for x in range(8, 18) for y in range(2, 8)} & {*cells(corners)}
    assert corners[2][1] in (0, 9)


def test_a_target_to_the_left_is_reached_from_its_left() -> None:
    corners = find(ground((20, 4, 10, 6), (0, 4, 10, 6)), (30, 6), (-1, 6))
    assert corners is not None
    assert corners[1][0] > 30
    assert corners[-2][0] < -1


def test_a_wire_turns_where_it_crosses_no_other() -> None:
    for column in (10, 14):
        where = ground()
        where.add_path((Segment(column, 0, column, 8),))
        corners = find(where, (0, 2), (20, 12))
        assert corners is not None
        assert corners[1][0] < column


def test_a_wire_does_not_pass_close_in_front_of_other_ports() -> None:
    where = ground()
    for row in (2, 3, 4, 6, 7, 8):
        where.add_exit((0, row), 1)
    for end in ((20, 12), (-5, 20)):
        corners = find(where, (0, 5), end)
        assert corners is not None
        assert corners[1][0] > 1


def test_what_the_net_has_already_is_used_again() -> None:
    own = Own({15: span(10, 30)}, {30: span(15, 40)})
    corners = WayFinder(ground(), own, LASTING).find((0, 5), (30, 12))
    assert corners is not None
    assert corners[1] == (20, 5)


def test_freeing_a_path_frees_its_cells_and_no_others() -> None:
    where, other = ground((30, 5, 10, 5)), ground((30, 5, 10, 5))
    level, upright = (Segment(0, 5, 20, 5),), (Segment(10, 0, 10, 9),)
    for one in (where, other):
        one.add_path(level)
    where.add_path(upright)
    where.remove_path(upright)
    assert (where.level, where.upright, where.crossed) == (other.level, other.upright, other.crossed)
    assert where.column_of_level(15) == other.column_of_level(15) == 1 << 15


def test_the_maze_finds_the_way_with_the_fewest_bends() -> None:
    # A wall with one hole, and a second one that leaves its hole at the other end.
    where = ground((20, -10, 2, 45), (40, -5, 2, 46))
    corners = find_through(where, (0, 0), (60, 0), over_wires=False)
    assert corners is not None
    assert len(corners) == 8
    assert all(x not in (20, 21) or y > 34 for x, y in cells(corners))
    assert all(x not in (40, 41) or y < -5 for x, y in cells(corners))


def test_the_maze_knows_when_there_is_no_way() -> None:
    walled = ground((20, -10, 2, 51))
    assert find_through(walled, (0, 0), (60, 0), over_wires=False) is None
    assert find_through(walled, (0, 0), (60, 0), over_wires=True) is None
    assert straight_through((0, 0), (60, 4)) == [(0, 0), (30, 0), (30, 4), (60, 4)]


def test_only_a_way_over_wires_leads_out_of_a_ring_of_their_ends() -> None:
    where = ground()
    for x in range(-2, 5):
        for y in range(-2, 5):
            if x in (-2, 4) or y in (-2, 4):
                where.add_path((Segment(x, y, x, y),))
    assert find_through(where, (0, 0), (30, 0), over_wires=False) is None
    assert find_through(where, (0, 0), (30, 0), over_wires=True) == [(0, 0), (30, 0)]


def test_the_maze_finds_a_way_wherever_a_walk_over_all_cells_does() -> None:
    found = 0
    for seed in range(25):
        chance = random.Random(seed)
        boxes = [(chance.randrange(-8, 70), chance.randrange(-13, 40), 8, 5) for _ in range(85)]
        where = ground(*boxes)
        taken = {(x + i, y + j) for x, y, width, height in boxes for i in range(width) for j in range(height)}
        start, end = (-10, chance.randrange(-10, 41)), (80, chance.randrange(-10, 41))
        corners = find_through(where, start, end, over_wires=False)
        assert (corners is not None) == walkable(taken, start, end)
        if corners:
            found += 1
            assert not taken & {*cells(corners)}
            assert (corners[0], corners[-1]) == (start, end)
    assert 5 < found < 25


def walkable(taken: set[Position], start: Position, end: Position) -> bool:
    """Whether a wire that begins and ends level can get from one cell to another."""
    seen = {(*start, True)} if start not in taken else set()
    waiting = list(seen)
    for x, y, level in waiting:
        steps = [(x, y, not level)]
        steps += [(x + d, y, True) if level else (x, y + d, False) for d in (-1, 1)]
        for u, v, way in steps:
            inside = -10 <= u <= 80 and -10 <= v <= 40
            if inside and (u, v) not in taken and (u, v, way) not in seen:
                seen.add((u, v, way))
                waiting.append((u, v, way))
    return (*end, True) in seen
