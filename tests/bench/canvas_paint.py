"""What a frame of the canvas costs at 1,000 nodes, against a plain scroll view that paints as much text.

    python -m tests.bench.canvas_paint [NODES [FRAMES]]

Both are panned by the same steps in the same app at 160x45. CPU milliseconds of this process a frame, whole frames of
Textual: painting, compositing and the bytes for the terminal.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import time
from pathlib import Path

from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from latentgraph.tui.editor.canvas.geometry import Wire
from latentgraph.tui.editor.canvas.widget import GraphCanvas
from latentgraph.tui.editor.canvas.zoom import Zoom
from latentgraph.tui.editor.themes import DARK, THEMES, variable_defaults
from latentgraph.tui.editor.views import Box, Field, PortView, Scene

SIZE = (160, 45)
KINDS = ("latents", "image", "vae", "conditioning", "denoiser", "noise")
CATEGORIES = ("denoise", "image", "latents", "model", "text", "schedule")
STYLES = Path(__file__).parents[2] / "tui/editor/styles/canvas.tcss"


def scene_of(count: int, seed: int = 1) -> Scene:
    """Boxes in a row, each fed by one or two of the twelve before it."""
    draw = random.Random(seed)
    boxes, wires = {}, []
    for number in range(count):
        key = f"node_{number}"
        kind = KINDS[number % len(KINDS)]
        inputs = (PortView("first", kind, connected=True), PortView("second", kind, connected=True))
        fields = tuple(Field(name, "value", str(draw.randint(1, 10**6))) for name in ("steps", "seed", "scale"))
        outputs = (PortView("result", kind, connected=True),)
        boxes[key] = Box(key, key, "made_up", CATEGORIES[number % len(CATEGORIES)], "node", inputs, outputs, fields)
        names = ("first", "second")[: draw.randint(1, 2) if number else 0]
        wires += [Wire((f"node_{max(0, number - draw.randint(1, 12))}", "result"), (key, name)) for name in names]
    return Scene((), boxes, tuple(wires))


class PlainText(ScrollView):
    """The baseline: rows of text in a few colours, painted anew for each frame."""

    DEFAULT_CSS = "PlainText { width: 1fr; height: 1fr; scrollbar-size: 0 0; }"

    def on_mount(self) -> None:
        """Have as much to scroll through as a large graph."""
        self.virtual_size = Size(4000, 2000)
        self._styles = [Style(color=color, bgcolor="#0d1017") for color in ("#c9d1e0", "#ffa657", "#64b5f6", "#7fd18b")]

    def render_line(self, y: int) -> Strip:
        """Twelve words."""
        x, row = self.scroll_offset.x, self.scroll_offset.y + y
        width = self.size.width
        step = max(1, width // 12)
        segments = []
        for at in range(0, width, step):
            length = min(step, width - at)
            text = f"{row * 31 + (x + at):<{length}}"[:length]
            segments.append(Segment(text, self._styles[(row + at // step) % len(self._styles)]))
        return Strip(segments, width)


class Bench(App[None]):
    """One widget."""

    CSS_PATH = str(STYLES)

    def __init__(self, widget: ScrollView) -> None:
        super().__init__()
        self.widget = widget

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Those of the canvas."""
        return variable_defaults(self.current_theme)

    def compose(self) -> ComposeResult:
        """Yield it."""
        yield self.widget

    def on_mount(self) -> None:
        """Take the editor's theme."""
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DARK.name


async def milliseconds_a_frame(widget: ScrollView, frames: int, prepare: Scene | None = None) -> list[float]:
    """CPU of each frame while panning to and fro, a little down with each."""
    app = Bench(widget)
    async with app.run_test(size=SIZE) as pilot:
        app.animation_level = "none"
        if isinstance(widget, GraphCanvas) and prepare is not None:
            widget.show(prepare)
            while widget.sheet is None:
                await pilot.pause(0.05)
        await pilot.pause(0.2)
        spent = []
        start_x, start_y = max(0, widget.max_scroll_x // 2 - 60), max(0, widget.max_scroll_y // 2 - 20)
        for frame in range(frames):
            before = time.process_time()
            x, y = start_x + 3 * (frame % 40), start_y + frame % 20
            widget.scroll_to(x, y, animate=False, force=True)
            await pilot.pause()
            spent.append(1000 * (time.process_time() - before))
        return spent[5:]


async def rows_alone(count: int) -> tuple[float, float]:
    """CPU milliseconds for the rows of one view: nothing remembered, and all remembered."""
    canvas = GraphCanvas()
    app = Bench(canvas)
    async with app.run_test(size=SIZE) as pilot:
        canvas.show(scene_of(count))
        while canvas.sheet is None:
            await pilot.pause(0.05)
        canvas.zoom(Zoom.FULL)
        await pilot.pause(0.2)
        cold: list[float] = []
        warm: list[float] = []
        for turn in range(30):
            canvas.look_at(canvas.left + (3 if turn % 2 else -3), canvas.top)
            for times in (cold, warm):
                before = time.process_time()
                for y in range(canvas.size.height):
                    canvas.render_line(y)
                times.append(1000 * (time.process_time() - before))
        return statistics.median(cold), statistics.median(warm)


async def a_drag(count: int) -> float:
    """CPU milliseconds of one move of a dragged box, without the frame that shows it."""
    canvas = GraphCanvas()
    async with Bench(canvas).run_test(size=SIZE) as pilot:
        canvas.show(scene_of(count))
        while canvas.sheet is None:
            await pilot.pause(0.05)
        key = f"node_{count // 2}"
        x, y = canvas.sheet.areas[key][:2]
        spent = []
        for turn in range(30):
            before = time.process_time()
            canvas.place_boxes({key: (x + turn, y + turn % 5)})
            spent.append(1000 * (time.process_time() - before))
        return statistics.median(spent)


def main() -> None:
    """Print medians and the ratio to the baseline."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    frames = int(sys.argv[2]) if len(sys.argv) > 2 else 120
    cold, warm = asyncio.run(rows_alone(count))
    print(f"rows of a view at {count} nodes: {cold:.2f} ms of CPU, {warm:.2f} ms where nothing changed")
    mine = asyncio.run(milliseconds_a_frame(GraphCanvas(), frames, scene_of(count)))
    base = asyncio.run(milliseconds_a_frame(PlainText(), frames))
    one, other = statistics.median(mine), statistics.median(base)
    print(f"dragging a box: {asyncio.run(a_drag(count)):.1f} ms of CPU a move")
    print(f"panning: {one:.1f} ms of CPU a frame (95th percentile {sorted(mine)[int(0.95 * len(mine))]:.1f})")
    print(f"baseline, a plain scroll view of text: {other:.1f} ms; ratio {one / other:.2f}")


if __name__ == "__main__":
    main()
