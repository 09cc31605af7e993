"""How the shipped workflow looks: numbers that a change of the layout may only make better."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from tests.tui.editor.canvas.layout_rules import broken_rules

from latentgraph.tui.editor.canvas.geometry import Arrangement, Position, Shape, Wire
from latentgraph.tui.editor.canvas.layout import arrange

WIDTH = 24
"""Of a box."""


def links(inputs: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """The inputs that are wires: linked, and not to a workflow's inputs, which are shown in the box."""
    linked = {name: value["from"].split(".") for name, value in inputs.items() if isinstance(value, dict)}
    return {name: (key, port) for name, (key, port) in linked.items() if key != "inputs"}


def scope(body: dict[str, Any], source: str, sink: str, ends: dict[str, Any]) -> tuple[dict[str, Shape], list[Wire]]:
    """The boxes of a workflow or of a loop's body with its ends, about as the canvas draws them."""
    inputs = {
        name: {**node.get("each", {}), **node.get("carry", {}), **node.get("inputs", {})}
        for name, node in body["nodes"].items()
    }
    inputs[sink] = ends
    wires = [Wire(end, (key, port)) for key, ports in inputs.items() for port, end in links(ports).items()]
    outputs: dict[str, dict[str, None]] = {source: {}}
    for wire in wires:
        outputs.setdefault(wire.source[0], {})[wire.source[1]] = None
    shapes = {source: box({}, list(outputs[source]), 12 if source == "inputs" else 0, "first")}
    for name, node in body["nodes"].items():
        fields = len(inputs[name]) - len(links(inputs[name])) + len(node.get("nodes", {}))
        shapes[name] = box(links(inputs[name]), list(outputs.get(name, {})), fields)
    return shapes | {sink: box(ends, [], 0, "last")}, wires


def box(inputs: dict[str, Any], outputs: list[str], fields: int, place: Any = "") -> Shape:
    rows = max(len(inputs), len(outputs)) + fields
    arriving, leaving = ({port: row + 1 for row, port in enumerate(names)} for names in (inputs, outputs))
    return Shape(WIDTH, rows + 2, arriving, leaving, place)


def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(files("latentgraph.workflows").joinpath(f"{name}.json").read_text("utf-8"))
    return loaded


def crossings(arrangement: Arrangement) -> int:
    """Cells where two nets cross."""
    nets: dict[Position, set[tuple[str, str]]] = {}
    for wire, path in arrangement.paths.items():
        for run in path:
            for cell in run.cells():
                nets.setdefault(cell, set()).add(wire.source)
    return sum(len(sources) - 1 for sources in nets.values())


def test_text_to_image_is_read_from_left_to_right() -> None:
    workflow = load("text_to_image_open_step")
    shapes, wires = scope(workflow, "inputs", ">outputs", workflow["outputs"])
    arrangement = arrange(shapes, wires)
    assert broken_rules(shapes, wires, arrangement) == []
    assert crossings(arrangement) <= 20
    # Eight columns of 24 and one track or more between them.
    assert arrangement.width <= 232
    assert arrangement.height <= 42
    straight = [wire for wire, path in arrangement.paths.items() if len(path) == 1]
    for source, target in (("denoise", "decoded"), ("decoded", "checked"), ("checked", ">outputs")):
        assert any((wire.source[0], wire.target[0]) == (source, target) for wire in straight)


def test_a_step_of_the_loop_fits_a_small_terminal() -> None:
    loop = load("text_to_image_open_step")["nodes"]["denoise"]
    ends = {name: {"from": carry["next"]} for name, carry in loop["carry"].items()}
    shapes, wires = scope(loop, "loop", ">next", ends)
    arrangement = arrange(shapes, wires)
    assert broken_rules(shapes, wires, arrangement) == []
    assert crossings(arrangement) <= 8
    assert arrangement.height <= 20
    assert arrangement.width <= 171
