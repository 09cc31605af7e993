"""Adding nodes in the editor: linked to the current box, and sub-workflows with the file that they run."""

from __future__ import annotations

from pathlib import Path

from tests.tui.conftest import BREAD, PAINTS, SLOW, TOYS, write
from tests.tui.editor.hands import editor

from latentgraph.tui.editor.dialogs.pick import PickFile


async def test_a_node_that_is_added_is_linked_to_the_current_box_and_selected(tmp_path: Path) -> None:
    file = write(tmp_path / "slow.json", SLOW)
    async with editor(str(file), out=tmp_path, node_files=(Path(PAINTS),)) as user:
        user.canvas.go_to("swatch")
        await user.settle()
        await user.add("spill")
        assert user.data["nodes"]["spill"]["inputs"] == {"swatch": {"from": "swatch.swatch"}}
        assert user.canvas.cursor == "spill"
        await user.press("u")
        assert "spill" not in user.data["nodes"]


async def test_a_sub_workflow_is_added_with_the_file_that_is_chosen(tmp_path: Path) -> None:
    write(tmp_path / "bread.json", BREAD)
    file = write(tmp_path / "outer.json", {"nodes": {}})
    async with editor(str(file), out=tmp_path, node_files=(Path(TOYS),)) as user:
        await user.press("a")
        await user.choose_type("workflow")
        await user.press("enter")
        await user.until(lambda: isinstance(user.app.screen, PickFile), "the files")
        await user.type("bread")
        await user.press("enter")
        await user.until(lambda: user.app.screen is user.main, "the dialog to close")
        await user.settle()
        assert user.data["nodes"] == {"bread": {"type": "workflow", "file": "./bread.json"}}
        assert {port.name for port in user.canvas.scene.boxes["bread"].outputs} == {"bread"}
