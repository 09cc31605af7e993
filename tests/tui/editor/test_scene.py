"""From a workflow to boxes and wires."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from latentgraph.graph.problem import Problem
from latentgraph.graph.registry import Registry
from latentgraph.graph.signature import Signatures
from latentgraph.graph.workflow import Workflow
from latentgraph.tui.editor.scene import Scene, Wire, build_scene

REGISTRY = Registry.load()


def shipped() -> dict[str, Any]:
    text = files("latentgraph.workflows").joinpath("text_to_image.json").read_text("utf-8")
    data: dict[str, Any] = json.loads(text)
    return data | {"layout": {}}


def scene_of(data: dict[str, Any], scope: tuple[str, ...] = (), *problems: Problem) -> Scene:
    workflow = Workflow.model_validate(data, by_alias=True, by_name=False)
    return build_scene(workflow, Signatures(workflow, REGISTRY), scope, problems)


def test_a_literal_that_comes_from_an_input_is_a_field_with_an_arrow_and_no_wire() -> None:
    scene = scene_of(shipped())
    assert [(one.name, one.source, one.value) for one in scene.boxes["tokens"].fields] == [("text", "prompt", "")]
    assert not [wire for wire in scene.wires if wire.source[0] == "inputs"]


def test_every_other_link_is_a_wire_between_ports_that_are_drawn() -> None:
    scene = scene_of(shipped())
    assert Wire(("model", "vae"), ("decoded", "vae")) in scene.wires
    assert Wire(("denoise", "latents"), (">outputs", "latents")) in scene.wires
    for wire in scene.wires:
        source, target = scene.boxes[wire.source[0]], scene.boxes[wire.target[0]]
        assert wire.source[1] in [port.name for port in source.outputs]
        assert wire.target[1] in [port.name for port in target.inputs]


def test_the_inputs_of_the_workflow_show_their_defaults() -> None:
    ports = {port.name: port.value for port in scene_of(shipped()).boxes["inputs"].outputs}
    assert ports["prompt"] == "a red circle on a blue background"
    assert (ports["negative_prompt"], ports["height"], ports["seed"]) == ('""', "null", "7")
    assert "+input" in ports


def test_a_loop_lists_its_body_and_offers_to_grow() -> None:
    box = scene_of(shipped()).boxes["denoise"]
    assert [(row.name, row.type) for row in box.body] == [("step", "denoise_step")]
    assert [port.name for port in box.inputs if port.growing] == ["+each", "+carry", "+input"]
    assert [(one.name, one.source) for one in box.fields] == [("eta", "eta")]
    assert box.role == "loop"


def test_the_body_of_a_loop_begins_with_what_it_is_handed_and_ends_with_the_next_turn() -> None:
    scene = scene_of(shipped(), ("denoise",))
    assert list(scene.boxes) == ["loop", "step", ">next"]
    assert [port.name for port in scene.boxes["loop"].outputs][-2:] == ["eta", "index"]
    assert Wire(("loop", "latents"), ("step", "latents")) in scene.wires
    assert Wire(("step", "latents"), (">next", "latents")) in scene.wires
    assert [(one.name, one.source) for one in scene.boxes["step"].fields] == [("eta", "eta")]


def test_an_unknown_node_keeps_what_the_file_uses_of_it() -> None:
    data = shipped()
    data["nodes"]["up"] = {"type": "upscal", "inputs": {"image": {"from": "decoded.image"}, "factor": 2}}
    data["nodes"]["checked"]["inputs"]["image"] = {"from": "up.image"}
    scene = scene_of(data)
    assert scene.boxes["up"].role == "unknown"
    assert Wire(("decoded", "image"), ("up", "image")) in scene.wires
    assert Wire(("up", "image"), ("checked", "image")) in scene.wires


def test_a_muted_node_of_an_unknown_type_is_shown_muted() -> None:
    data = shipped()
    data["nodes"]["up"] = {"type": "theirs.Fold", "disabled": "mute", "inputs": {"factor": 2}}
    scene = scene_of(data, (), Problem("W204", "unknown", node="up"))
    box = scene.boxes["up"]
    assert (box.role, box.type, box.disabled, box.severity) == ("unknown", "theirs.Fold", "mute", "warning")


def test_a_link_from_a_node_that_is_not_there_draws_no_wire() -> None:
    data = shipped()
    data["nodes"]["decoded"]["inputs"]["vae"] = {"from": "nobody.vae"}
    scene = scene_of(data)
    assert not [wire for wire in scene.wires if wire.target == ("decoded", "vae")]
    assert {port.name: port.connected for port in scene.boxes["decoded"].inputs} == {"vae": False, "latents": True}


def test_problems_mark_the_port_the_field_the_node_and_the_loop_around() -> None:
    scene = scene_of(
        shipped(),
        (),
        Problem("E103", "missing", node="decoded", port="vae"),
        Problem("E104", "wrong", node="guidance", port="rescale"),
        Problem("E107", "types", node="denoise/step", port="latents"),
        Problem("W203", "unused", node="inputs", port="eta"),
    )
    assert {port.name: port.severity for port in scene.boxes["decoded"].inputs}["vae"] == "error"
    assert {one.name: one.severity for one in scene.boxes["guidance"].fields}["rescale"] == "error"
    assert {port.name: port.severity for port in scene.boxes["inputs"].outputs}["eta"] == "warning"
    severities = {key: box.severity for key, box in scene.boxes.items() if box.severity}
    assert severities == {"decoded": "error", "guidance": "error", "denoise": "error", "inputs": "warning"}


def test_positions_and_groups_are_those_of_the_scope() -> None:
    data = shipped() | {
        "layout": {"model": [4, 5], "denoise/step": [40, 2]},
        "groups": {"text": {"nodes": ["tokens", "positive", "denoise/step"]}},
    }
    assert scene_of(data).pinned == {"model": (4, 5)}
    assert scene_of(data, ("denoise",)).pinned == {"step": (40, 2)}
    assert [(one.name, one.boxes) for one in scene_of(data).groups] == [("text", ("tokens", "positive"))]


def test_an_empty_workflow_has_no_boxes() -> None:
    assert scene_of({"latentgraph": 1, "nodes": {}}) == Scene()


def test_a_loop_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        scene_of(shipped(), ("nowhere",))


def test_a_text_shows_no_line_breaks_and_no_escape_sequences() -> None:
    data = shipped()
    data["nodes"]["tokens"]["inputs"]["text"] = "one\n\ttwo \x1b[31mred"
    (field,) = scene_of(data).boxes["tokens"].fields
    assert field.long
    assert field.value.startswith("one two ")
    assert field.value.isprintable()
