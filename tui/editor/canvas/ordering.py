"""The order of the items in each layer: as few crossings as sweeps of barycentres and swaps of neighbours can reach."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence

from latentgraph.tui.editor.canvas.joints import Joint
from latentgraph.tui.editor.canvas.layers import Layers

SWEEPS = 12
PATIENCE = 3
"""Sweeps without fewer crossings after which the search ends."""

Links = list[list[tuple[int, float, float]]]
"""For each item: the other item, where on it the wire ends and where on this one, as a share of the height."""


def order(layers: Layers, across: Sequence[Sequence[Joint]], beside: Sequence[Joint]) -> None:
    """Put the items of each layer into an order with few crossings. Nothing but the order given counts as chance."""
    sorter = _Sorter(layers, across, beside)
    best, rows = sorter.crossings(), [list(row) for row in layers.rows]
    start = rows
    # Small graphs can afford to try from a second order as well, and it often finds what the first one misses.
    for flipped in (False, True) if len(layers.keys) <= 400 else (False,):
        layers.rows[:] = [row[::-1] if flipped else list(row) for row in start]
        sorter.number()
        found, better = _search(sorter, best)
        if better is not None:
            best, rows = found, better
        if best == 0:
            break
    layers.rows[:] = rows


def _search(sorter: "_Sorter", best: int) -> tuple[int, list[list[int]] | None]:
    better: list[list[int]] | None = None
    stale = 0
    for turn in range(SWEEPS):
        sorter.sweep(rightward=turn % 2 == 0)
        sorter.swap(ties=turn % 4 == 1)
        crossings = sorter.crossings()
        stale += 1
        if crossings < best:
            best, better, stale = crossings, [list(row) for row in sorter.layers.rows], 0
        if stale >= PATIENCE or best == 0:
            break
    return best, better


class _Sorter:
    """The layers, where each item stands in its own, and what it is joined to on either side."""

    def __init__(self, layers: Layers, across: Sequence[Sequence[Joint]], beside: Sequence[Joint]) -> None:
        self.layers, self.across = layers, across
        self.place = [0] * len(layers.keys)
        self.leftward: Links = [[] for _ in layers.keys]
        self.rightward: Links = [[] for _ in layers.keys]
        self.sideward: Links = [[] for _ in layers.keys]
        for channel in across:
            for joint in channel:
                self._link(joint, self.rightward, self.leftward)
        for joint in beside:
            self._link(joint, self.sideward, self.sideward)
        self.pairs = [
            [(*self._share(joint.left), *self._share(joint.right)) for joint in channel] for channel in across
        ]
        self.number()

    def _share(self, pin: tuple[int, int]) -> tuple[int, float]:
        return pin[0], (pin[1] + 1) / (self.layers.heights[pin[0]] + 1)

    def _link(self, joint: Joint, ahead: Links, behind: Links) -> None:
        (left, from_left), (right, from_right) = self._share(joint.left), self._share(joint.right)
        ahead[left].append((right, from_right, from_left))
        behind[right].append((left, from_left, from_right))

    def number(self) -> None:
        """Note where each item stands."""
        for row in self.layers.rows:
            for index, item in enumerate(row):
                self.place[item] = index

    def crossings(self) -> int:
        """How many pairs of joints cross, over all channels."""
        place = self.place
        total = 0
        for pairs in self.pairs:
            seen: list[float] = []
            for _, end in sorted((place[a] + share, place[b] + other) for a, share, b, other in pairs):
                total += len(seen) - bisect_right(seen, end)
                insort(seen, end)
        return total

    def sweep(self, rightward: bool) -> None:
        """Sort every layer by the mean place of what its items are joined to in the layer before."""
        rows = self.layers.rows
        links = self.leftward if rightward else self.rightward
        for row in rows if rightward else rows[::-1]:
            means = {item: mean for item in row if (mean := self._mean(item, links)) is not None}
            placed = iter(sorted(means, key=lambda item: (means[item], self.place[item])))
            # What is joined to nothing there keeps its place; the others share the places left.
            row[:] = [next(placed) if item in means else item for item in row]
            for index, item in enumerate(row):
                self.place[item] = index

    def _mean(self, item: int, links: Links) -> float | None:
        joined = links[item] + self.sideward[item]
        if not links[item]:
            joined = joined + (self.rightward if links is self.leftward else self.leftward)[item]
        if not joined:
            return None
        return sum(self.place[other] + share for other, share, _ in joined) / len(joined)

    def swap(self, ties: bool) -> None:
        """Swap neighbours as long as fewer wires cross; with `ties` once also where it makes no difference."""
        for row in self.layers.rows:
            ends = {item: self._ends(item) for item in row}
            for turn in range(4):
                if not self._swap_row(row, ends, ties and turn == 0):
                    break

    def _swap_row(self, row: list[int], ends: dict[int, tuple[list[float], list[float]]], ties: bool) -> bool:
        swapped = False
        for index in range(len(row) - 1):
            upper, lower = row[index], row[index + 1]
            (upper_left, upper_right), (lower_left, lower_right) = ends[upper], ends[lower]
            gain = _gain(upper_left, lower_left) + _gain(upper_right, lower_right)
            if gain > 0 or (ties and gain == 0):
                row[index], row[index + 1] = lower, upper
                self.place[lower], self.place[upper] = index, index + 1
                swapped = swapped or gain > 0
        return swapped

    def _ends(self, item: int) -> tuple[list[float], list[float]]:
        place = self.place
        return (
            sorted(place[other] + share for other, share, _ in self.leftward[item]),
            sorted(place[other] + share for other, share, _ in self.rightward[item]),
        )


def _gain(above: list[float], below: list[float]) -> int:
    """How many fewer of the wires to one side cross if the lower of two items comes first."""
    # Most pairs are well apart, and told without a look at each end.
    if not above or not below:
        return 0
    if above[-1] < below[0]:
        return -len(above) * len(below)
    if below[-1] < above[0]:
        return len(above) * len(below)
    return _inversions(above, below) - _inversions(below, above)


def _inversions(above: list[float], below: list[float]) -> int:
    """How many of the ends above lie below an end of the lower item."""
    return sum([bisect_left(below, end) for end in above])
