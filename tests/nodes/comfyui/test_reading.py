"""Reading ComfyUI's two formats into the normal form."""

from __future__ import annotations

from typing import Any

import pytest
from tests.nodes.comfyui.editor_files import graph, node, raw

from latentgraph.graph.errors import WorkflowError
from latentgraph.nodes.comfyui.prompt import Prompt, PromptLink
from latentgraph.nodes.comfyui.reading import is_comfyui, read_prompt


def read(data: Any) -> Prompt:
    text = raw(data)
    assert is_comfyui(text)
    return read_prompt(text, "mine.json")


def ends(*sources: tuple[int, int, str], between: list[dict[str, Any]], wires: Any = (), **more: Any) -> Prompt:
    """A decoder that takes `samples` and `vae` from `sources`, and what is between."""
    nodes = [
        node(1, "EmptyLatentImage", [64, 64, 1], gives="LATENT"),
        node(2, "VAELoader", ["vae.safetensors"], gives="VAE"),
        *between,
        node(9, "VAEDecode", takes="samples:LATENT vae:VAE", gives="IMAGE"),
    ]
    return read(graph(nodes, [*wires, *((one, slot, 9, name) for one, slot, name in sources)], **more))


def test_the_api_format_is_the_normal_form() -> None:
    prompt = read(
        {
            "3": {"class_type": "KSampler", "inputs": {"seed": 5, "model": ["4", 0]}, "_meta": {"title": "My sampler"}},
            "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.safetensors"}},
        }
    )
    assert list(prompt.nodes) == ["3", "4"]
    sampler = prompt.nodes["3"]
    assert sampler.inputs == {"seed": 5, "model": PromptLink("4", 0)}
    assert (sampler.class_type, sampler.title, sampler.place) == ("KSampler", "My sampler", "node 3 'My sampler'")


def test_what_is_posted_to_the_server_is_read_as_the_workflow_in_it() -> None:
    inner = {"3": {"class_type": "KSampler", "inputs": {"seed": 5}}}
    prompt = read({"prompt": inner, "client_id": "x", "extra_data": {"extra_pnginfo": {"workflow": {}}}})
    assert prompt.nodes["3"].inputs == {"seed": 5}


def test_a_wrapped_list_is_no_link() -> None:
    inputs = {"area": {"__value__": ["4", 0]}, "numbers": [1, 2, 3], "words": ["a", "b"], "model": ["4", 0]}
    prompt = read({"3": {"class_type": "Odd", "inputs": inputs}, "4": {"class_type": "Other", "inputs": {}}})
    expected = {"area": ["4", 0], "numbers": [1, 2, 3], "words": ["a", "b"], "model": PromptLink("4", 0)}
    assert prompt.nodes["3"].inputs == expected


def test_a_link_to_a_negative_output_is_told_and_not_followed() -> None:
    prompt = read({"3": {"class_type": "KSampler", "inputs": {"model": ["4", -1], "seed": 1}}})
    assert prompt.nodes["3"].inputs == {"seed": 1}
    assert prompt.notes == ("node 3: its input 'model' is linked to output -1, which no node has",)


@pytest.mark.parametrize("control", ["randomize", "fixed", True])
def test_widget_values_get_the_names_of_their_inputs_and_the_control_of_the_seed_is_dropped(control: Any) -> None:
    values = [7, control, 12, 6.5, "dpmpp_2m", "karras", 0.8]
    prompt = read(graph([node(3, "KSampler", values, takes="model:MODEL")], []))
    assert prompt.nodes["3"].inputs == {
        "seed": 7, "steps": 12, "cfg": 6.5, "sampler_name": "dpmpp_2m", "scheduler": "karras", "denoise": 0.8,
    }  # fmt: skip


def test_a_file_from_before_the_control_existed_is_read_too() -> None:
    prompt = read(graph([node(3, "KSampler", [7, 12, 6.5, "euler", "normal", 1])], []))
    assert prompt.nodes["3"].inputs["sampler_name"] == "euler"
    assert prompt.nodes["3"].inputs["steps"] == 12


