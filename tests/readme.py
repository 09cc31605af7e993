"""What of the README is made and not written: the table of keys and the picture of the editor.

`python -m tests.readme` makes both anew. A test holds the table against the keys.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PICTURE = ROOT / ".readme" / "editor.svg"
SIZE = (150, 44)
_TABLE = re.compile(r"(<!-- keys -->\n).*?(<!-- end of keys -->)", re.DOTALL)
PLACES = {"app": "everywhere", "canvas": "on the canvas"}


def key_table() -> str:
    """The keys of the main screen, a row for each group, as Markdown."""
    from latentgraph.tui.editor.dialogs.key_names import format_key
    from latentgraph.tui.editor.keys import KEYS

    lines = ["| | keys |", "|---|---|"]
    for (where, group), keys in groupby(KEYS, key=lambda key: (key.where, key.group)):
        if where in PLACES:
            cells = [f"`{format_key(key.keys.partition(',')[0])}` {key.label.lower()}" for key in keys]
            lines.append(f"| {group}, {PLACES[where]} | {' · '.join(cells)} |")
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    """The README with the table as it is now."""
    return _TABLE.sub(lambda found: found[1] + key_table() + found[2], text)


async def take_picture() -> str:
    """The editor after a run, as SVG."""
    from latentgraph.graph.registry import Registry
    from latentgraph.tui.editor.app import EditorApp
    from latentgraph.tui.editor.opening import open_argument
    from latentgraph.tui.editor.request import EditRequest

    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        registry = Registry.load()
        request = EditRequest("text_to_image", out=Path(folder))
        app = EditorApp(registry, open_argument("text_to_image", registry), request)
        app.animation_level = "none"
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("ctrl+r")
            for _ in range(600):
                await pilot.pause(0.5)
                if app.main_screen.runs.current is None and len(app.main_screen.made):
                    break
            app.main_screen.canvas.go_to("positive")
            await pilot.pause(1.0)
            return app.export_screenshot(title="latentgraph edit text_to_image")


def main() -> None:
    """Make both anew."""
    README.write_text(with_table(README.read_text("utf-8")), "utf-8")
    svg = asyncio.run(take_picture())
    # A picture of a text needs no font from somewhere else: every system has one of fixed width.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    PICTURE.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", "utf-8")


if __name__ == "__main__":
    main()
