"""Every workflow that ships opens as one that is right and can be read: nothing overlaps at any zoom, in no body."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from tests.tui.editor.hands import Hands, editor

from latentgraph.tui.editor.canvas.sheet import Sheet
from latentgraph.tui.editor.canvas.zoom import Zoom
from latentgraph.tui.find import shipped_names


@pytest.mark.parametrize("name", shipped_names())
async def test_a_shipped_workflow_opens_without_a_problem_and_with_no_two_boxes_overlapping(
    name: str, tmp_path: Path
) -> None:
    async with editor(name, out=tmp_path) as user:
        assert user.main.session.problems == ()
        assert user.said == []
        assert user.sees("✓ valid")
        assert user.sees(f"{name} (copy)")
        assert not user.sees("unsaved")
        look_at_every_zoom(user)
        for loop in [box.key for box in user.canvas.scene.boxes.values() if box.role == "loop"]:
            user.main.go_into(loop)
            await user.settle()
            assert user.main.scope == (loop,)
            look_at_every_zoom(user)
            await user.press("backspace")
            await user.until(lambda: not user.main.scope, "the way back")


def look_at_every_zoom(user: Hands) -> None:
    for zoom in Zoom:
        user.canvas.zoom(zoom)
        sheet = user.canvas.sheet
        assert sheet is not None
        assert sheet.zoom == zoom
        assert overlapping(sheet) == []
        assert crossed(sheet) == []


def overlapping(sheet: Sheet) -> list[tuple[str, str]]:
    """Pairs of boxes that have a cell in common."""
    return [
        (one, other)
        for (one, a), (other, b) in combinations(sheet.areas.items(), 2)
        if a.x1 <= b.x2 and b.x1 <= a.x2 and a.y1 <= b.y2 and b.y1 <= a.y2
    ]


def crossed(sheet: Sheet) -> list[tuple[str, str]]:
    """Boxes that a wire runs through, each with where the wire begins."""
    return [
        (key, wire.source[0])
        for wire, path in sheet.arrangement.paths.items()
        for run in path
        for key, area in sheet.areas.items()
        if run.x1 <= area.x2 and area.x1 <= run.x2 and run.y1 <= area.y2 and area.y1 <= run.y2
    ]
