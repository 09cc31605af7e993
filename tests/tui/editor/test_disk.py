"""A file that another program writes while it is edited: noticed, told once, never overwritten without a word."""

from __future__ import annotations

from pathlib import Path

from tests.tui.conftest import BREAD, TOYS, write
from tests.tui.editor.desk import editing

from latentgraph.tui.editor.dialogs.external_change import ExternalChange


async def test_a_change_on_disk_is_told_once_and_asked_about_at_saving(tmp_path: Path) -> None:
    file = write(tmp_path / "bread.json", BREAD)
    async with editing(file, out=tmp_path, files=(TOYS,)) as desk:
        theirs = file.read_text().replace("500", "505")
        file.write_text(theirs)
        desk.screen.watch_disk()
        desk.screen.watch_disk()
        await desk.pilot.pause()
        told = [one.message for one in desk.app._notifications]
        assert told == ["bread.json was changed by another program; ctrl+s asks what to do."]
        desk.screen.canvas.go_to("mix")
        await desk.press("D", "ctrl+s")
        await desk.until(lambda: isinstance(desk.app.screen, ExternalChange))
        assert file.read_text() == theirs
        await desk.press("r")
        await desk.until(lambda: "mix_2" not in desk.session.workflow.nodes)
        assert desk.session.workflow.inputs["flour"].default == 505
        assert not desk.session.modified
        await desk.press("ctrl+z")
        await desk.until(lambda: "mix_2" in desk.session.workflow.nodes)
        assert file.read_text() == theirs


async def test_a_file_that_is_gone_is_told_and_can_be_written_again(tmp_path: Path) -> None:
    file = write(tmp_path / "bread.json", BREAD)
    async with editing(file, out=tmp_path, files=(TOYS,)) as desk:
        file.unlink()
        desk.screen.watch_disk()
        await desk.pilot.pause()
        assert any("not there any more" in one.message for one in desk.app._notifications)
        await desk.press("ctrl+s")
        await desk.until(lambda: isinstance(desk.app.screen, ExternalChange))
        await desk.press("w")
        await desk.until(file.exists)
        assert not desk.session.changed_on_disk()
