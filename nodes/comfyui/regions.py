"""Which conditionings of ComfyUI count beside one another: the entries of both sides, as its sampler pairs them.

Its sampler gives every area of one side a counterpart on the other: a copy of the smallest entry there that holds it,
with the place, the strength and the ControlNets of the first. So it is here.

What differs: where no entry counts, ComfyUI's mean of nothing is a latent of zeros, and here nothing is predicted.
ControlNets begin and end by shares of the turns, as in diffusers, and not of the timesteps. A mask whose
`set_cond_area` is `mask bounds` is looked at with the whole picture.
"""

from __future__ import annotations

from dataclasses import replace

from latentgraph.nodes.comfyui.values import AreaValue, ConditioningEntry, ConditioningValue


def paired(
    positive: ConditioningValue, negative: ConditioningValue | None
) -> tuple[tuple[ConditioningEntry, ...], tuple[ConditioningEntry, ...]]:
    """The entries of both sides, with the counterparts of areas."""
    if negative is None:
        return positive.entries, ()
    one, other = list(positive.entries), list(negative.entries)
    for own, opposite in ((one, other), (other, one)):
        for entry in own:
            if entry.area is not None and (found := counterpart(entry, entry.area, opposite)) is not None:
                opposite.append(found)
    return tuple(one), tuple(other)


def counterpart(
    entry: ConditioningEntry, area: AreaValue, opposite: list[ConditioningEntry]
) -> ConditioningEntry | None:
    """What the other side is to say in an area; None where it says something there already, or nothing at all."""
    smallest: ConditioningEntry | None = None
    for other in opposite:
        if other.area is None:
            smallest = smallest or other
        elif _inside(area, other.area) and (
            smallest is None or smallest.area is None or _extent(smallest.area) > _extent(other.area)
        ):
            smallest = other
    if smallest is None or smallest.area == area:
        return None
    return replace(
        entry,
        conditioning=smallest.conditioning,
        size=smallest.size,
        pictures=smallest.pictures,
        channels=smallest.channels,
    )


def _inside(area: AreaValue, other: AreaValue) -> bool:
    return (
        area.shares == other.shares
        and area.left >= other.left
        and area.top >= other.top
        and area.left + area.width <= other.left + other.width
        and area.top + area.height <= other.top + other.height
    )


def _extent(area: AreaValue) -> float:
    return area.width * area.height


def is_plain(positive: tuple[ConditioningEntry, ...], negative: tuple[ConditioningEntry, ...]) -> bool:
    """Whether each side is one text that counts everywhere and always, and both have the same beside it."""
    if len(positive) != 1 or len(negative) > 1:
        return False
    entries = (*positive, *negative)
    if any(one.area or one.mask or (one.strength, one.start, one.end) != (1.0, 0.0, 1.0) for one in entries):
        return False
    return all(
        one.controls == positive[0].controls and dict(one.channels) == dict(positive[0].channels) for one in entries
    )
