"""Words on the canvas: on an empty one what to do, in a mode what the keys do."""

from __future__ import annotations

from textual.geometry import Size
from textual.strip import Strip

from latentgraph.tui.editor.canvas.cells import clipped
from latentgraph.tui.editor.canvas.line import Line
from latentgraph.tui.editor.canvas.palette import Palette
from latentgraph.tui.editor.keys import KEYS

_ADD, _OPEN = "screen.add_node", "open"


def _key_of(action: str) -> str:
    return next((key.keys.split(",")[0].replace("ctrl+", "^") for key in KEYS if key.action == action), "")


def paint_notice(palette: Palette, y: int, size: Size, laying_out: int) -> Strip:
    """One row of a canvas without boxes.

    Args:
        palette: The styles.
        y: The row of the view.
        size: Of the view.
        laying_out: How many boxes are on their way.
    """
    if laying_out:
        words = [f"Laying out {laying_out:,} boxes."]
    else:
        words = ["Nothing here yet.", "", f"{_key_of(_ADD)} adds a node, {_key_of(_OPEN)} opens a workflow."]
    line = Line(size.width, palette.style(palette.color("canvas"), palette.ground("canvas")))
    at = y - (size.height - len(words)) // 2
    if 0 <= at < len(words):
        text = clipped(words[at], size.width)
        line.put((size.width - len(text)) // 2, text, palette.text("text" if at == 0 else "secondary"))
    return line.strip()


def paint_prompt(line: Line, prompt: str, palette: Palette) -> None:
    """Lay what a mode says over the lowest row of the view."""
    style = palette.style(palette.color("label"), palette.ground("label"))
    line.put(0, clipped(f" {prompt} ", line.width), style)
