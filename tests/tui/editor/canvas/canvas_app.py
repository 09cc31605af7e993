"""A canvas alone on a screen, small graphs to show on it, and what it told."""

from __future__ import annotations

import random
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from textual.app import App, ComposeResult
from textual.message import Message

from latentgraph.graph.document import read_document
from latentgraph.graph.registry import Registry
from latentgraph.graph.signature import Signatures
from latentgraph.tui.editor.canvas import messages
from latentgraph.tui.editor.canvas.widget import GraphCanvas
from latentgraph.tui.editor.scene import End, Wire, build_scene
from latentgraph.tui.editor.themes import DARK, THEMES, variable_defaults
from latentgraph.tui.editor.views import Box, Field, PortView, Scene, Side

M = TypeVar("M", bound=Message)
TOLD = (
    messages.BoxChosen,
    messages.BoxesMoved,
    messages.BoxOpened,
    messages.CursorMoved,
    messages.LeaveWanted,
    messages.LinkDropped,
    messages.LinkRefused,
    messages.MenuWanted,
    messages.ModeChanged,
    messages.PortChosen,
    messages.ScrolledByUser,
    messages.SelectionChanged,
)


class CanvasApp(App[None]):
    """Shows a scene, and keeps what the canvas tells."""

    CSS_PATH = str(files("latentgraph.tui.editor").joinpath("styles/canvas.tcss"))

    def __init__(self, scene: Scene, *, theme: str = DARK.name, ascii_only: bool = False) -> None:
        super().__init__()
        self.scene, self.wanted_theme = scene, theme
        self.canvas = GraphCanvas(ascii_only=ascii_only)
        self.canvas.fits = self.fits
        self.told: list[Message] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(self.current_theme)

    def compose(self) -> ComposeResult:
        yield self.canvas

    def on_mount(self) -> None:
        self.animation_level = "none"
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self.wanted_theme
        self.canvas.focus()
        self.canvas.show(self.scene)

    def fits(self, end: End, side: Side) -> set[End]:
        """What is of one kind fits."""
        boxes = self.scene.boxes.values()
        kind = {(box.key, port.name): port.kind
                for box in boxes for port in (box.outputs if side == "output" else box.inputs)}.get(end)  # fmt: skip
        return {
            (box.key, port.name)
            for box in boxes
            for port in (box.inputs if side == "output" else box.outputs)
            if port.kind == kind
        }

    def heard(self, kind: type[M]) -> list[M]:
        """The messages of a kind so far."""
        return [one for one in self.told if isinstance(one, kind)]

    def rows(self) -> list[str]:
        """What is on the canvas, as text."""
        return [self.canvas.render_line(y).text for y in range(self.canvas.size.height)]

    def cell_of(self, end: End, side: Side) -> tuple[int, int]:
        """The cell of the view where a port is."""
        assert self.canvas.sheet is not None
        anchor = self.canvas.sheet.anchor(end, side)
        assert anchor is not None
        return anchor[0] - self.canvas.left, anchor[1] - self.canvas.top

    def middle_of(self, key: str) -> tuple[int, int]:
        """The cell of the view in the middle of a box."""
        assert self.canvas.sheet is not None
        x, y = self.canvas.sheet.areas[key].center
        return x - self.canvas.left, y - self.canvas.top


def _keep(kind: type[Message]) -> None:
    def handler(self: CanvasApp, event: Message) -> None:
        self.told.append(event)

    setattr(CanvasApp, kind.handler_name, handler)


for _kind in TOLD:
    _keep(_kind)


def box(key: str, *, inputs: str = "", outputs: str = "", fields: dict[str, str] | None = None, **more: object) -> Box:
    """A box whose ports are written as `name:kind name:kind`."""
    made = Box(
        key,
        key,
        f"{key}_type",
        "latents",
        "node",
        tuple(_port(one) for one in inputs.split()),
        tuple(_port(one) for one in outputs.split()),
        tuple(Field(name, "value", value) for name, value in (fields or {}).items()),
    )
    return Box(**{name: more.get(name, getattr(made, name)) for name in Box.__slots__})  # type: ignore[arg-type]


def _port(text: str) -> PortView:
    name, kind = text.split(":")
    return PortView(name, kind, connected=True)


def kitchen() -> Scene:
    """Five boxes: a source with two readers, which meet in a third; and one alone."""
    boxes = [
        box("flour", outputs="dough:latents salt:noise"),
        box("knead", inputs="dough:latents", outputs="dough:latents", fields={"minutes": "12"}),
        box("rest", inputs="dough:latents salt:noise", outputs="dough:latents", fields={"hours": "3"}),
        box("bake", inputs="one:latents two:latents", outputs="bread:image", fields={"crust": "dark"}),
        box("radio", fields={"station": "jazz"}),
    ]
    wires = [
        Wire(("flour", "dough"), ("knead", "dough")),
        Wire(("flour", "dough"), ("rest", "dough")),
        Wire(("flour", "salt"), ("rest", "salt")),
        Wire(("knead", "dough"), ("bake", "one")),
        Wire(("rest", "dough"), ("bake", "two")),
    ]
    return Scene((), {one.key: one for one in boxes}, tuple(wires))


def many(count: int, seed: int = 1) -> Scene:
    """So many boxes, each fed by some before it."""
    draw = random.Random(seed)
    boxes, wires = {}, []
    for number in range(count):
        key = f"node_{number}"
        boxes[key] = box(key, inputs="first:latents second:latents", outputs="result:latents", fields={"seed": "7"})
        names = ("first", "second")[: draw.randint(0, 2) if number else 0]
        wires += [Wire((f"node_{draw.randrange(number)}", "result"), (key, name)) for name in names]
    return Scene((), boxes, tuple(wires))


def shipped(name: str = "text_to_image", scope: tuple[str, ...] = ()) -> Scene:
    """A scope of a workflow that ships, all of it placed by the layout."""
    workflow = read_document(Path(str(files("latentgraph.workflows") / f"{name}.json"))).workflow
    workflow = workflow.model_copy(update={"layout": {}})
    return build_scene(workflow, Signatures(workflow, Registry.load()), scope)
