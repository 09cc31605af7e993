"""Our workflows as ComfyUI's, in both of its formats."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from tests.nodes.comfyui.templates import shape_of, template_workflows

from latentgraph.graph.canonical import canonical_text
from latentgraph.graph.document import Document, parse_document
from latentgraph.graph.errors import WorkflowError
from latentgraph.graph.foreign import Imported, ImportOptions
from latentgraph.graph.registry import Registry
from latentgraph.nodes.comfyui.exporting import exported
from latentgraph.nodes.comfyui.prompt import Prompt
from latentgraph.nodes.comfyui.reading import read_prompt
from latentgraph.nodes.comfyui.translation import translate_prompt

REGISTRY = Registry.load()


def shipped(name: str, **changed: Any) -> Document:
    data = json.loads(files("latentgraph.workflows").joinpath(f"{name}.json").read_text("utf-8"))
    for key, value in changed.items():
        data["inputs"][key]["default"] = value
    return parse_document(json.dumps(data).encode(), f"{name}.json")


def nodes_of(document: Document) -> dict[str, dict[str, Any]]:
    """ComfyUI's nodes by class; of several of a class the last."""
    api = json.loads(exported(document, REGISTRY, "api").text)
    return {node["class_type"]: node["inputs"] for node in api.values()}


def test_text_to_image_becomes_a_sampler_and_what_leads_to_it() -> None:
    document = shipped("text_to_image", model="./dream.safetensors", scheduler="DPMSolverMultistepScheduler", seed=11,
                       height=64, width=96, negative_prompt="a (dull) one")  # fmt: skip
    made = exported(document, REGISTRY, "api")
    api = json.loads(made.text)
    assert sorted(node["class_type"] for node in api.values()) == [
        "CLIPTextEncode", "CLIPTextEncode", "CheckpointLoaderSimple", "EmptyLatentImage", "KSampler", "SaveImage",
        "VAEDecode",
    ]  # fmt: skip
    nodes = nodes_of(document)
    assert nodes["CheckpointLoaderSimple"] == {"ckpt_name": "dream.safetensors"}
    assert nodes["EmptyLatentImage"] == {"width": 96, "height": 64, "batch_size": 1}
    sampler = {key: value for key, value in nodes["KSampler"].items() if not isinstance(value, list)}
    assert sampler == {"seed": 11, "steps": 25, "cfg": 5.0, "sampler_name": "dpmpp_2m", "scheduler": "normal",
                       "denoise": 1.0}  # fmt: skip
    assert api[nodes["KSampler"]["negative"][0]]["inputs"]["text"] == r"a \(dull\) one"
    assert [(one.place, one.reason) for one in made.untranslated] == [
        ("node 'checked'", "ComfyUI has no safety checker: the picture goes on unchecked")
    ]


def test_image_to_image_begins_inside_the_schedule() -> None:
    nodes = nodes_of(shipped("image_to_image", strength=0.7))
    # diffusers takes int(25 * 0.7) = 17 of the 25 steps.
    sampler = nodes["KSamplerAdvanced"]
    assert (sampler["steps"], sampler["start_at_step"], sampler["add_noise"]) == (25, 8, "enable")
    assert nodes["LoadImage"] == {"image": "drawing.png"}
    assert "VAEEncode" in nodes


def test_inpainting_masks_the_noise_and_puts_the_picture_back() -> None:
    nodes = nodes_of(shipped("inpaint"))
    assert nodes["LoadImageMask"] == {"image": "shapes_mask.png", "channel": "red"}
    assert {"SetLatentNoiseMask", "ImageCompositeMasked"} <= set(nodes)
    assert "EmptyImage" not in nodes, "what is only encoded for its random numbers is left out"


def test_a_step_that_is_taken_apart_is_a_sampler_as_well() -> None:
    assert nodes_of(shipped("text_to_image_open_step"))["KSampler"]["steps"] == 25


def test_a_picture_that_is_decoded_in_tiles_is_there_as_well() -> None:
    data = json.loads(shipped("text_to_image").source.text)  # type: ignore[union-attr]
    data["nodes"]["decoded"]["inputs"]["tile"] = 512
    nodes = nodes_of(parse_document(json.dumps(data).encode(), "tiled.json"))
    tiles = {key: value for key, value in nodes["VAEDecodeTiled"].items() if not isinstance(value, list)}
    assert tiles == {"tile_size": 512, "overlap": 128, "temporal_size": 64, "temporal_overlap": 8}


