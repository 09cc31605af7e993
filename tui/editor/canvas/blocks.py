"""Blocks: items of neighbouring layers that stay level, so that the wire between them is straight."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from latentgraph.tui.editor.canvas.joints import Joint
from latentgraph.tui.editor.canvas.layers import Layers


@dataclass(slots=True)
class Blocks:
    """The block of each item, and how far below the top of the block the item begins."""

    count: int
    of: list[int]
    offset: list[int]


def blocks_of(layers: Layers, across: Sequence[Sequence[Joint]]) -> Blocks:
    """Join items into blocks, the heaviest joints first, no two that cross, and each item once on either side.

    As no two of the joints cross, of two blocks one is above the other in every layer that they share: they can always
    be placed.
    """
    right_of: dict[int, tuple[int, int]] = {}
    for channel in across:
        right_of |= _levelled(layers, channel)
    entered = {item for item, _ in right_of.values()}
    blocks = Blocks(0, [0] * len(layers.keys), [0] * len(layers.keys))
    for row in layers.rows:
        for item in row:
            if item not in entered:
                _follow(item, right_of, blocks)
    return blocks


def _follow(item: int, right_of: dict[int, tuple[int, int]], blocks: Blocks) -> None:
    offset = 0
    while True:
        blocks.of[item], blocks.offset[item] = blocks.count, offset
        if item not in right_of:
            break
        item, lower = right_of[item]
        offset += lower
    blocks.count += 1


def _levelled(layers: Layers, channel: Sequence[Joint]) -> dict[int, tuple[int, int]]:
    """For items left of a channel: the item right of it that they are level with, and how much lower it begins."""
    place = {item: index for row in _sides(layers, channel) for index, item in enumerate(row)}
    weights: dict[tuple[int, int, int], int] = {}
    for joint in channel:
        pair = (joint.left[0], joint.right[0], joint.left[1] - joint.right[1])
        weights[pair] = weights.get(pair, 0) + joint.weight
    accepted: list[tuple[int, int]] = []
    levelled: dict[int, tuple[int, int]] = {}
    middle = _middles(channel, place)
    # The heaviest first, then the middle one of a fan: the others spread above and below it.
    ranked = sorted(
        weights,
        key=lambda pair: (-weights[pair], abs(place[pair[1]] - middle[pair[0]]), place[pair[0]], place[pair[1]]),
    )
    for left, right, lower in ranked:
        ends = (place[left], place[right])
        index = bisect_left(accepted, ends)
        after = accepted[index] if index < len(accepted) else (len(layers.keys), len(layers.keys))
        before = accepted[index - 1] if index else (-1, -1)
        if before[0] < ends[0] < after[0] and before[1] < ends[1] < after[1]:
            accepted.insert(index, ends)
            levelled[left] = (right, lower)
    return levelled


def _sides(layers: Layers, channel: Sequence[Joint]) -> list[list[int]]:
    if not channel:
        return []
    layer = layers.layer_of[channel[0].right[0]]
    return [layers.rows[layer - 1], layers.rows[layer]]


def _middles(channel: Sequence[Joint], place: dict[int, int]) -> dict[int, float]:
    ends: dict[int, list[int]] = {}
    for joint in channel:
        ends.setdefault(joint.left[0], []).append(place[joint.right[0]])
    return {item: (min(places) + max(places)) / 2 for item, places in ends.items()}
