"""Where the keys go: along wires, up and down a column, to what feeds a box."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from latentgraph.tui.editor.canvas.sheet import Area, Sheet

_SLANT = 3
"""How much more a row counts than a column: cells are about twice as high as wide, and columns are what one follows."""


class Trail:
    """The way that was gone, so that the opposite key goes back to where one came from."""

    def __init__(self) -> None:
        """Begin with none."""
        self._back: dict[tuple[str, int], str] = {}

    def along(self, sheet: Sheet, key: str, step: int) -> str | None:
        """The box at the other end of a wire of `key`: to the right where `step` is 1, to the left where it is -1."""
        found = _neighbours(sheet, key, step)
        back = self._back.get((key, step))
        chosen = back if back in found else _level(sheet, key, found) or beside(sheet, key, step)
        if chosen is not None:
            self._back[chosen, -step] = key
        return chosen


def _neighbours(sheet: Sheet, key: str, step: int) -> list[str]:
    if step > 0:
        found = [wire.target[0] for wire in sheet.scene.wires if wire.source[0] == key]
    else:
        found = [wire.source[0] for wire in sheet.scene.wires if wire.target[0] == key]
    return [one for one in dict.fromkeys(found) if one != key and one in sheet.areas]


def _level(sheet: Sheet, key: str, found: Sequence[str]) -> str | None:
    """The one that is nearest to being level."""
    x, y = sheet.areas[key].center
    return min(found, key=lambda one: _distance(sheet.areas[one], x, y), default=None)


def _distance(area: Area, x: int, y: int) -> int:
    return abs(area.center[0] - x) + _SLANT * abs(area.center[1] - y)


def beside(sheet: Sheet, key: str, step: int) -> str | None:
    """The nearest box on one side, whether a wire goes there or not."""
    here = sheet.areas[key]
    x, y = here.center
    found = [
        one for one, area in sheet.areas.items()
        if one != key and (area.x1 > here.x2 if step > 0 else area.x2 < here.x1)
    ]  # fmt: skip
    return min(found, key=lambda one: _distance(sheet.areas[one], x, y), default=None)


def above_or_below(sheet: Sheet, key: str, step: int) -> str | None:
    """The next box down where `step` is 1, up where it is -1: of the same column, else the nearest."""
    here = sheet.areas[key]
    x, y = here.center
    found = [
        one for one, area in sheet.areas.items()
        if one != key and (area.center[1] > y if step > 0 else area.center[1] < y)
    ]  # fmt: skip
    column = [one for one in found if sheet.areas[one].x1 <= here.x2 and sheet.areas[one].x2 >= here.x1]
    return min(
        column or found, key=lambda one: abs(sheet.areas[one].center[1] - y) + abs(sheet.areas[one].center[0] - x),
        default=None,
    )  # fmt: skip


def in_order(sheet: Sheet) -> list[str]:
    """All boxes from the left to the right, in a column from the top."""
    return sorted(sheet.areas, key=lambda key: sheet.areas[key])


def upstream(sheet: Sheet, keys: Iterable[str]) -> set[str]:
    """Boxes and everything that feeds them."""
    feeds: dict[str, list[str]] = {}
    for wire in sheet.scene.wires:
        feeds.setdefault(wire.target[0], []).append(wire.source[0])
    found, pending = set(), list(keys)
    while pending:
        key = pending.pop()
        if key not in found and key in sheet.areas:
            found.add(key)
            pending += feeds.get(key, [])
    return found


def matches(sheet: Sheet, text: str) -> list[str]:
    """The boxes in which a text stands: in a name, a type or a value."""
    wanted = text.casefold()
    return [key for key in in_order(sheet) if any(wanted in one.casefold() for one in _words(sheet, key))]


def _words(sheet: Sheet, key: str) -> Iterable[str]:
    box = sheet.box(key)
    yield from (box.title, box.type)
    # The ports of nodes are named by their types, so that a search would find nearly every box.
    if box.role in ("source", "sink"):
        for port in (*box.inputs, *box.outputs):
            yield from (port.name, port.value)
    for one in box.fields:
        yield from (one.name, one.value, one.source)
    for row in box.body:
        yield from (row.name, row.type)