def test_names_of_values_are_taken_from_the_file_and_the_values_from_their_positions() -> None:
    named = {"their_image": "old.png", "upload": "image"}
    prompt = read(graph([node(3, "TheirLoader", ["new.png", "image"], widgets_values_named=named)], []))
    assert prompt.nodes["3"].inputs == {"their_image": "new.png"}


def test_values_that_are_only_there_by_name_are_read_by_name() -> None:
    named = {"image": "b.png", "upload": "image"}
    prompt = read(graph([node(3, "LoadImage", widgets_values_named=named)], []))
    assert prompt.nodes["3"].inputs == {"image": "b.png"}


def test_values_of_widgets_may_stand_in_an_object() -> None:
    prompt = read(graph([node(3, "ImageScaleBy", {"upscale_method": "lanczos", "scale_by": 2})], []))
    assert prompt.nodes["3"].inputs == {"upscale_method": "lanczos", "scale_by": 2}


def test_an_input_newer_than_the_file_has_its_default() -> None:
    prompt = read(graph([node(3, "VAEDecodeTiled", [256])], []))
    assert prompt.nodes["3"].inputs == {"tile_size": 256, "overlap": 64, "temporal_size": 64, "temporal_overlap": 8}


def test_an_input_that_decides_which_others_there_are_is_read_with_them() -> None:
    prompt = read(graph([node(3, "ResizeImageMaskNode", ["scale by multiplier", 2.5, "lanczos"])], []))
    expected = {"resize_type": "scale by multiplier", "resize_type.multiplier": 2.5, "scale_method": "lanczos"}
    assert prompt.nodes["3"].inputs == expected


def test_a_node_that_is_not_known_keeps_its_values_without_names() -> None:
    prompt = read(graph([node(3, "TheirNode", [1, "two"], takes="image:IMAGE")], []))
    assert (prompt.nodes["3"].inputs, prompt.nodes["3"].unnamed) == ({}, (1, "two"))


def test_a_node_that_is_not_known_but_lists_its_widgets_has_them_by_name() -> None:
    one = node(3, "TheirNode", [1, "fixed", "two"], takes="seed:INT text:STRING", widgets="seed text")
    assert read(graph([one], [])).nodes["3"].inputs == {"seed": 1, "text": "two"}


def test_links_lead_to_outputs() -> None:
    prompt = ends((1, 0, "samples"), (2, 0, "vae"), between=[])
    assert prompt.nodes["9"].inputs == {"samples": PromptLink("1", 0), "vae": PromptLink("2", 0)}


def test_reroutes_are_looked_through() -> None:
    between = [node(4, "Reroute", takes=":*", gives="LATENT"), node(5, "Reroute", takes=":*", gives="LATENT")]
    prompt = ends((5, 0, "samples"), (2, 0, "vae"), between=between, wires=[(1, 0, 4, ""), (4, 0, 5, "")])
    assert prompt.nodes["9"].inputs["samples"] == PromptLink("1", 0)
    assert list(prompt.nodes) == ["1", "2", "9"]


def test_reroutes_in_a_circle_are_told() -> None:
    between = [node(4, "Reroute", takes=":*", gives="LATENT"), node(5, "Reroute", takes=":*", gives="LATENT")]
    prompt = ends((5, 0, "samples"), between=between, wires=[(5, 0, 4, ""), (4, 0, 5, "")])
    assert "samples" not in prompt.nodes["9"].inputs
    assert [(one.node.place, one.reason) for one in prompt.left_out] == [("node 4", "its links go round in a circle")]


