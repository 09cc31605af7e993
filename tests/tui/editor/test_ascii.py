"""With `--ascii` boxes, ports and wires are drawn with the characters of ASCII alone."""

from __future__ import annotations

from pathlib import Path

from latentgraph.graph.registry import Registry
from latentgraph.tui.editor.app import EditorApp
from latentgraph.tui.editor.opening import open_argument
from latentgraph.tui.editor.request import EditRequest


async def test_the_canvas_and_the_links_of_the_form_are_ascii(tmp_path: Path) -> None:
    registry = Registry.load()
    request = EditRequest("text_to_image", out=tmp_path, ascii_only=True)
    app = EditorApp(registry, open_argument("text_to_image", registry), request)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(0.3)
        canvas = app.main_screen.canvas
        canvas.go_to("positive")
        await pilot.pause(0.3)
        rows = ["".join(part.text for part in canvas.render_line(y)) for y in range(canvas.size.height)]
        assert "positive" in "".join(rows)
        assert [row for row in rows if not row.isascii()] == []
