"""A denoiser that sees more than latents is found by the check where it is not shown it, before weights are read."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from safetensors.torch import save_file
from tests.nodes.tiny import edit_json, load_pipeline

from latentgraph.graph.check import check
from latentgraph.graph.document import read_document
from latentgraph.graph.registry import Registry
from latentgraph.nodes.load import describe_model
from latentgraph.nodes.loading.families import variant_of_denoiser

library: Any = diffusers
FOLDER = Path(str(files("latentgraph.workflows")))
PICTURES = FOLDER / "pictures"
CHANNELS = (4, 5, 8, 9)


@pytest.fixture(scope="module")
def folders(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Models by the number of channels that their denoiser takes; everything else is as in the tiny model."""
    made = {}
    for channels in CHANNELS:
        parts = dict(load_pipeline(tiny_folder).components)
        parts["unet"] = library.UNet2DConditionModel.from_config(dict(parts["unet"].config) | {"in_channels": channels})
        made[channels] = tmp_path_factory.mktemp("channels") / "model"
        library.StableDiffusionPipeline(**parts).save_pretrained(made[channels])
    return made


def problems(name: str, model: Path, **given: Any) -> list[tuple[str, str, str, str, str]]:
    """What the check says of a shipped workflow with a model."""
    found = check(read_document(FOLDER / f"{name}.json"), Registry.load(), {"model": str(model)} | given).errors
    return [(one.code, one.node, one.port, one.message, one.hint) for one in found]


def said(given: str, wanted: str, remedy: str, node: str = "denoise/step") -> list[tuple[str, str, str, str, str]]:
    """That the guidance does not go with the denoiser."""
    message = f"'loop.guidance' is of family {given}, but 'denoiser' is of family {wanted}"
    return [("E109", node, "guidance", message, remedy)]


def test_a_denoiser_is_shown_what_it_was_made_to_see(folders: dict[int, Path]) -> None:
    depth = {"depth_map": str(PICTURES / "drawing.png")}
    for name, channels, given in (("text_to_image", 4, {}), ("inpaint", 4, {}), ("inpaint_9_channel", 9, {}),
                                  ("depth_to_image", 5, depth)):  # fmt: skip
        assert problems(name, folders[channels], **given) == []


def test_a_denoiser_for_inpainting_wants_a_mask(folders: dict[int, Path]) -> None:
    remedy = "put `inpaint_channels` before"
    assert problems("text_to_image", folders[9]) == said("sd1", "sd1/mask", remedy)
    assert problems("inpaint", folders[9]) == said("sd1", "sd1/mask", remedy)
    assert problems("text_to_image_open_step", folders[9]) == said("sd1", "sd1/mask", remedy, "denoise/predicted")
    assert problems("controlnet", folders[9])[-1:] == said("sd1", "sd1/mask", remedy)


def test_a_denoiser_for_depths_wants_depths(folders: dict[int, Path]) -> None:
    assert problems("image_to_image", folders[5]) == said("sd1", "sd1/depth", "put `depth_channels` before")
    assert problems("inpaint_9_channel", folders[5]) == (said("sd1/mask", "sd1/depth", "put `depth_channels` before"))


def test_a_plain_denoiser_is_shown_nothing_more(folders: dict[int, Path]) -> None:
    remedy = "take a model of family sd1/mask, or leave out `inpaint_channels`"
    assert problems("inpaint_9_channel", folders[4]) == said("sd1/mask", "sd1", remedy)


def test_channels_that_no_node_makes_are_told_by_their_number(folders: dict[int, Path]) -> None:
    remedy = "no node that is known here gives sd1/8 channels; take another model"
    assert problems("text_to_image", folders[8]) == said("sd1", "sd1/8 channels", remedy)


def test_a_lora_and_a_learned_token_leave_the_variant_as_it_is(folders: dict[int, Path], tmp_path: Path) -> None:
    lora = tmp_path / "lora.safetensors"
    name = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k"
    save_file({f"{name}.lora_A.weight": torch.zeros(2, 768), f"{name}.lora_B.weight": torch.zeros(8, 2)}, lora)
    assert problems("lora", folders[4], lora=str(lora)) == []
    assert problems("lora", folders[9], lora=str(lora)) == said("sd1", "sd1/mask", "put `inpaint_channels` before")


def test_the_configuration_tells_and_no_weights(folders: dict[int, Path], tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "model"
    shutil.copytree(folders[4], folder)
    edit_json(folder / "unet" / "config.json", in_channels=9)
    told = describe_model({"model": str(folder)})
    assert told == dict.fromkeys(told, "sd1") | {"denoiser": "sd1/mask"}


@pytest.mark.parametrize(
    ("config", "variant"),
    [
        ({}, ""),
        ({"in_channels": 4, "out_channels": 4}, ""),
        ({"in_channels": 9}, "mask"),
        ({"in_channels": 5}, "depth"),
        ({"in_channels": 7}, "picture"),
        ({"in_channels": 8, "out_channels": 8}, ""),
        ({"in_channels": 12}, "12 channels"),
    ],
)
def test_what_a_unet_sees_is_told_by_its_channels(config: dict[str, int], variant: str) -> None:
    assert variant_of_denoiser("UNet2DConditionModel", config) == variant
    assert variant_of_denoiser("SD3Transformer2DModel", config) == ""
    assert variant_of_denoiser("FluxTransformer2DModel", config) == "strength"