def test_a_primitive_gives_its_value_to_every_converted_widget() -> None:
    nodes = [
        node(1, "PrimitiveNode", [512, "fixed"], gives="INT"),
        node(2, "EmptyLatentImage", [64, 64, 1], takes="width:INT height:INT", widgets="width height"),
    ]
    prompt = read(graph(nodes, [(1, 0, 2, "width"), (1, 0, 2, "height")]))
    assert list(prompt.nodes) == ["2"]
    assert prompt.nodes["2"].inputs == {"width": 512, "height": 512, "batch_size": 1}


def test_primitives_of_the_server_switches_and_joined_texts_are_worked_out() -> None:
    prompt = read(
        {
            "1": {"class_type": "PrimitiveString", "inputs": {"value": "a star"}},
            "2": {"class_type": "StringConcatenate",
                  "inputs": {"string_a": ["1", 0], "string_b": "in the sky", "delimiter": " "}},
            "3": {"class_type": "PrimitiveBoolean", "inputs": {"value": True}},
            "4": {"class_type": "ComfySwitchNode",
                  "inputs": {"switch": ["3", 0], "on_false": "nothing", "on_true": ["2", 0]}},
            "5": {"class_type": "CLIPTextEncode", "inputs": {"text": ["4", 0], "clip": ["6", 1]}},
            "6": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.safetensors"}},
        }
    )  # fmt: skip
    assert list(prompt.nodes) == ["5", "6"]
    assert prompt.nodes["5"].inputs == {"text": "a star in the sky", "clip": PromptLink("6", 1)}


def test_a_switch_that_is_worked_out_while_running_stays() -> None:
    inputs = {"switch": ["1", 0], "on_false": ["2", 0], "on_true": ["2", 1]}
    prompt = read({"4": {"class_type": "ComfySwitchNode", "inputs": inputs}, "1": {"class_type": "X", "inputs": {}}})
    assert list(prompt.nodes) == ["4", "1"]


def test_set_and_get_are_followed_by_their_name() -> None:
    between = [
        node(4, "SetNode", ["latent"], takes="LATENT:LATENT", gives="LATENT"),
        node(5, "GetNode", ["latent"], gives="LATENT"),
    ]
    prompt = ends((5, 0, "samples"), (2, 0, "vae"), between=between, wires=[(1, 0, 4, "LATENT")])
    assert prompt.nodes["9"].inputs["samples"] == PromptLink("1", 0)


def test_a_muted_node_gives_nothing() -> None:
    between = [node(4, "LatentUpscaleBy", ["bilinear", 2], takes="samples:LATENT", gives="LATENT", mode=2)]
    prompt = ends((4, 0, "samples"), (2, 0, "vae"), between=between, wires=[(1, 0, 4, "samples")])
    assert prompt.nodes["9"].inputs == {"vae": PromptLink("2", 0)}
    assert "4" not in prompt.nodes


def test_a_bypassed_node_hands_on_the_first_input_of_the_type() -> None:
    between = [
        node(4, "InpaintModelConditioning", [True], mode=4, gives="VAE LATENT",
             takes="pixels:IMAGE vae:VAE other:LATENT samples:LATENT"),
    ]  # fmt: skip
    wires = [(2, 0, 4, "vae"), (1, 0, 4, "samples")]
    prompt = ends((4, 1, "samples"), (4, 0, "vae"), between=between, wires=wires)
    assert prompt.nodes["9"].inputs == {"samples": PromptLink("1", 0), "vae": PromptLink("2", 0)}


def test_a_bypassed_node_prefers_the_input_at_the_position_of_the_output() -> None:
    between = [
        node(3, "EmptyLatentImage", [8, 8, 1], gives="LATENT"),
        node(4, "Two", mode=4, gives="LATENT LATENT", takes="first:LATENT second:LATENT"),
    ]
    wires = [(1, 0, 4, "first"), (3, 0, 4, "second")]
    prompt = ends((4, 1, "samples"), (2, 0, "vae"), between=between, wires=wires)
    assert prompt.nodes["9"].inputs["samples"] == PromptLink("3", 0)


