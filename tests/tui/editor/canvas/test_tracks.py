"""The upright runs of wires between two columns of boxes."""

from __future__ import annotations

import random

from latentgraph.tui.editor.canvas.tracks import Rail, lay_tracks


def cells_of(rails: list[Rail], columns: int) -> dict[tuple[int, int], list[tuple[int, str]]]:
    """What lies in each cell of the channel: which nets, and whether level, upright or both."""
    cells: dict[tuple[int, int], dict[int, str]] = {}

    def add(net: int, x: int, y: int, way: str) -> None:
        nets = cells.setdefault((x, y), {})
        nets[net] = "both" if nets.get(net, way) != way else way

    for rail in rails:
        if rail.straight:
            for x in range(-1, columns + 1):
                add(rail.net, x, rail.low, "level")
            continue
        second = rail.turn or rail
        for run, rows, outer in ((rail, rail.left, -1), (second, second.right, columns)):
            for y in range(run.low, run.high + 1):
                add(rail.net, run.column, y, "upright")
            for y in rows:
                for x in range(min(outer, run.column), max(outer, run.column) + 1):
                    add(rail.net, x, y, "level")
        if rail.turn:
            for x in range(rail.column, second.column + 1):
                add(rail.net, x, rail.jog, "level")
    return {cell: sorted(nets.items()) for cell, nets in cells.items()}


def shared(rails: list[Rail]) -> list[tuple[int, int]]:
    """Cells of two nets that are no crossing."""
    columns = lay_tracks(rails)
    cells = cells_of(rails, columns)
    return [c for c, nets in cells.items() if len(nets) > 1 and sorted(way for _, way in nets) != ["level", "upright"]]


def test_a_net_in_one_row_takes_no_track() -> None:
    rail = Rail(0, [4], [4])
    assert lay_tracks([rail]) == 0
    assert rail.straight


def test_of_two_nets_that_meet_in_a_row_the_one_from_the_left_turns_first() -> None:
    first, second = Rail(0, [4], [9]), Rail(1, [1], [4])
    assert shared([second, first]) == []
    assert first.column < second.column


def test_nets_that_do_not_touch_share_a_track() -> None:
    rails = [Rail(0, [0], [3]), Rail(1, [8], [5])]
    assert lay_tracks(rails) == 1
    # A free row between: two corners in neighbouring rows would read as one wire.
    assert lay_tracks([Rail(0, [0], [3]), Rail(1, [8], [4])]) == 2


def test_nets_that_change_places_do_so_by_a_turn_on_the_way() -> None:
    rails = [Rail(0, [1], [5]), Rail(1, [5], [1])]
    assert shared(rails) == []
    turning = [rail for rail in rails if rail.turn]
    assert len(turning) == 1
    assert turning[0].jog in (2, 3, 4)


def test_a_turn_goes_out_of_its_way_if_every_row_between_is_taken() -> None:
    rails = [Rail(0, [1], [2]), Rail(1, [2], [1])]
    assert shared(rails) == []
    assert [rail.jog for rail in rails if rail.turn] in ([0], [3])


def test_nested_nets_cross_nothing() -> None:
    rails = [Rail(net, [net], [20 - net]) for net in range(4)]
    assert shared(rails) == []
    crossings = [nets for nets in cells_of(rails, 4).values() if len(nets) > 1]
    assert len(crossings) == 6  # each pair once: their order left and right is opposite
    down = [Rail(net, [net], [20 + net]) for net in range(4)]
    assert shared(down) == []
    assert [nets for nets in cells_of(down, 4).values() if len(nets) > 1] == []


def test_no_two_nets_share_a_cell_however_their_rows_are_mixed() -> None:
    turns = 0
    for seed in range(150):
        chance = random.Random(seed)
        count = chance.randint(1, 12)
        left, right = (chance.sample(range(18), 18) for _ in range(2))
        rails = []
        for net in range(count):
            pins = [left.pop()], [right.pop() for _ in range(chance.randint(1, 2) if len(right) > count else 1)]
            rails.append(Rail(net, *pins))
        assert shared(rails) == []
        turns += sum(rail.turn is not None for rail in rails)
    assert turns > 20
