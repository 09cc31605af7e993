"""A workflow of a stranger is looked at without harm: nothing in it reaches the terminal as more than text."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.tui.editor.desk import Desk, editing

from latentgraph.tui.editor.canvas.cells import to_cells, width_of

EVIL = "\x1b]52;c;aGk=\x07\x9b31m\x00"
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
NODES = """
from latentgraph.graph.node import node

@node(category="toy")
def echo(text: str = "") -> str:
    "Say it again."
    return text
"""


def evil_workflow() -> dict[str, object]:
    """A control sequence wherever a file can hold a text."""
    return {
        "latentgraph": 1,
        "description": EVIL,
        "inputs": {f"in{EVIL}": {"type": "string", "default": EVIL, "description": EVIL, "choices": [EVIL, "b"]}},
        "nodes": {
            "a": {"type": "echo", "description": EVIL, "inputs": {"text": EVIL, f"port{EVIL}": [EVIL]}},
            f"b{EVIL}": {"type": f"type{EVIL}"},
            "part": {"type": "workflow", "file": f"file{EVIL}.json"},
            "again": {"type": "loop", "carry": {f"c{EVIL}": {"from": f"a.{EVIL}", "next": f"x.{EVIL}"}}, "nodes": {}},
        },
        "outputs": {f"out{EVIL}": {"from": "a.text", "description": EVIL}},
        "groups": {f"group{EVIL}": {"nodes": ["a"]}},
    }


def drawn(desk: Desk) -> str:
    return "".join(strip.text for strip in desk.app.screen._compositor.render_strips())


async def test_no_control_character_of_a_file_is_drawn(tmp_path: Path) -> None:
    nodes = tmp_path / "echo.py"
    nodes.write_text(NODES)
    file = tmp_path / f"name{EVIL[:-1].replace('/', '')}.json"
    file.write_text(json.dumps(evil_workflow()))
    async with editing(file, out=tmp_path, files=(str(nodes),)) as desk:
        await desk.until(lambda: desk.session.problems)
        for key in list(desk.screen.canvas.scene.boxes):
            desk.screen.canvas.go_to(key)
            await desk.until(lambda: desk.screen.sidebar.inspector.settled)
            await desk.pilot.pause()
            assert not CONTROLS.search(drawn(desk)), key
        for key in ("f6", "escape", "c", "escape", "S", "escape", "ctrl+q"):
            await desk.press(key)
            desk.screen.tell(EVIL)
            await desk.pilot.pause()
            assert not CONTROLS.search(drawn(desk)), key


def test_the_canvas_shows_a_sign_for_what_would_steer_the_terminal_and_counts_it() -> None:
    for text in ("a\x1bb", "é\x9b☺", "画\x00"):
        cells = to_cells(text)
        assert len(cells) == width_of(text)
        assert "?" in cells
        assert not CONTROLS.search("".join(cells))
    assert to_cells("a\tb") == ["a", " ", "b"]