SUBGRAPH = "0b6c1c58-0001-4001-8001-000000000001"
OUTER = "0b6c1c58-0002-4002-8002-000000000002"


def upscale(**more: Any) -> dict[str, Any]:
    """A subgraph that makes latents larger by a factor that stands outside too."""
    inner = [
        node(5, "LatentUpscaleBy", ["bilinear", 1.5], gives="LATENT",
             takes="samples:LATENT scale_by:FLOAT", widgets="scale_by"),
    ]  # fmt: skip
    wires = [(-10, 0, 5, "samples"), (-10, 1, 5, "scale_by"), (5, 0, -20, "0")]
    inputs = [{"name": "samples", "type": "LATENT"}, {"name": "scale_by", "type": "FLOAT"}]
    body = graph(inner, wires, objects=True, inputs=inputs, outputs=[{"name": "LATENT", "type": "LATENT"}])
    return {**body, "id": SUBGRAPH, "name": "Upscale", **more}


@pytest.mark.parametrize(
    ("instance", "factor"),
    [
        ({"values": [2.0]}, 2.0),
        ({"values": [], "widgets_values_named": {"scale_by": 3.0}}, 3.0),
        ({"values": []}, 1.5),
        ({}, 1.5),
    ],
)
def test_a_subgraph_is_opened_up_with_the_values_of_its_node(instance: dict[str, Any], factor: float) -> None:
    between = [node(4, SUBGRAPH, takes="samples:LATENT", gives="LATENT", **instance)]
    prompt = ends((4, 0, "samples"), (2, 0, "vae"), between=between, wires=[(1, 0, 4, "samples")],
                  definitions={"subgraphs": [upscale()]})  # fmt: skip
    inner = prompt.nodes["4:5"]
    assert inner.inputs == {"samples": PromptLink("1", 0), "upscale_method": "bilinear", "scale_by": factor}
    assert inner.place == "node 4:5 in subgraph 'Upscale'"
    assert prompt.nodes["9"].inputs["samples"] == PromptLink("4:5", 0)


def test_subgraphs_in_subgraphs_are_opened_up() -> None:
    inner = [node(7, SUBGRAPH, [4.0], takes="samples:LATENT", gives="LATENT")]
    outer = graph(inner, [(-10, 0, 7, "samples"), (7, 0, -20, "0")], objects=True, inputs=[{"name": "in"}])
    between = [node(4, OUTER, takes="in:LATENT", gives="LATENT")]
    definitions = {"subgraphs": [{**outer, "id": OUTER, "name": "Outer"}, upscale()]}
    prompt = ends((4, 0, "samples"), between=between, wires=[(1, 0, 4, "in")], definitions=definitions)
    assert prompt.nodes["4:7:5"].inputs["scale_by"] == 4.0
    assert prompt.nodes["4:7:5"].inputs["samples"] == PromptLink("1", 0)
    assert prompt.nodes["9"].inputs["samples"] == PromptLink("4:7:5", 0)


def test_a_bypassed_subgraph_is_handed_through_and_a_muted_one_is_gone() -> None:
    for mode, given in ((4, {"samples": PromptLink("1", 0)}), (2, {})):
        between = [node(4, SUBGRAPH, [2.0], takes="samples:LATENT", gives="LATENT", mode=mode)]
        prompt = ends((4, 0, "samples"), between=between, wires=[(1, 0, 4, "samples")],
                      definitions={"subgraphs": [upscale()]})  # fmt: skip
        assert prompt.nodes["9"].inputs == given
        assert "4:5" not in prompt.nodes


def test_a_subgraph_that_holds_itself_is_left_out_by_name() -> None:
    body = upscale()
    body["nodes"].append(node(6, SUBGRAPH, takes="samples:LATENT", gives="LATENT"))
    between = [node(4, SUBGRAPH, [2.0], takes="samples:LATENT", gives="LATENT")]
    prompt = ends((4, 0, "samples"), between=between, definitions={"subgraphs": [body]})
    told = [(one.node.class_type, one.node.place, one.reason) for one in prompt.left_out]
    assert told == [("Upscale", "node 4:6 in subgraph 'Upscale'", "the subgraph 'Upscale' holds itself")]


