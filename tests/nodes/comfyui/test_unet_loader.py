"""UNETLoader: a denoiser of its own beside a checkpoint, where something tells that it is of Stable Diffusion."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tests.nodes.comfyui.test_translated_runs import run
from tests.nodes.comfyui.test_translation import changed, translate

from latentgraph.graph.document import Document, parse_document
from latentgraph.graph.foreign import ImportOptions
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.graph.workflow import Workflow
from latentgraph.nodes.comfyui.checkpoints import denoiser_family
from latentgraph.nodes.comfyui.exporting import exported
from latentgraph.nodes.comfyui.reading import read_prompt

pytestmark = pytest.mark.filterwarnings("ignore:__array:DeprecationWarning")


def beside(name: str) -> dict[str, Any]:
    """The default graph with a denoiser of its own."""
    nodes = changed(_3={"model": ["20", 0], "steps": 2})
    nodes["20"] = {"class_type": "UNETLoader", "inputs": {"unet_name": name, "weight_dtype": "default"}}
    return nodes


def test_the_picture_is_that_of_the_other_denoiser(engine: Engine, models: Mapping[str, Path], tmp_path: Path) -> None:
    file = models["sd1"] / "unet" / "diffusion_pytorch_model.safetensors"
    (tmp_path / "unet.safetensors").write_bytes(file.read_bytes())
    made = translate(beside("sd15_unet.safetensors"), engine.registry)
    assert made.untranslated == ()
    data = made.workflow.model_dump(by_alias=True, exclude_unset=True)
    data["inputs"]["config"] = {"type": "string"}
    data["nodes"]["denoiser"]["inputs"]["config"] = {"from": "inputs.config"}
    data["outputs"]["latents"] = {"from": "denoise.latents"}
    given = {"checkpoint": str(models["sd1"]), "denoiser": str(tmp_path / "unet.safetensors"),
             "config": str(models["sd1"])}  # fmt: skip
    document = Document(Workflow.model_validate(data))
    values = engine.run(document, given, settings={"device": "cpu", "dtype": "float32"}).result().values
    wanted = run(changed(_3={"steps": 2}), engine, models)["latents"].samples
    assert torch.equal(values["latents"].samples, wanted)


@pytest.mark.parametrize(
    ("name", "family", "channels"),
    [
        ("sdxl_lightning_4step_unet.safetensors", "sdxl", 4),
        ("SDXL/sd_xl_base_1.0_inpainting_0.1.safetensors", "sdxl", 9),
        ("sd_xl_refiner_unet.safetensors", "sdxl_refiner", 4),
        ("sd15_unet.safetensors", "sd1", 4),
        ("v1-5-pruned-unet.safetensors", "sd1", 4),
        ("wan2.1_t2v_1.3B_fp16.safetensors", "", 4),
        ("flux1-dev.safetensors", "", 4),
        ("qwen_image_fp8_e4m3fn.safetensors", "", 4),
        ("ltxv-13b-v1-5.safetensors", "", 4),
    ],
)
def test_a_name_has_to_say_what_it_is(registry: Registry, name: str, family: str, channels: int) -> None:
    assert denoiser_family(name, ImportOptions(Path("/nowhere"), registry)) == (family, channels)


def test_a_file_that_is_there_says_it_itself(registry: Registry, tmp_path: Path) -> None:
    folder = tmp_path / "models" / "diffusion_models"
    folder.mkdir(parents=True)
    tensors = {
        "input_blocks.0.0.weight": torch.zeros(1, 9, 1, 1),
        "out.2.weight": torch.zeros(4, 1, 1, 1),
        "x.attn2.to_k.weight": torch.zeros(1, 2048),
    }
    save_file(tensors, folder / "any.safetensors")
    save_file({"double_blocks.0": torch.zeros(1)}, folder / "sdxl_not.safetensors")
    options = ImportOptions(tmp_path, registry, tmp_path / "models")
    assert denoiser_family("any.safetensors", options) == ("sdxl", 9)
    assert denoiser_family("sdxl_not.safetensors", options) == ("", 4)


def test_what_nothing_is_told_of_is_left_out_with_a_hint(registry: Registry) -> None:
    (told, *_) = translate(beside("hidream.safetensors"), registry).untranslated
    assert told.node == "UNETLoader"
    assert told.reason.startswith("nothing tells that 'hidream.safetensors' is the denoiser of Stable Diffusion")
    assert "--models DIR" in told.hint


def test_a_vae_that_comes_alone_tells_the_shape_of_latents(registry: Registry) -> None:
    nodes = beside("sdxl_lightning_4step_unet.safetensors")
    nodes["4"] = {"class_type": "CLIPLoader", "inputs": {"clip_name": "clip_l.safetensors"}}
    reasons = {one.node: one.reason for one in translate(nodes, registry).untranslated}
    assert reasons["CLIPLoader"] == "text encoders in files of their own cannot be opened here"
    assert "UNETLoader" not in reasons


def test_it_goes_back_as_the_same_node(registry: Registry) -> None:
    made = translate(beside("sdxl_lightning_4step_unet.safetensors"), registry)
    assert made.workflow.inputs["denoiser"].default == "./sdxl_lightning_4step_unet.safetensors"
    text = made.workflow.model_dump_json(by_alias=True, exclude_unset=True)
    back = read_prompt(exported(parse_document(text.encode(), "w.json"), registry, "api").text.encode(), "w.json")
    (loader,) = [one for one in back.nodes.values() if one.class_type == "UNETLoader"]
    assert loader.inputs == {"unet_name": "sdxl_lightning_4step_unet.safetensors", "weight_dtype": "default"}