def test_an_input_that_comfyui_has_nothing_for_is_told(tmp_path: Path) -> None:
    data = json.loads(files("latentgraph.workflows").joinpath("image_to_image.json").read_text("utf-8"))
    data["nodes"]["sized"]["inputs"] |= {"width": 64, "height": 64}
    data["nodes"]["guidance"]["inputs"]["rescale"] = 0.7
    made = exported(parse_document(json.dumps(data).encode(), "w.json"), REGISTRY, "api")
    assert "its guidance is not rescaled" in [one.reason for one in made.untranslated]
    assert nodes_of(parse_document(json.dumps(data).encode(), "w.json"))["ImageScale"]["width"] == 64


def test_a_controlnet_and_a_lora_go_over() -> None:
    control = nodes_of(shipped("controlnet", controlnet="./canny.safetensors", control_guidance_end=0.5))
    assert control["ControlNetLoader"] == {"control_net_name": "canny.safetensors"}
    assert control["ControlNetApplyAdvanced"]["end_percent"] == 0.5
    lora = nodes_of(shipped("lora", lora="./style.safetensors", scale=0.4))["LoraLoader"]
    assert (lora["lora_name"], lora["strength_model"], lora["strength_clip"]) == ("style.safetensors", 0.4, 0.4)


def test_sdxl_with_two_prompts_becomes_its_own_node() -> None:
    made = exported(shipped("sdxl_text_to_image", model="./xl.safetensors", prompt_2="in oil"), REGISTRY, "api")
    assert made.untranslated == ()
    (encoded,) = [one for one in json.loads(made.text).values() if one["class_type"] == "CLIPTextEncodeSDXL"]
    assert (encoded["inputs"]["text_g"], encoded["inputs"]["text_l"]) == (
        "in oil", "a red circle on a blue background",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["text_to_image", "image_to_image", "inpaint", "controlnet", "lora"])
def test_both_forms_say_the_same(name: str) -> None:
    document = shipped(name)
    api, editor = (exported(document, REGISTRY, form).text for form in ("api", "editor"))
    assert shape_of(read_prompt(api.encode(), name)) == shape_of(read_prompt(editor.encode(), name))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("steer_by_loss", "node 'denoise' (loop): a sampler of ComfyUI is closed, and the body of this loop holds"),
        ("learn_token", "nothing of it makes a picture in ComfyUI"),
        ("sd3_text_to_image", "node 'model' (load_sd3): ComfyUI has no node of this kind"),
    ],
)
def test_what_no_node_of_comfyui_does_is_refused_by_name(name: str, reason: str) -> None:
    with pytest.raises(WorkflowError) as caught:
        exported(shipped(name), REGISTRY, "api")
    assert reason in str(caught.value)


def test_every_shipped_workflow_is_exported_or_refused_in_a_sentence() -> None:
    for path in Path(str(files("latentgraph.workflows"))).glob("*.json"):
        if path.name != "workflow.schema.json":
            for form in ("api", "editor"):
                try:
                    read_prompt(exported(shipped(path.stem), REGISTRY, form).text.encode(), path.name)
                except WorkflowError as error:
                    assert "nothing of it makes a picture in ComfyUI" in str(error)  # noqa: PT017 - it may pass too


def test_a_workflow_that_came_from_comfyui_goes_back_and_comes_again_the_same(tmp_path: Path) -> None:
    options = ImportOptions(tmp_path, REGISTRY)
    there_and_back = []
    for path in template_workflows():
        first = translate_prompt(read_prompt(path.read_bytes(), path.name), options)
        if first.untranslated:
            continue
        try:
            made = _made_of(first, path.name)
        except WorkflowError:
            continue
        if any(one.class_type == "EmptyImage" for one in made.nodes.values()):
            continue  # the grey under a mask, which no rule of the import makes
        again = translate_prompt(made, options)
        assert again.untranslated == ()
        assert shape_of(_made_of(again, path.name)) == shape_of(made)
        there_and_back.append(path.name)
    assert {"default.json", "sdxl_simple_example.json", "sdxlturbo_example.json"} <= set(there_and_back)
    assert len(there_and_back) >= 12


def _made_of(imported: Imported, name: str) -> Prompt:
    """What ComfyUI gets of a workflow that was imported."""
    document = parse_document(canonical_text(imported.workflow).encode(), name)
    return read_prompt(exported(document, REGISTRY, "api").text.encode(), name)
