"""The workflow of a picture opens with the files that made it, as long as it has no file of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tui.editor.hands import editor

from latentgraph.graph.document import read_document
from latentgraph.graph.provenance import record
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.graph.sidecar import sidecar_text
from latentgraph.tui.find import shipped_folder


async def test_a_picture_of_a_shipped_workflow_opens_without_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(Registry.load())
    document = read_document(shipped_folder() / "image_to_image.json")
    text = sidecar_text(record(document, engine.plan(document), engine.registry), "image-1.png", "0" * 64)
    (tmp_path / "image-1.json").write_text(text)
    monkeypatch.chdir(tmp_path)
    async with editor("image-1.json", out=tmp_path) as user:
        assert user.main.session.problems == ()
        assert user.sees("image-1.json (copy)")
        session = user.main.session
        session.save(tmp_path / "mine.json")
        user.main.check_soon()
        await user.until(lambda: bool(session.problems), "the check")
        assert [(one.code, one.node) for one in session.problems] == [("E115", "picture")]
