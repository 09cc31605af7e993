"""Nodes of masks, pictures and batches, imported and run, against ComfyUI's arithmetic written anew from its facts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy
import PIL.Image
import pytest
import scipy.ndimage
import torch
from tests.nodes.comfyui.test_translation import translate

from latentgraph.graph.document import Document, parse_document
from latentgraph.graph.registry import Registry
from latentgraph.graph.run import Engine
from latentgraph.nodes.comfyui.exporting import exported
from latentgraph.nodes.comfyui.reading import read_prompt

Nodes = dict[str, Any]


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    """A node of ComfyUI."""
    return {"class_type": kind, "inputs": inputs}


@pytest.fixture
def photos(tmp_path: Path) -> dict[str, Any]:
    """Two pictures by lot of 20 x 14 and 9 x 8 pixels as arrays (H, W, 3) and (H, W) of alpha, and their files."""
    lot = numpy.random.default_rng(0)
    made: dict[str, Any] = {}
    for name, rows, columns in (("image", 14, 20), ("image_2", 8, 9)):
        pixels = lot.integers(0, 256, (rows, columns, 4), dtype=numpy.uint8)
        PIL.Image.fromarray(pixels, "RGBA").save(tmp_path / f"{name}.png")
        made[name] = str(tmp_path / f"{name}.png")
    return made


def run(nodes: Nodes, engine: Engine, photos: dict[str, Any]) -> torch.Tensor:
    """The only output of a workflow, which has to be translated wholly, (B, 3, H, W)."""
    made = translate(nodes, engine.registry)
    assert made.untranslated == ()
    values = {name: photos[name] for name in made.workflow.inputs}
    (value,) = engine.run(Document(made.workflow), values).result().values.values()
    samples: torch.Tensor = value.samples
    return samples


def read(path: str) -> tuple[torch.Tensor, torch.Tensor]:
    """The picture (1, 3, H, W), and what LoadImage gives as its mask, (H, W)."""
    pixels = torch.from_numpy(numpy.array(PIL.Image.open(path))).float() / 255
    colours = torch.from_numpy(numpy.array(PIL.Image.open(path).convert("RGB"))).float() / 255
    return colours.permute(2, 0, 1)[None], 1 - pixels[..., 3]


LOADED: Nodes = {
    "1": node("LoadImage", image="a.png"),
    "2": node("LoadImage", image="b.png"),
}


@pytest.mark.parametrize(("expand", "tapered"), [(3, True), (-2, True), (2, False), (0, True)])
def test_grow_mask(engine: Engine, photos: dict[str, Any], expand: int, tapered: bool) -> None:
    nodes = LOADED | {
        "3": node("GrowMask", mask=["1", 1], expand=expand, tapered_corners=tapered),
        "4": node("MaskPreview", mask=["3", 0]),
    }
    end = int(not tapered)
    footprint = [[end, 1, end], [1, 1, 1], [end, 1, end]]
    wanted = read(photos["image"])[1].numpy()
    for _ in range(abs(expand)):
        move = scipy.ndimage.grey_dilation if expand > 0 else scipy.ndimage.grey_erosion
        wanted = move(wanted, footprint=footprint)
    made = run(nodes, engine, photos)
    assert torch.equal(made, torch.from_numpy(wanted).expand(1, 3, -1, -1))


@pytest.mark.parametrize("operation", ["multiply", "add", "subtract", "and", "or", "xor"])
def test_mask_composite_over_a_solid_mask(engine: Engine, photos: dict[str, Any], operation: str) -> None:
    nodes = LOADED | {
        "3": node("SolidMask", value=0.75, width=15, height=11),
        "4": node("MaskComposite", destination=["3", 0], source=["1", 1], x=4, y=2, operation=operation),
        "5": node("MaskToImage", mask=["4", 0]),
        "6": node("SaveImage", images=["5", 0]),
    }
    mask = read(photos["image"])[1][:9, :11]
    under = torch.full_like(mask, 0.75)
    hard = mask.round().bool()
    laid = {
        "multiply": under * mask,
        "add": under + mask,
        "subtract": under - mask,
        "and": hard.float(),
        "or": torch.ones_like(mask),
        "xor": (~hard).float(),
    }[operation]
    wanted = torch.full((11, 15), 0.75)
    wanted[2:, 4:] = laid.clamp(0, 1)
    assert torch.equal(run(nodes, engine, photos), wanted.expand(1, 3, -1, -1))


def test_a_batch_is_of_the_size_of_its_first_picture(engine: Engine, photos: dict[str, Any]) -> None:
    nodes = LOADED | {
        "3": node("ImageBatch", image1=["1", 0], image2=["2", 0]),
        "4": node("RepeatImageBatch", image=["3", 0], amount=2),
        "5": node("ImageFromBatch", image=["4", 0], batch_index=1, length=9),
        "6": node("SaveImage", images=["5", 0]),
    }
    (first, _), (second, _) = (read(photos[name]) for name in ("image", "image_2"))
    # 9 x 8 is cut about its middle to the shape of 20 x 14: 6 rows of 8 are left, and then stretched.
    top = round((8 - 8 * ((9 / 8) / (20 / 14))) / 2)
    fitted = torch.nn.functional.interpolate(second[:, :, top : 8 - top], size=(14, 20), mode="bilinear")
    made = run(nodes, engine, photos)
    assert torch.equal(made, torch.cat([fitted, first, fitted]))


def test_a_picture_is_laid_over_another_by_a_mask(engine: Engine, photos: dict[str, Any]) -> None:
    nodes = LOADED | {
        "3": node("ImageCompositeMasked", destination=["1", 0], source=["2", 0], mask=["2", 1], x=13, y=3,
                  resize_source=False),
        "4": node("ImageCrop", image=["3", 0], width=10, height=99, x=8, y=2),
        "5": node("SaveImage", images=["4", 0]),
    }  # fmt: skip
    wanted, _ = read(photos["image"])
    source, mask = read(photos["image_2"])
    under = wanted[:, :, 3:11, 13:20]
    wanted[:, :, 3:11, 13:20] = mask[:, :7] * source[..., :7] + (torch.ones(8, 7) - mask[:, :7]) * under
    assert torch.equal(run(nodes, engine, photos), wanted[:, :, 2:, 8:18])


def test_the_size_of_a_picture_is_a_number_for_others(engine: Engine, photos: dict[str, Any]) -> None:
    nodes = LOADED | {
        "3": node("GetImageSize", image=["2", 0]),
        "4": node("ImageScale", image=["1", 0], upscale_method="area", width=["3", 0], height=["3", 1],
                  crop="disabled"),
        "5": node("SaveImage", images=["4", 0]),
    }  # fmt: skip
    first, _ = read(photos["image"])
    wanted = torch.nn.functional.interpolate(first, size=(8, 9), mode="area")
    assert torch.equal(run(nodes, engine, photos), wanted)


def test_an_operation_that_nobody_knows_is_told(registry: Registry) -> None:
    nodes = {
        "3": node("SolidMask", value=0.5, width=15, height=11),
        "4": node("MaskComposite", destination=["3", 0], source=["3", 0], x=0, y=0, operation="nand"),
        "5": node("MaskPreview", mask=["4", 0]),
    }
    told = translate(nodes, registry).untranslated[0]
    assert told.reason == "its operation 'nand' is not known here"
    assert told.hint == "there are: multiply, add, subtract, and, or, xor"


def test_what_was_imported_goes_back_as_the_same_nodes(registry: Registry) -> None:
    nodes = LOADED | {
        "3": node("GrowMask", mask=["2", 1], expand=-3, tapered_corners=False),
        "4": node("SolidMask", value=0.5, width=20, height=14),
        "5": node("MaskComposite", destination=["4", 0], source=["3", 0], x=1, y=2, operation="xor"),
        "6": node("ImageCompositeMasked", destination=["1", 0], source=["2", 0], mask=["5", 0], x=3, y=4,
                  resize_source=True),
        "7": node("ImageCrop", image=["6", 0], width=8, height=8, x=5, y=6),
        "8": node("RepeatImageBatch", image=["7", 0], amount=2),
        "9": node("ImageFromBatch", image=["8", 0], batch_index=1, length=1),
        "10": node("SaveImage", images=["9", 0], filename_prefix="image"),
    }  # fmt: skip
    text = translate(nodes, registry).workflow.model_dump_json(by_alias=True, exclude_unset=True)
    back = exported(parse_document(text.encode(), "w.json"), registry, "api")
    values = {
        one.class_type: {name: value for name, value in one.inputs.items() if isinstance(value, int | float | str)}
        for one in read_prompt(back.text.encode(), "w.json").nodes.values()
    }
    for one in list(nodes.values())[2:]:
        given = {name: value for name, value in one["inputs"].items() if not isinstance(value, list)}
        assert values[one["class_type"]] == given
    assert json.loads(back.text)
