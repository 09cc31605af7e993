"""A writer keeps the order, and whoever is faster than it waits."""

from __future__ import annotations

from functools import partial
from threading import Event, Thread

from latentgraph.graph.writer import Writer


def test_things_are_written_in_their_order_beside_whoever_gave_them() -> None:
    writer, go, written = Writer(), Event(), list[int]()

    def write(number: int) -> None:
        assert go.wait(60)
        written.append(number)

    for number in range(5):
        writer.do(partial(write, number), 1)
    assert written == []
    go.set()
    writer.wait()
    assert written == [0, 1, 2, 3, 4]


def test_no_more_waits_than_the_bound_or_a_single_thing() -> None:
    writer, go, given = Writer(most=10), Event(), list[int]()

    def write() -> None:
        assert go.wait(60)

    def give() -> None:
        for size in (100, 4, 6, 1):
            writer.do(write, size)
            given.append(size)

    giving = Thread(target=give)
    giving.start()
    giving.join(0.2)
    # The first is larger than the bound and is taken; the second waits for it.
    assert (given, giving.is_alive()) == ([100], True)
    go.set()
    giving.join(60)
    assert given == [100, 4, 6, 1]
    writer.wait()