def test_subgraphs_that_grow_without_bound_are_refused() -> None:
    ids = [f"0b6c1c58-0000-4000-8000-{index:012}" for index in range(20)]
    definitions = []
    for index, key in enumerate(ids):
        below = [node(n, ids[index + 1]) for n in range(4)] if index + 1 < len(ids) else [node(1, "VAEDecode")]
        definitions.append({**graph(below, [], objects=True), "id": key, "name": f"level {index}"})
    text = raw(graph([node(1, ids[0])], [], definitions={"subgraphs": definitions}))
    with pytest.raises(WorkflowError, match="with its subgraphs opened up, the workflow has more than 10,000 nodes"):
        read_prompt(text, "bomb.json")


def test_the_documented_version_1_is_read() -> None:
    nodes = [
        {"id": "a", "type": "EmptyLatentImage", "pos": {"0": 1, "1": 2}, "mode": 0, "outputs": [{"name": "LATENT"}],
         "widgets_values": {"width": 64, "height": 32, "batch_size": 2}},
        {"id": "b", "type": "VAEDecode", "pos": [0, 0], "mode": 0,
         "inputs": [{"name": "samples", "type": "LATENT", "link": 1}]},
    ]  # fmt: skip
    link = {"id": 1, "origin_id": "a", "origin_slot": 0, "target_id": "b", "target_slot": 0, "type": "LATENT"}
    prompt = read({"version": 1, "state": {}, "nodes": nodes, "links": [link]})
    assert prompt.nodes["a"].inputs == {"width": 64, "height": 32, "batch_size": 2}
    assert prompt.nodes["b"].inputs == {"samples": PromptLink("a", 0)}


def test_notes_come_into_the_description() -> None:
    nodes = [node(1, "Note", ["First."]), node(2, "MarkdownNote", ["## Second"]), node(3, "VAEDecode")]
    prompt = read(graph(nodes, []))
    assert prompt.description == "First.\n\n## Second"
    assert list(prompt.nodes) == ["3"]


def test_of_two_nodes_with_one_id_the_second_is_left_out_by_name() -> None:
    prompt = read(graph([node(3, "VAEDecode"), node(3, "VAEEncode")], []))
    assert prompt.nodes["3"].class_type == "VAEDecode"
    assert [(one.node.class_type, one.reason) for one in prompt.left_out] == [
        ("VAEEncode", "another node has the same id")
    ]


def test_a_number_that_is_none_is_null() -> None:
    text = b'{"3": {"class_type": "LoadImage", "inputs": {"image": "a.png", "x": 1e999}, "is_changed": [NaN]}}'
    assert read_prompt(text, "a.json").nodes["3"].inputs == {"image": "a.png", "x": None}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "this is not JSON: Expecting value"),
        (b'{"1": {"class_type": "KSampler"', "this is not JSON: Expecting ',' delimiter"),
        (b"\xff\x00\x01", "the file is neither text nor a picture"),
        (b"[1, 2]", "a workflow of ComfyUI is one JSON object, and this is none"),
        (b'{"title": "index"}', "this is no workflow of ComfyUI"),
        (b"[" * 100_000, "the file is nested deeper than 100 levels"),
        (b'{"nodes": ' + b"[" * 200 + b"]" * 200 + b"}", "the file is nested deeper than 100 levels"),
        (b'{"nodes": [], "links": []}', "the workflow has no node that runs"),
    ],
)
def test_what_is_no_workflow_is_refused_in_a_sentence(text: bytes, message: str) -> None:
    with pytest.raises(WorkflowError) as caught:
        read_prompt(text, "mine.json")
    assert message in str(caught.value)
    assert str(caught.value).startswith("mine.json:")
