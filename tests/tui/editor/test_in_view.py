"""What stays in view when something around the canvas changes."""

from __future__ import annotations

from pathlib import Path

from tests.tui.conftest import BREAD, TOYS, write
from tests.tui.editor.hands import editor


async def test_the_view_stays_at_the_node_that_ran_when_the_line_of_the_run_goes(tmp_path: Path) -> None:
    async with editor("text_to_image", out=tmp_path) as user:
        assert user.canvas.cursor == "inputs"
        user.canvas.follow("decoded")
        await user.pilot.pause()
        view = user.canvas.left, user.canvas.top
        user.main.run_bar.display = True
        await user.pilot.pause()
        user.main.run_bar.display = False
        await user.pilot.pause()
        assert (user.canvas.left, user.canvas.top) == view


async def test_the_current_box_stays_in_view_when_the_terminal_becomes_smaller(tmp_path: Path) -> None:
    async with editor("text_to_image", out=tmp_path) as user:
        user.canvas.go_to("decoded")
        await user.pilot.resize_terminal(110, 30)
        await user.pilot.pause()
        sheet = user.canvas.sheet
        assert sheet is not None
        area, view = sheet.areas["decoded"], user.canvas.view
        assert view.holds(area.x1, area.y1)
        assert view.holds(area.x2, area.y2)


async def test_a_small_graph_opens_in_the_middle_with_its_inputs_selected(tmp_path: Path) -> None:
    file = write(tmp_path / "bread.json", BREAD)
    async with editor(str(file), out=tmp_path, node_files=(Path(TOYS),)) as user:
        assert user.canvas.cursor == "inputs"
        sheet = user.canvas.sheet
        assert sheet is not None
        view, bounds = user.canvas.view, sheet.bounds
        assert abs((bounds.x1 - view.x1) - (view.x2 - bounds.x2)) <= 1
        assert abs((bounds.y1 - view.y1) - (view.y2 - bounds.y2)) <= 1
