"""The row of each item: blocks are packed from the top, then pulled to where their wires are short and straight."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from latentgraph.tui.editor.canvas.blocks import Blocks, blocks_of
from latentgraph.tui.editor.canvas.cycles import sorted_topologically
from latentgraph.tui.editor.canvas.joints import Joint
from latentgraph.tui.editor.canvas.layers import Layers

BETWEEN_BOXES = 2
"""Free rows between two boxes of a column."""
BESIDE_WIRE = 1
"""Free rows between a box and a wire that passes it."""
ROUNDS = 8


@dataclass(slots=True)
class _Stack:
    """Blocks with their rows, how far apart they must be, and where their wires would like them."""

    rows: list[int]
    order: list[int]
    above: list[list[tuple[int, int]]]
    """The blocks that must be above each block, and by how many rows."""
    below: list[list[tuple[int, int]]]
    pulls: list[list[tuple[int, int, int]]] = field(default_factory=list)
    """For each block: another one, how far below that one it would like to be, and how much."""

    def cost(self, block: int, row: int) -> int:
        """How crooked the wires of a block are with it at that row."""
        rows = self.rows
        return sum(weight * abs(rows[other] + lower - row) for other, lower, weight in self.pulls[block])

    def wish(self, block: int) -> int:
        """The row where the wires of a block are least crooked, the nearest if there are several."""
        rows, here = self.rows, self.rows[block]
        ends = sorted((rows[other] + lower, weight) for other, lower, weight in self.pulls[block])
        half = sum(weight for _, weight in ends) / 2
        passed = 0.0
        for index, (row, weight) in enumerate(ends):
            passed += weight
            if passed > half:
                return row
            if passed == half:
                return min(max(here, row), ends[index + 1][0])
        return here


def place(layers: Layers, across: Sequence[Sequence[Joint]], beside: Sequence[Joint]) -> list[int]:
    """The top row of each item, from 0."""
    blocks = blocks_of(layers, across)
    stack = _stack(layers, blocks)
    stack.pulls = _pulls(blocks, [joint for channel in across for joint in channel] + list(beside))
    for _ in range(ROUNDS):
        _sink(stack)
        _rise(stack)
    for _ in range(3 if blocks.count <= 600 else 1):
        if not _push(stack):
            break
    tops = [stack.rows[block] + offset for block, offset in zip(blocks.of, blocks.offset, strict=True)]
    highest = min(tops, default=0)
    return [top - highest for top in tops]


def _stack(layers: Layers, blocks: Blocks) -> _Stack:
    apart: dict[tuple[int, int], int] = {}
    for row in layers.rows:
        for upper, lower in pairwise(row):
            boxes = bool(layers.keys[upper]) + bool(layers.keys[lower])
            free = (0, BESIDE_WIRE, BETWEEN_BOXES)[boxes]
            pair = (blocks.of[upper], blocks.of[lower])
            rows = blocks.offset[upper] + layers.heights[upper] + free - blocks.offset[lower]
            apart[pair] = max(rows, apart.get(pair, rows))
    order = sorted_topologically(blocks.count, list(apart))
    stack = _Stack([0] * blocks.count, order, [[] for _ in order], [[] for _ in order])
    for (upper, lower), rows in apart.items():
        stack.above[lower].append((upper, rows))
        stack.below[upper].append((lower, rows))
    for block in order:
        stack.rows[block] = max((stack.rows[other] + rows for other, rows in stack.above[block]), default=0)
    return stack


def _pulls(blocks: Blocks, joints: Sequence[Joint]) -> list[list[tuple[int, int, int]]]:
    pulls: list[list[tuple[int, int, int]]] = [[] for _ in range(blocks.count)]
    for joint in joints:
        (left, from_left), (right, from_right) = joint.left, joint.right
        upper, lower = blocks.of[left], blocks.of[right]
        if upper != lower:
            down = blocks.offset[left] + from_left - blocks.offset[right] - from_right
            pulls[lower].append((upper, down, joint.weight))
            pulls[upper].append((lower, -down, joint.weight))
    return pulls


def _sink(stack: _Stack) -> None:
    for block in reversed(stack.order):
        row = stack.wish(block) if stack.pulls[block] else stack.rows[block]
        if row > stack.rows[block]:
            floor = min((stack.rows[other] - rows for other, rows in stack.below[block]), default=row)
            stack.rows[block] = min(row, floor)


def _rise(stack: _Stack) -> None:
    for block in stack.order:
        row = stack.wish(block) if stack.pulls[block] else stack.rows[block]
        if row < stack.rows[block]:
            ceiling = max((stack.rows[other] + rows for other, rows in stack.above[block]), default=row)
            stack.rows[block] = max(row, ceiling)


def _push(stack: _Stack) -> bool:
    """Move single blocks to where they wish to be, with whatever they push before them, if that is worth it."""
    moved = False
    for block in stack.order:
        if not stack.pulls[block]:
            continue
        # Ends of its wires are where the sum of the distances has its corners, so only these rows are worth a try.
        wishes = {stack.wish(block), *(stack.rows[other] + lower for other, lower, _ in stack.pulls[block])}
        for row in sorted(wishes - {stack.rows[block]}, key=lambda row: (abs(row - stack.rows[block]), row)):
            pushed = _pushed(stack, block, row)
            if pushed is not None and _gain(stack, pushed) > 0:
                for other, new in pushed.items():
                    stack.rows[other] = new
                moved = True
                break
    return moved


def _pushed(stack: _Stack, block: int, row: int, most: int = 24) -> dict[int, int] | None:
    """The new rows of a block and of all that it pushes; None if these are too many to be worth the time."""
    down = row > stack.rows[block]
    moved = {block: row}
    waiting = [block]
    while waiting:
        upper = waiting.pop()
        for other, rows in stack.below[upper] if down else stack.above[upper]:
            new = moved[upper] + rows if down else moved[upper] - rows
            now = moved.get(other, stack.rows[other])
            if (new > now) if down else (new < now):
                moved[other] = new
                waiting.append(other)
        if len(moved) > most:
            return None
    return moved


def _gain(stack: _Stack, moved: dict[int, int]) -> int:
    rows = stack.rows
    gain = 0
    for block, row in moved.items():
        for other, lower, weight in stack.pulls[block]:
            before = weight * abs(rows[other] + lower - rows[block])
            after = weight * abs(moved.get(other, rows[other]) + lower - row)
            # A wire between two blocks that move is met from both ends.
            gain += (before - after) if other in moved else 2 * (before - after)
    return gain
